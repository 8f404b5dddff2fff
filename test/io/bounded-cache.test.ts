import * as fs from "node:fs";
import path from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { boundCache, cacheLimit, isCached } from "../../src/io/bounded-cache.ts";
import type { CacheUnit } from "../../src/io/bounded-cache.ts";
import { errorOf } from "../support/failures.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const NOW = Date.parse("2026-01-01");
const DAY = 24 * 60 * 60 * 1000;

let folder: string;
beforeEach(() => {
  folder = temporaryFolder();
});

/** Places a file or folder of 100 bytes that was used so many days ago. */
function place(name: string, daysAgo: number, unit: CacheUnit = "files"): void {
  const entry = path.join(folder, name);
  const file = unit === "files" ? entry : path.join(entry, "lib/index.js");
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, "x".repeat(100));
  const used = (NOW - daysAgo * DAY) / 1000;
  fs.utimesSync(entry, used, used);
}

function left(): string[] {
  return fs
    .readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && !entry.name.startsWith("."))
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)))
    .toSorted();
}

describe("a cache of downloads", () => {
  it("loses what was used longest ago when it is too large, until there is room", () => {
    ["a/old", "a/older", "b/new", "b/newer", "c/newest"].forEach((name, index) => {
      place(name, [30, 40, 20, 10, 5][index]!);
    });
    boundCache(folder, "files", 400, NOW);
    expect(left()).toEqual(["b/new", "b/newer", "c/newest"]);
  });

  it("keeps all that has room, but for what nobody has used for months", () => {
    place("a", 80);
    place("b", 100);
    boundCache(folder, "files", 1000, NOW);
    expect(left()).toEqual(["a"]);
  });

  it("keeps what is in use, however large it is", () => {
    place("a", 0.5);
    place("b", 0.1);
    place("c", 2);
    boundCache(folder, "files", 100, NOW);
    expect(left()).toEqual(["a", "b"]);
  });

  it("is looked through once a day", () => {
    boundCache(folder, "files", 100, NOW);
    place("a", 100);
    boundCache(folder, "files", 100, NOW + DAY / 2);
    expect(left()).toEqual(["a"]);
    boundCache(folder, "files", 100, NOW + 2 * DAY);
    expect(left()).toEqual([]);
  });

  it("loses folders whole", () => {
    place("a", 9, "folders");
    place("b", 5, "folders");
    place("c", 7, "folders");
    boundCache(folder, "folders", 250, NOW);
    expect(left()).toEqual(["b/lib/index.js", "c/lib/index.js"]);
    expect(fs.readdirSync(folder).toSorted()).toEqual([".looked-through", "b", "c"]);
  });

  it("counts as used what it is asked for", () => {
    place("a", 30);
    place("b", 20);
    expect(isCached(path.join(folder, "a"), NOW)).toBe(true);
    expect(isCached(path.join(folder, "x"), NOW)).toBe(false);
    boundCache(folder, "files", 150, NOW);
    expect(left()).toEqual(["a"]);
  });

  it("that is not there is left alone", () => {
    boundCache(path.join(folder, "none"), "files", 1, NOW);
    expect(fs.existsSync(path.join(folder, "none"))).toBe(false);
  });

  it("may be as large as the user says", () => {
    expect(cacheLimit({})).toBe(4e9);
    expect(cacheLimit({ VARVE_CACHE_SIZE: "500M" })).toBe(5e8);
    expect(cacheLimit({ VARVE_CACHE_SIZE: "1.5GB" })).toBe(1.5e9);
    expect(errorOf(() => cacheLimit({ VARVE_CACHE_SIZE: "much" }))).toMatchObject({
      message: 'VARVE_CACHE_SIZE is "much", which is no size',
      hint: "write it as 500M or 10G",
    });
  });
});
