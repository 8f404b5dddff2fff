import * as fs from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { findLockfile, readLock } from "../../../src/sources/npm/lockfile/read-lock.ts";
import type { Lock } from "../../../src/sources/npm/lockfile/lock.ts";
import type { Manifest } from "../../../src/sources/npm/lockfile/manifest.ts";
import { failureOf } from "../../support/failures.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";
import { makeShop, SHOPS } from "./support/shop.ts";
import type { Shop } from "./support/shop.ts";

type Change = (manifest: Manifest) => Manifest;

/** A shop whose manifest in a folder is another one. */
function changedShop(shop: Shop, folder: string, change: Change): string {
  const root = makeShop(shop);
  const file = path.join(root, folder, "package.json");
  const manifest = JSON.parse(fs.readFileSync(file, "utf8")) as Manifest;
  fs.writeFileSync(file, JSON.stringify(change(manifest)));
  return root;
}

function withRange(name: string, range: string): Change {
  return (manifest) => ({
    ...manifest,
    dependencies: { ...manifest.dependencies, [name]: range },
  });
}

function without(name: string): Change {
  return ({ dependencies = {}, ...manifest }) => {
    const { [name]: _, ...others } = dependencies;
    return { ...manifest, dependencies: others };
  };
}

/** Writes a project's files, and reads its lockfile. */
function lockOf(files: Readonly<Record<string, string | object>>): Promise<Lock> {
  const root = temporaryFolder();
  for (const [file, content] of Object.entries(files)) {
    fs.mkdirSync(path.dirname(path.join(root, file)), { recursive: true });
    const text = typeof content === "string" ? content : JSON.stringify(content);
    fs.writeFileSync(path.join(root, file), text);
  }
  return readLock(findLockfile(root));
}

/** An entry of Yarn's lockfile. */
function entry(name: string, version: string, more = ""): string {
  return `"${name}@npm:${version}":\n  version: ${version}\n  resolution: "${name}@npm:${version}"\n${more}`;
}

describe.each(SHOPS)("a lockfile of %s is out of step", (shop) => {
  it.each<[string, string, Change, RegExp]>([
    ["with a range that it does not meet", "", withRange("debug", "^3.0.0"), /debug@\^3\.0\.0/],
    [
      "with a range of a workspace",
      "packages/a",
      withRange("ms", "2.1.0"),
      /packages\/a.* ms@2\.1/,
    ],
    ["without a dependency", "", withRange("left-pad", "^1.3.0"), /left-pad/],
    [
      "without one for development",
      "",
      (manifest) => ({ ...manifest, devDependencies: { rfdc: "^1.3.0", "left-pad": "^1.3.0" } }),
      /left-pad/,
    ],
  ])("%s", async (_, folder, change, message) => {
    const error = await failureOf(readLock(findLockfile(changedShop(shop, folder, change))));
    expect(error.code).toMatch(/^NPM_LOCK_(?:STALE|INCOMPLETE)$/);
    expect(error.message).toMatch(message);
    expect(error.hint).toContain(`${shop.split("-")[0]!} install`);
  });

  // Yarn 1 takes a lockfile that has more than it needs.
  it.skipIf(shop === "yarn-1")("with a dependency that nobody asks for", async () => {
    const root = changedShop(shop, "", without("debug"));
    const error = await failureOf(readLock(findLockfile(root)));
    expect(error.code).toBe("NPM_LOCK_STALE");
    expect(error.message).toContain("no longer asks for debug");
  });

  it.skipIf(shop.startsWith("yarn"))("without a workspace", async () => {
    const root = makeShop(shop);
    const folder = path.join(root, "packages/c");
    fs.mkdirSync(folder);
    fs.writeFileSync(path.join(folder, "package.json"), '{"name": "@shop/c"}');
    const error = await failureOf(readLock(findLockfile(root)));
    expect(error.code).toBe("NPM_LOCK_STALE");
    expect(error.message).toContain("the workspace packages/c is not in the lockfile");
  });
});

describe("a lockfile of npm is out of step", () => {
  it("where what was for development is for production now", async () => {
    const root = changedShop("npm", "", ({ devDependencies = {}, ...manifest }) => ({
      ...manifest,
      dependencies: { ...manifest.dependencies, ...devDependencies },
    }));
    const error = await failureOf(readLock(findLockfile(root)));
    expect(error.message).toContain(
      "package.json has rfdc in dependencies, the lockfile in devDependencies",
    );
  });
});

describe("a lockfile is in step", () => {
  it("of npm, with another range that it meets, as for npm ci; of pnpm not", async () => {
    for (const range of ["^4.4.0", "4.x", "latest", "npm:debug@^4.0.0"]) {
      const root = changedShop("npm", "", withRange("debug", range));
      expect((await readLock(findLockfile(root))).folders).toHaveLength(3);
    }
    const root = changedShop("pnpm-9", "", withRange("debug", "^4.4.0"));
    const error = await failureOf(readLock(findLockfile(root)));
    expect(error.message).toContain("package.json asks for debug@^4.4.0, the lockfile has ^4.3.4");
  });

  it("of npm, whose overrides decide what a range comes to", async () => {
    const lock = await lockOf({
      "package.json": { dependencies: { a: "^2.0.0" }, overrides: { "a@^2.0.0": "1.0.0" } },
      "package-lock.json": {
        lockfileVersion: 3,
        packages: {
          "": { dependencies: { a: "^1.0.0" } },
          "node_modules/a": { version: "1.0.0" },
        },
      },
    });
    expect(lock.packages.get("")!.dependencies.has("a")).toBe(true);
  });

  it("of npm, with what it left there of folders that are gone", async () => {
    const lock = await lockOf({
      "package.json": { workspaces: ["packages/*"] },
      "package-lock.json": {
        lockfileVersion: 3,
        packages: {
          "": { workspaces: ["packages/*"] },
          "../local": { version: "1.0.0", extraneous: true },
          "packages/gone": { version: "1.0.0", extraneous: true, dependencies: { ms: "^2.0.0" } },
        },
      },
    });
    expect(lock.folders).toEqual([""]);
  });

  it("of pnpm, with overrides, catalogs and peers that it installs", async () => {
    const lock = await lockOf({
      "package.json": {
        dependencies: { debug: "^4.3.0", ms: "catalog:", local: "link:../local" },
        peerDependencies: { rfdc: "^1.3.0" },
        pnpm: { overrides: { debug: "4.3.4" } },
      },
      "pnpm-workspace.yaml": "packages: [packages/*]\ncatalog:\n  ms: ^2.1.0\n",
      "packages/alone/package.json": "{}",
      "packages/alone/pnpm-lock.yaml": "lockfileVersion: '9.0'\n",
      "pnpm-lock.yaml": `
lockfileVersion: '9.0'
overrides:
  debug: 4.3.4
importers:
  .:
    dependencies:
      debug: { specifier: 4.3.4, version: 4.3.4 }
      ms: { specifier: 'catalog:', version: 2.1.3 }
      rfdc: { specifier: ^1.3.0, version: 1.4.1 }
packages: {}
snapshots:
  debug@4.3.4: {}
  ms@2.1.3: {}
  rfdc@1.4.1: {}
`,
    });
    expect([...lock.packages.get("")!.dependencies.keys()]).toEqual(["debug", "ms", "rfdc"]);
  });

  it("of pnpm, with exclusions of folders before what they are taken from", async () => {
    const lock = await lockOf({
      "package.json": {},
      "pnpm-workspace.yaml": "packages: ['!**/test/**', 'packages/**']\n",
      "packages/a/package.json": "{}",
      "packages/a/test/fixture/package.json": "{}",
      "pnpm-lock.yaml": "lockfileVersion: '9.0'\nimporters:\n  .: {}\n  packages/a: {}\n",
    });
    expect(lock.folders).toEqual(["", "packages/a"]);
  });

  it("of Yarn, whose resolutions decide what ranges come to", async () => {
    const lock = await lockOf({
      "package.json": {
        name: "root",
        dependencies: { debug: "4.4.3", ms: "^2.0.0", b: "1.0.0" },
        devDependencies: { x: "^1.0.0" },
        resolutions: { "debug/ms": "2.1.1", "b@1.0.0/ms": "2.1.2", "ms@npm:^2.0.0": "2.0.0" },
      },
      "yarn.lock": [
        "__metadata:\n  version: 8\n",
        '"root@workspace:.":\n  version: 0.0.0-use.local\n  resolution: "root@workspace:."\n  dependencies:\n    b: "npm:1.0.0"\n    debug: "npm:4.4.3"\n    ms: "npm:^2.0.0"\n    x: "npm:^1.0.0"\n',
        entry("debug", "4.4.3", '  dependencies:\n    ms: "npm:^2.1.3"\n'),
        entry("b", "1.0.0", '  dependencies:\n    ms: "npm:^2.1.3"\n'),
        ...["2.0.0", "2.1.1", "2.1.2"].map((version) => entry("ms", version)),
      ].join("\n"),
    });
    const msOf = (key: string): string | undefined =>
      lock.packages.get(key)!.dependencies.get("ms")?.to;
    expect(["", "debug@4.4.3", "b@1.0.0"].map(msOf)).toEqual(["ms@2.0.0", "ms@2.1.1", "ms@2.1.2"]);
  });
});
