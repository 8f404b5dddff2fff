import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { hoistedLayout } from "../../../src/sources/npm/layout/hoisted.ts";
import { folderName, isolatedLayout } from "../../../src/sources/npm/layout/isolated.ts";
import { lookupPlaces } from "../../../src/sources/npm/layout/lookup.ts";
import type { Lock, LockedEdge, LockedPackage } from "../../../src/sources/npm/lockfile/lock.ts";
import { nodePlatform } from "../../../src/sources/npm/platform.ts";
import { selectProduction } from "../../../src/sources/npm/select.ts";
import { shownLinks, wrongLookups } from "./support/check-lookups.ts";

const LINUX = nodePlatform("linux/amd64");

interface Shape {
  readonly versions: readonly number[];
  readonly edges: ReadonlyArray<readonly [from: number, to: number]>;
  readonly folders: ReadonlyArray<readonly number[]>;
}

/** A few names in several versions that ask for each other in every way, cycles included. */
const shapes: fc.Arbitrary<Shape> = fc.record({
  versions: fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 6 }),
  edges: fc.array(fc.tuple(fc.nat(), fc.nat()), { maxLength: 40 }),
  folders: fc.array(fc.array(fc.nat(), { maxLength: 5 }), { minLength: 1, maxLength: 4 }),
});

function keyOf({ name, version }: { name: string; version: string }): string {
  return `${name}@${version}`;
}

function lockOf({ versions, edges, folders }: Shape): Lock {
  const names = ["a", "@s/b", "c", "d", "@s/e", "f"];
  const keys = versions.flatMap((count, index) =>
    Array.from({ length: count }, (_, version) => ({
      name: names[index]!,
      version: `${version}.0.0`,
    })),
  );
  const packages = new Map<string, LockedPackage>();
  const add = (key: string, name: string, targets: readonly number[]): void => {
    const dependencies = new Map<string, LockedEdge>();
    for (const target of targets) {
      const to = keys[target % keys.length]!;
      if (to.name !== name) dependencies.set(to.name, { to: keyOf(to), optional: false });
    }
    packages.set(key, { key, name, version: "1.0.0", dependencies, platform: {} });
  };
  for (const [index, entry] of keys.entries()) {
    const targets = edges.filter(([from]) => from % keys.length === index).map(([, to]) => to);
    add(keyOf(entry), entry.name, targets);
  }
  const places = folders.map((_, index) => (index === 0 ? "" : `packages/w${index}`));
  for (const [index, targets] of folders.entries()) add(places[index]!, `w${index}`, targets);
  return {
    manager: "yarn",
    file: "/yarn.lock",
    root: "/",
    layout: "hoisted",
    packages,
    folders: places,
    recorded: new Map(),
    links: new Map(),
  };
}

function listed(layout: typeof hoistedLayout, lock: Lock): unknown {
  const placements = layout(lock, selectProduction(lock, "", LINUX));
  return placements.map(({ place, key, links }) => [place, key, links]);
}

describe.each([
  ["hoisted", hoistedLayout],
  ["isolated", isolatedLayout],
] as const)("the %s layout", (_, layout) => {
  it("lets every package find exactly the versions it was locked to", () => {
    fc.assert(
      fc.property(shapes, (shape) => {
        const lock = lockOf(shape);
        const selected = selectProduction(lock, "", LINUX);
        const placements = layout(lock, selected);
        expect(wrongLookups(lock, placements)).toEqual([]);
        expect(new Set(placements.map(({ key }) => key))).toEqual(new Set(selected));
        const places = placements.map(({ place }) => place);
        expect(new Set(places).size).toBe(places.length);
      }),
      { numRuns: 300 },
    );
  });

  it("does not depend on the order of the lockfile", () => {
    fc.assert(
      fc.property(shapes, (shape) => {
        const lock = lockOf(shape);
        const reversed = { ...lock, packages: new Map([...lock.packages].toReversed()) };
        expect(listed(layout, reversed)).toEqual(listed(layout, lock));
      }),
      { numRuns: 100 },
    );
  });
});

it("puts a package once where all can share it", () => {
  const lock = lockOf({
    versions: [1, 1, 1],
    edges: [
      [0, 2],
      [1, 2],
    ],
    folders: [[0, 1]],
  });
  const places = hoistedLayout(lock, selectProduction(lock, "", LINUX)).map(({ place }) => place);
  expect(places.toSorted()).toEqual(["", "node_modules/@s/b", "node_modules/a", "node_modules/c"]);
});

it("ends where packages need each other in several versions, by a symlink to the one around", () => {
  const lock = lockOf({
    versions: [2, 3],
    edges: [
      [0, 3],
      [1, 4],
      [3, 1],
      [4, 0],
    ],
    folders: [[1, 4]],
  });
  const placements = hoistedLayout(lock, selectProduction(lock, "", LINUX));
  expect(wrongLookups(lock, placements)).toEqual([]);
  const other = "node_modules/@s/b/node_modules/@s/b";
  expect(shownLinks(placements)).toEqual([`${other}/node_modules/@s/b -> ../../../../..`]);
});

it("looks packages up as Node does", () => {
  expect(lookupPlaces("node_modules/@a/b/node_modules/c", "d")).toEqual([
    "node_modules/@a/b/node_modules/c/node_modules/d",
    "node_modules/@a/b/node_modules/d",
    "node_modules/@a/node_modules/d",
    "node_modules/d",
  ]);
});

it("names folders of pnpm's store safely for every file system", () => {
  expect(folderName("ms@2.0.0")).toBe("ms@2.0.0");
  expect(folderName("@a/b@1.0.0(@c/d@2.0.0)(e@3.0.0(f@1.0.0))")).toBe(
    "@a+b@1.0.0_@c+d@2.0.0_e@3.0.0_f@1.0.0_",
  );
  const long = folderName(`a@1.0.0(${"peer@1.0.0)(".repeat(20)}z@1.0.0)`);
  expect(long).toHaveLength(120);
  expect(folderName("JSONStream@1.3.5")).toMatch(/^JSONStream@1\.3\.5_[0-9a-f]{32}$/);
});
