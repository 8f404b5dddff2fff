import { describe, expect, it } from "vitest";
import { recipeSchema } from "../../src/recipe/recipe.ts";
import { checkedAgainst } from "../../src/recipe/schema-error.ts";

const CONTENTS = { contents: [{ nix: "." }] };

function check(value: unknown): unknown {
  return checkedAgainst(recipeSchema, value, "recipe.json", "RECIPE_INVALID");
}

describe("a recipe", () => {
  it("needs nothing but contents", () => {
    expect(check(CONTENTS)).toEqual({
      contents: [{ nix: ["."] }],
      config: {},
      layers: {},
      owner: {},
    });
  });

  it("may say everything", () => {
    const recipe = {
      $schema: "https://varve.example/recipe.json",
      name: "localhost:5000/team/app",
      tag: "1.0",
      contents: [{ nix: [".#app", "/nix/store/x"] }, { nix: ["./result"] }],
      base: "base.tar",
      config: {
        User: "65532:65532",
        ExposedPorts: { "8000": {}, "8000/tcp": {}, "53/udp": {} },
        Env: ["A=", "B=x=y"],
        Entrypoint: ["/bin/app"],
        Cmd: null,
        Volumes: { "/data": {} },
        WorkingDir: "/data",
        Labels: { a: "b" },
        StopSignal: "SIGINT",
        Healthcheck: { Test: ["NONE"] },
      },
      layers: { max: 1, strategy: "auto-layer", pipeline: [["flatten"]], ignore: ["/nix/store/y"] },
      created: "now",
      mtime: "2020-01-01T00:00:00Z",
      owner: { uid: 0, gid: 1000, uname: "root", gname: "users" },
      platform: "linux/arm64",
    };
    expect(check(recipe)).toEqual(recipe);
  });

  it.each<[string, unknown, string]>([
    ["a list", [CONTENTS], "expected an object, not a list"],
    ["a number", 5, "expected an object, not 5"],
    ["nothing", undefined, "expected an object, not nothing"],
    ["no contents", {}, '"contents" is missing'],
    ["a misspelt key", { contens: [] }, 'there is no key "contens"; did you mean "contents"?'],
    [
      "a key unlike any other",
      { ...CONTENTS, layers: { q: 1 } },
      'at layers: there is no key "q"; the keys are max, strategy, pipeline, ignore',
    ],
    [
      "a key in small letters",
      { ...CONTENTS, config: { env: [] } },
      'at config: there is no key "env"; did you mean "Env"?',
    ],
    ["no source", { contents: [] }, "at contents: expected at least one source, not []"],
    [
      "an unknown source",
      { contents: [{ nix: "." }, { nixx: "." }] },
      'at contents.1: there is no key "nixx"; did you mean "nix"?',
    ],
    [
      "a source of no text",
      { contents: [{ nix: 5 }] },
      "at contents.0.nix: expected text or a list, not 5",
    ],
    [
      "a name with a tag",
      { ...CONTENTS, name: "localhost:5000/app:1.0" },
      'at name: expected a name alone; "tag" takes the tag, not "localhost:5000/app:1.0"',
    ],
    [
      "a command of no list",
      { ...CONTENTS, config: { Cmd: "ls" } },
      'at config.Cmd: expected a list, not "ls"',
    ],
    [
      "a variable without a value",
      { ...CONTENTS, config: { Env: ["A=1", "B"] } },
      'at config.Env.1: expected NAME=VALUE, not "B"',
    ],
    [
      "a list of ports",
      { ...CONTENTS, config: { ExposedPorts: ["8000"] } },
      'at config.ExposedPorts: expected ports such as {"8000/tcp": {}}, not ["8000"]',
    ],
    [
      "a port by name",
      { ...CONTENTS, config: { ExposedPorts: { http: {} } } },
      'at config.ExposedPorts: expected ports such as {"8000/tcp": {}}, not {"http":{}}',
    ],
    [
      "no layers",
      { ...CONTENTS, layers: { max: 0 } },
      "at layers.max: expected a whole number from 1, not 0",
    ],
    [
      "a layer and a half",
      { ...CONTENTS, layers: { max: 1.5 } },
      "at layers.max: expected a whole number from 1, not 1.5",
    ],
    [
      "a negative owner",
      { ...CONTENTS, owner: { uid: -1 } },
      "at owner.uid: expected a whole number from 0, not -1",
    ],
    [
      "a processor without a system",
      { ...CONTENTS, platform: "amd64" },
      'at platform: expected a platform such as "linux/amd64", not "amd64"',
    ],
    [
      "a long value",
      { ...CONTENTS, tag: ["a".repeat(100)] },
      `at tag: expected text, not ["${"a".repeat(37)}…`,
    ],
  ])("of %s is refused, with the place", (_what, value, message) => {
    const expected = message.startsWith("at ")
      ? `recipe.json, ${message}`
      : `recipe.json: ${message}`;
    expect(() => check(value)).toThrow(
      expect.objectContaining({ code: "RECIPE_INVALID", message: expected }),
    );
  });
});
