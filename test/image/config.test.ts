import { describe, expect, it } from "vitest";
import { dockerToolsConfig, inheritEnvironment, sortedKeys } from "../../src/image/config.ts";
import { orderedJson, parseOrderedJson, plainJson } from "../../src/image/ordered-json.ts";
import type { JsonObject } from "../../src/image/ordered-json.ts";

function object(text: string): JsonObject {
  return parseOrderedJson(text) as JsonObject;
}

function inherit(base: string, own: string): unknown {
  return plainJson(inheritEnvironment(object(base), object(own)));
}

describe("a config", () => {
  it("is dockerTools' to the byte (wire format, section 4)", () => {
    const config = dockerToolsConfig(
      {
        created: "1970-01-01T00:00:01+00:00",
        architecture: "amd64",
        os: "linux",
        runtime: object('{"Cmd":["/bin/é"],"10":1,"9":2}'),
        layerPaths: [["/nix/store/a-b", "/nix/store/c-it's"], ["/nix/store/top"]],
      },
      ["sha256:aa", "sha256:bb"],
    );
    expect(config.toString("utf8")).toBe(`{
    "created": "1970-01-01T00:00:01+00:00",
    "architecture": "amd64",
    "os": "linux",
    "config": {
        "Cmd": [
            "/bin/\\u00e9"
        ],
        "10": 1,
        "9": 2
    },
    "rootfs": {
        "diff_ids": [
            "sha256:aa",
            "sha256:bb"
        ],
        "type": "layers"
    },
    "history": [
        {
            "created": "1970-01-01T00:00:01+00:00",
            "comment": "store paths: ['/nix/store/a-b', \\"/nix/store/c-it's\\"]"
        },
        {
            "created": "1970-01-01T00:00:01+00:00",
            "comment": "store paths: ['/nix/store/top']"
        }
    ]
}`);
  });
});

describe("a base's environment", () => {
  it("goes under one's own: later values, earlier places", () => {
    expect(inherit('{"Env":["A=1","B=2","C=3"]}', '{"Env":["D=4","B=x=y"]}')).toEqual({
      Env: ["A=1", "B=x=y", "C=3", "D=4"],
    });
  });

  it("is all that is inherited, and comes where one's own stands", () => {
    const own = inheritEnvironment(
      object('{"Cmd":["base"],"User":"base","Env":["A=1"]}'),
      object('{"Env":["B=2"],"Cmd":["own"]}'),
    );
    expect([...own]).toEqual([
      ["Env", ["A=1", "B=2"]],
      ["Cmd", ["own"]],
    ]);
  });

  it("comes last where there is none of one's own", () => {
    const own = inheritEnvironment(object('{"Env":["A=1"]}'), object('{"Cmd":[],"User":"x"}'));
    expect([...own.keys()]).toEqual(["Cmd", "User", "Env"]);
  });

  it.each(["{}", '{"Env":null}', '{"Env":[]}'])("may be empty: %s", (base) => {
    expect(inherit(base, '{"User":"x"}')).toEqual({ User: "x" });
    expect(inherit(base, '{"Env":["A=1"]}')).toEqual({ Env: ["A=1"] });
  });

  it("takes a name without value as a name", () => {
    expect(inherit('{"Env":["A","B=1"]}', '{"Env":["A=2"]}')).toEqual({ Env: ["A=2", "B=1"] });
  });
});

describe("sorted keys", () => {
  it("are in the order of their bytes, all the way down", () => {
    const value = orderedJson({
      "\u{ffff}": 1,
      "😀": 2,
      b: { z: [{ y: 1, x: 2 }], a: null },
      B: 3,
    });
    expect(JSON.stringify(plainJson(sortedKeys(value)))).toBe(
      '{"B":3,"b":{"a":null,"z":[{"x":2,"y":1}]},"\u{ffff}":1,"😀":2}',
    );
  });
});
