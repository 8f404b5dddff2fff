import { describe, expect, it } from "vitest";
import { parsePackageLock } from "../../../src/sources/npm/lockfile/package-lock.ts";
import { commandsOf, parseManifest } from "../../../src/sources/npm/lockfile/manifest.ts";
import { parseYarnClassic } from "../../../src/sources/npm/lockfile/yarn-classic.ts";
import { errorOf } from "../../support/failures.ts";

const parse = (packages: object): ReturnType<typeof parsePackageLock> =>
  parsePackageLock(JSON.stringify({ lockfileVersion: 3, packages }), "/p/package-lock.json");

describe("package-lock.json", () => {
  it("of npm 6 says where nothing lies", () => {
    const text = JSON.stringify({ lockfileVersion: 1, dependencies: {} });
    const error = errorOf(() => parsePackageLock(text, "/p/package-lock.json"));
    expect(error).toMatchObject({ code: "NPM_LOCK" });
    expect(error.message).toContain("version 1");
    expect(error.hint).toContain("npm install --package-lock-only");
  });

  it("with a dependency that it lacks is incomplete, unless that is optional or a peer", () => {
    const error = errorOf(() => parse({ "": { dependencies: { a: "*" } } }));
    expect(error).toMatchObject({ code: "NPM_LOCK_INCOMPLETE" });
    expect(error.message).toContain("the project needs a");
    const loose = parse({ "": { optionalDependencies: { a: "*" }, peerDependencies: { b: "*" } } });
    expect(loose.packages.get("")!.dependencies.size).toBe(0);
  });

  it.each([
    ["a link", { "": {}, "node_modules/x": { link: true, resolved: "../x" } }],
    ["a place", { "": {}, "../x": { version: "1.0.0" } }],
    ["an absolute place", { "": {}, "/x": { version: "1.0.0" } }],
  ])("with %s outside of the project is refused", (_, packages) => {
    expect(errorOf(() => parse(packages))).toMatchObject({ code: "NPM_OUTSIDE" });
  });

  it("follows peers, but optional ones only where others want them", () => {
    const lock = parse({
      "": { dependencies: { a: "*" }, devDependencies: { ts: "*" } },
      "node_modules/a": {
        peerDependencies: { b: "*", ts: "*" },
        peerDependenciesMeta: { ts: { optional: true } },
      },
      "node_modules/b": {},
      "node_modules/ts": { dev: true },
    });
    expect([...lock.packages.get("node_modules/a")!.dependencies.keys()]).toEqual(["b"]);
  });

  it("names the registry's host nowhere, but other sources", () => {
    const lock = parse({
      "": {},
      "node_modules/a": { resolved: "https://registry.example/a/-/a-1.0.0.tgz" },
      "node_modules/b": { resolved: "git+ssh://git@host.example/b.git#abc" },
      "node_modules/c": { resolved: "https://host.example/c.tgz" },
    });
    const resolved = ["a", "b", "c"].map(
      (name) => lock.packages.get(`node_modules/${name}`)!.resolved,
    );
    expect(resolved).toEqual([
      undefined,
      "git+ssh://git@host.example/b.git#abc",
      "https://host.example/c.tgz",
    ]);
  });
});

describe("package.json", () => {
  it("names commands without scopes, never outside of the package", () => {
    expect(commandsOf({ name: "@a/b", bin: "./x.js" })).toEqual({ b: "x.js" });
    expect(commandsOf({ name: "b", bin: { "../../c": "/../../d.js", "": "e", ".": "f" } })).toEqual(
      { c: "d.js" },
    );
    expect(commandsOf({ name: "b" })).toEqual({});
  });

  it.each(["[]", "null", "1", "{", ""])("that is %s is refused", (text) => {
    expect(errorOf(() => parseManifest(text, "/p/package.json"))).toMatchObject({
      code: "NPM_MANIFEST",
    });
  });
});

describe("yarn.lock of Yarn 1", () => {
  const workspaces = [
    {
      folder: "",
      manifest: {
        name: "app",
        dependencies: { "@s/a": "^1.0.0" },
        optionalDependencies: { b: "npm:c@1 || 2" },
      },
    },
  ];

  it("is read with quoted names, several ranges, aliases and Windows' line ends", () => {
    const text = [
      '"@s/a@^1.0.0", "@s/a@~1.2.0":',
      '  version "1.2.0"',
      "  dependencies:",
      '    "b" "npm:c@1 || 2"',
      "",
      '"b@npm:c@1 || 2":',
      '  version "2.0.0"',
      "  integrity sha512-x",
      "",
    ].join("\r\n");
    const lock = parseYarnClassic(text, "/p/yarn.lock", workspaces);
    expect([...lock.packages.keys()]).toEqual(["@s/a@1.2.0", "c@2.0.0", ""]);
    expect(lock.packages.get("c@2.0.0")).toMatchObject({
      name: "c",
      version: "2.0.0",
      integrity: "sha512-x",
    });
    expect(lock.packages.get("@s/a@1.2.0")!.dependencies.get("b")).toEqual({
      to: "c@2.0.0",
      optional: false,
    });
    expect(lock.packages.get("")!.dependencies.get("b")).toEqual({ to: "c@2.0.0", optional: true });
  });

  it.each([["  version 1"], ["a@1:\n      deep x"], ["a@1:\n  b c d"]])(
    "with %j is not understood",
    (text) => {
      const error = errorOf(() => parseYarnClassic(text, "/p/yarn.lock", []));
      expect(error).toMatchObject({ code: "NPM_LOCK" });
      expect(error.message).toMatch(/^\/p\/yarn\.lock:\d: /);
    },
  );
});
