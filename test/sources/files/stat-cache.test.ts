import * as crypto from "node:crypto";
import * as fs from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { scan } from "../../../src/sources/files/scan.ts";
import { StatCache } from "../../../src/sources/files/stat-cache.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

const STAMP = { size: 1, mtimeMs: 1000.5, ctimeMs: 1000.5, ino: 7 };
const NOW = 5000;

/** A cache that knows one file, `f`. */
function filled(folder: string, stamp = STAMP, now = NOW): void {
  const cache = new StatCache(folder, "name", now);
  cache.put("f", stamp, "hash");
  cache.save();
}

function known(folder: string, stamp = STAMP): string | undefined {
  return new StatCache(folder, "name").get("f", stamp);
}

describe("what is known of a file", () => {
  it("is its hash while size, times and inode are the same", () => {
    const folder = temporaryFolder();
    filled(folder);
    expect(known(folder)).toBe("hash");
    expect(known(folder, { ...STAMP, size: 2 })).toBeUndefined();
    expect(known(folder, { ...STAMP, mtimeMs: 1000 })).toBeUndefined();
    expect(known(folder, { ...STAMP, ctimeMs: 1000 })).toBeUndefined();
    expect(known(folder, { ...STAMP, ino: 8 })).toBeUndefined();
    expect(new StatCache(folder, "other").get("f", STAMP)).toBeUndefined();
    expect(new StatCache(undefined, "name").get("f", STAMP)).toBeUndefined();
  });

  it.each([
    ["long before", { mtimeMs: NOW - 51.5, ctimeMs: NOW - 51.5 }, true],
    ["just before", { mtimeMs: 1000.5, ctimeMs: NOW - 49.5 }, false],
    ["in the future", { mtimeMs: NOW + 1e9 + 0.5, ctimeMs: 1000.5 }, false],
    ["seconds before, by a clock of seconds", { mtimeMs: NOW - 2000, ctimeMs: NOW - 2000 }, false],
    ["longer before, by the same", { mtimeMs: NOW - 3000, ctimeMs: NOW - 3000 }, true],
  ])("counts only when it was not changed shortly before: %s", (_, times, isKept) => {
    const folder = temporaryFolder();
    const stamp = { ...STAMP, ...times };
    filled(folder, stamp);
    expect(known(folder, stamp)).toBe(isKept ? "hash" : undefined);
  });

  it("is gone when the file is", () => {
    const folder = temporaryFolder();
    filled(folder);
    new StatCache(folder, "name").save();
    expect(known(folder)).toBeUndefined();
  });

  it.each([
    ["cut", (text: string) => text.slice(0, -3)],
    ["changed", (text: string) => text.replace("hash", "hush")],
    ["emptied", () => ""],
    ["no JSON", () => "x\ny"],
  ])("is nothing when its file is %s", (_, damage) => {
    const folder = temporaryFolder();
    filled(folder);
    const [name] = fs.readdirSync(path.join(folder, "files-1"));
    const file = path.join(folder, "files-1", name!);
    fs.writeFileSync(file, damage(fs.readFileSync(file, "utf8")));
    expect(known(folder)).toBeUndefined();
    filled(folder);
    expect(known(folder)).toBe("hash");
  });

  it("is nothing where nothing can be written", () => {
    const folder = temporaryFolder();
    fs.writeFileSync(path.join(folder, "files-1"), "");
    filled(folder);
    expect(known(folder)).toBeUndefined();
  });

  it("is bounded", () => {
    const folder = temporaryFolder();
    for (let index = 0; index < 300; index += 1) {
      const cache = new StatCache(folder, `name${index}`, NOW);
      cache.put("f", STAMP, "hash");
      cache.save();
    }
    const names = fs.readdirSync(path.join(folder, "files-1"));
    expect(names.length).toBeLessThanOrEqual(256);
    expect(new StatCache(folder, "name299").get("f", STAMP)).toBe("hash");
  });
});

/** Hashes of all files, after an hour as the cache sees it. */
function hashes(folder: string, cacheFolder: string): Record<string, string> {
  const cache = new StatCache(cacheFolder, folder, Date.now() + 3_600_000);
  const entries = scan(folder, {}, cache);
  cache.save();
  return Object.fromEntries(entries.map(({ path: name, content }) => [name, content]));
}

describe("a folder that is looked at again", () => {
  it("has only those files read that have changed", () => {
    const [folder, cacheFolder] = [temporaryFolder(), temporaryFolder()];
    fs.writeFileSync(`${folder}/a`, "a");
    fs.writeFileSync(`${folder}/b`, "b");
    const first = hashes(folder, cacheFolder);
    // Another hash in the index tells whether it is believed rather than the file read.
    const [name] = fs.readdirSync(path.join(cacheFolder, "files-1"));
    const index = path.join(cacheFolder, "files-1", name!);
    const body = fs.readFileSync(index, "utf8").split("\n")[1]!.replace(first["a"]!, "believed");
    fs.writeFileSync(index, `${crypto.hash("sha256", body, "hex")}\n${body}`);
    const written = fs.statSync(index).mtimeMs;
    expect(hashes(folder, cacheFolder)).toEqual({ ...first, a: "believed" });
    expect(fs.statSync(index).mtimeMs).toBe(written);
    const before = fs.statSync(`${folder}/b`).ctimeMs;
    do fs.writeFileSync(`${folder}/b`, "c");
    while (fs.statSync(`${folder}/b`).ctimeMs === before);
    const second = hashes(folder, cacheFolder);
    expect(second["a"]).toBe("believed");
    expect(second["b"]).not.toBe(first["b"]);
  });

  it("is never believed about a file that was written while it was looked at", () => {
    const [folder, cacheFolder] = [temporaryFolder(), temporaryFolder()];
    const file = `${folder}/f`;
    for (let round = 0; round < 50; round += 1) {
      // The same length each time, and often within one tick of the clock.
      const content = String(round).padStart(4, "0");
      fs.writeFileSync(file, content);
      const cache = new StatCache(cacheFolder, folder);
      const [, entry] = scan(folder, {}, cache);
      cache.save();
      const fresh = scan(folder, {}, new StatCache(undefined, folder))[1];
      expect(entry!.content).toBe(fresh!.content);
    }
  });
});
