import * as fs from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { layOut } from "../../../src/sources/npm/layout/lay-out.ts";
import { findLockfile, readLock } from "../../../src/sources/npm/lockfile/read-lock.ts";
import { nodePlatform } from "../../../src/sources/npm/platform.ts";
import { selectProduction } from "../../../src/sources/npm/select.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";
import { errorOf, failureOf } from "../../support/failures.ts";
import { shownLinks, wrongLookups } from "./support/check-lookups.ts";
import { makeShop, SHOPS } from "./support/shop.ts";

const LINUX = nodePlatform("linux/amd64");

/** Name and version of everything that a shop needs in production. */
const PRODUCTION = [
  "debug@4.4.3",
  "js-tokens@4.0.0",
  "loose-envify@1.4.0",
  "lru-cache@6.0.0",
  "ms@2.0.0",
  "ms@2.1.3",
  "react@18.2.0",
  "semver@5.7.3",
  "semver@7.6.0",
  "use-sync-external-store@1.2.0",
  "yallist@4.0.0",
];

describe.each(SHOPS)("the lockfile of %s", (shop) => {
  it("gives what production needs, with integrity, without other systems' packages", async () => {
    const lock = await readLock(findLockfile(makeShop(shop)));
    const selected = selectProduction(lock, "", LINUX).filter((key) => !lock.folders.includes(key));
    const packages = selected.map((key) => lock.packages.get(key)!);
    const names = new Set(packages.map(({ name, version }) => `${name}@${version}`));
    // Yarn 1 does not write down which systems a package is for.
    if (shop === "yarn-1") names.delete("fsevents@2.3.3");
    // npm's aliases, the same package at two places, are one here.
    expect([...names].map((name) => name.replace(/^lru@/, "lru-cache@")).toSorted()).toEqual(
      PRODUCTION,
    );
    for (const { integrity, checksum, name, resolved } of packages) {
      expect(integrity ?? checksum, name).toMatch(
        shop === "yarn-4" ? /^10c0\/[0-9a-f]{128}$/ : /^sha512-/,
      );
      expect(resolved).toBeUndefined();
    }
  });

  it("lays packages out so that Node finds the pinned versions", async () => {
    const lock = await readLock(findLockfile(makeShop(shop)));
    const placements = layOut(lock, selectProduction(lock, "", LINUX));
    expect(wrongLookups(lock, placements)).toEqual([]);
    expect(placements.map(({ place }) => place)).toEqual(
      expect.arrayContaining(["", "packages/a", "packages/b"]),
    );
  });

  it("takes a workspace alone, with what it needs", async () => {
    const folder = makeShop(shop);
    const lock = await readLock(findLockfile(path.join(folder, "packages/b")));
    const placements = layOut(lock, selectProduction(lock, "packages/b", LINUX));
    expect(placements.map(({ key }) => lock.packages.get(key)!.version).toSorted()).toContain(
      "5.7.3",
    );
    expect(placements).toHaveLength(2);
    expect(wrongLookups(lock, placements)).toEqual([]);
  });

  it("is out of step when a manifest asks for something else", async () => {
    const folder = makeShop(shop);
    const file = path.join(folder, "packages/b/package.json");
    const manifest = JSON.parse(fs.readFileSync(file, "utf8")) as { dependencies: object };
    manifest.dependencies = { semver: "^5.7.0", "left-pad": "^1.3.0" };
    fs.writeFileSync(file, JSON.stringify(manifest));
    const error = await failureOf(readLock(findLockfile(folder)));
    expect(error.code).toMatch(/^NPM_LOCK_(?:STALE|INCOMPLETE)$/);
    expect(error.message).toContain("packages/b");
    expect(error.message).toContain("left-pad");
    expect(error.hint).toMatch(/install/);
  });

  it("with marks of a merge conflict is refused", async () => {
    const folder = makeShop(shop);
    const file = findLockfile(folder);
    const text = fs.readFileSync(file, "utf8");
    const half = text.indexOf("\n", text.length / 2) + 1;
    fs.writeFileSync(file, `${text.slice(0, half)}<<<<<<< HEAD\n${text.slice(half)}`);
    const error = await failureOf(readLock(file));
    expect(error.code).toBe("NPM_LOCK");
    expect(error.message).toContain(file);
  });
});

describe("pnpm's layout", () => {
  it("keeps symlinks, relative, one store for all versions", async () => {
    const lock = await readLock(findLockfile(makeShop("pnpm-9")));
    const placements = layOut(lock, selectProduction(lock, "", LINUX));
    expect(shownLinks(placements)).toEqual(
      expect.arrayContaining([
        "node_modules/@shop/a -> ../../packages/a",
        "node_modules/debug -> .pnpm/debug@4.4.3/node_modules/debug",
        "node_modules/.pnpm/debug@4.4.3/node_modules/ms -> ../../ms@2.1.3/node_modules/ms",
        "node_modules/.pnpm/node_modules/yallist -> ../yallist@4.0.0/node_modules/yallist",
        "packages/a/node_modules/lru -> ../../../node_modules/.pnpm/lru-cache@6.0.0/node_modules/lru-cache",
        "packages/a/node_modules/use-sync-external-store -> ../../../node_modules/.pnpm/use-sync-external-store@1.2.0_react@18.2.0/node_modules/use-sync-external-store",
      ]),
    );
  });

  it("is as pnpm is told: hoisted by .npmrc or pnpm-workspace.yaml", async () => {
    const folder = makeShop("pnpm-9");
    fs.writeFileSync(path.join(folder, ".npmrc"), "node-linker = hoisted\n");
    expect((await readLock(findLockfile(folder))).layout).toBe("hoisted");
    fs.rmSync(path.join(folder, ".npmrc"));
    expect((await readLock(findLockfile(folder))).layout).toBe("isolated");
    fs.writeFileSync(path.join(folder, "pnpm-workspace.yaml"), "shamefullyHoist: true\n");
    expect((await readLock(findLockfile(folder))).layout).toBe("hoisted");
  });
});

describe("which lockfile counts", () => {
  it("is the one around a workspace, up to the repository's root", () => {
    const folder = makeShop("npm");
    expect(findLockfile(path.join(folder, "packages/a"))).toBe(
      path.join(folder, "package-lock.json"),
    );
    fs.mkdirSync(path.join(folder, "packages/a/.git"));
    expect(errorOf(() => findLockfile(path.join(folder, "packages/a"))).code).toBe("NPM_NO_LOCK");
  });

  it("is decided by packageManager where there are several", () => {
    const folder = temporaryFolder();
    fs.writeFileSync(path.join(folder, "yarn.lock"), "");
    fs.writeFileSync(path.join(folder, "package-lock.json"), "");
    fs.writeFileSync(path.join(folder, "package.json"), "{}");
    const error = errorOf(() => findLockfile(folder));
    expect(error.code).toBe("NPM_SEVERAL_LOCKS");
    expect(error.message).toContain("package-lock.json, yarn.lock");
    fs.writeFileSync(path.join(folder, "package.json"), '{"packageManager": "yarn@4.1.0+sha1.x"}');
    expect(findLockfile(folder)).toBe(path.join(folder, "yarn.lock"));
  });
});
