import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import * as fs from "node:fs";
import path from "node:path";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { digestOf } from "../../src/image/digest.ts";
import { cacheFolder, DigestStore } from "../../src/packing/digest-store.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const KEY = digestOf(Buffer.from("key"));
const DIGEST = { diffId: digestOf(Buffer.from("layer")), size: 10_240 };

function filesBelow(folder: string): string[] {
  return fs
    .readdirSync(folder, { recursive: true, encoding: "utf8" })
    .map((name) => path.join(folder, name))
    .filter((file) => fs.statSync(file).isFile());
}

describe("the cache folder", () => {
  it.each([
    [{ VARVE_CACHE_DIR: "/c", XDG_CACHE_HOME: "/x" }, "/c"],
    [{ VARVE_CACHE_DIR: "", XDG_CACHE_HOME: "/x" }, "/x/varve"],
    [{ XDG_CACHE_HOME: "relative" }, path.join(process.env["HOME"] ?? "", ".cache/varve")],
    [{}, path.join(process.env["HOME"] ?? "", ".cache/varve")],
  ])("%j", (env, folder) => {
    expect(cacheFolder(env)).toBe(folder);
  });
});

describe("the digest store", () => {
  it("gives back what was put, to other processes, too", () => {
    const folder = temporaryFolder();
    const store = new DigestStore(folder);
    expect(store.get(KEY)).toBeUndefined();
    store.put(KEY, DIGEST);
    expect(store.get(KEY)).toEqual(DIGEST);
    expect(new DigestStore(folder).get(KEY)).toEqual(DIGEST);
    store.put(KEY, { ...DIGEST, size: 20_480 });
    expect(store.get(KEY)?.size).toBe(20_480);
    expect(filesBelow(folder).length).toBe(1);
  });

  it("never takes a damaged entry for a digest", () => {
    const folder = temporaryFolder();
    const store = new DigestStore(folder);
    store.put(KEY, DIGEST);
    const [file] = filesBelow(folder);
    const whole = fs.readFileSync(file!);
    const damages = fc.oneof(
      fc
        .tuple(fc.nat({ max: whole.length - 1 }), fc.integer({ min: 1, max: 255 }))
        .map(([at, bits]) => {
          const damaged = Buffer.from(whole);
          damaged[at]! ^= bits;
          return damaged;
        }),
      fc.nat({ max: whole.length - 1 }).map((length) => whole.subarray(0, length)),
      fc
        .constantFrom("", "null", "{}", "[]", "\0".repeat(whole.length))
        .map((text) => Buffer.from(text)),
    );
    fc.assert(
      fc.property(damages, (damaged) => {
        fs.writeFileSync(file!, damaged);
        expect(store.get(KEY)).toBeUndefined();
      }),
      { numRuns: 500 },
    );
    store.put(KEY, DIGEST);
    expect(store.get(KEY)).toEqual(DIGEST);
  });

  it("does not take an entry of another key for its own", () => {
    const folder = temporaryFolder();
    const store = new DigestStore(folder);
    store.put(KEY, DIGEST);
    const [file] = filesBelow(folder);
    const other = `${KEY.slice(0, -1)}${KEY.endsWith("0") ? "1" : "0"}`;
    fs.renameSync(file!, path.join(path.dirname(file!), other.slice("sha256:".length + 2)));
    expect(store.get(other)).toBeUndefined();
  });

  it.each<[string, (folder: string) => void]>([
    ["the folder is a file", (folder) => fs.writeFileSync(folder, "")],
    [
      "the store is a file",
      (folder) => fs.mkdirSync(folder) ?? fs.writeFileSync(`${folder}/digests-1`, ""),
    ],
    ["the shard is a file", (folder) => blockShard(folder)],
    ["the folder leads nowhere", (folder) => fs.symlinkSync("/nonexistent/x", folder)],
  ])("does no harm when %s", (_, make) => {
    const folder = path.join(temporaryFolder(), "cache");
    make(folder);
    const store = new DigestStore(folder);
    store.put(KEY, DIGEST);
    expect(store.get(KEY)).toBeUndefined();
  });

  it("does no harm to a user who has neither home nor cache", () => {
    const module = path.join(import.meta.dirname, "../../src/packing/digest-store.ts");
    const script = path.join(temporaryFolder(), "homeless.mjs");
    fs.writeFileSync(
      script,
      `import { cacheFolder, DigestStore } from ${JSON.stringify(module)};
       if (process.getuid() === 0) process.setuid(54321);
       const store = new DigestStore();
       store.put("sha256:aa", { diffId: "", size: 0 });
       console.log(cacheFolder(), store.get("sha256:aa"));`,
    );
    const { stdout, stderr } = spawnSync(process.execPath, [script], { env: {}, encoding: "utf8" });
    expect(stderr).toBe("");
    // Who runs the tests without being root has a home even without HOME.
    if (process.getuid?.() === 0) expect(stdout).toBe("undefined undefined\n");
  });

  it("holds no more than so many entries, and keeps the newest", () => {
    const folder = temporaryFolder();
    const store = new DigestStore(folder);
    const keys = Array.from(
      { length: 150 },
      (_, index) => `sha256:00${digestOf(Buffer.from([index])).slice(9)}`,
    );
    for (const [index, key] of keys.entries()) {
      store.put(key, DIGEST);
      const file = path.join(folder, "digests-1", "00", key.slice(9));
      fs.utimesSync(file, index, index);
    }
    expect(filesBelow(folder).length).toBeLessThanOrEqual(96);
    expect(store.get(keys.at(-1)!)).toEqual(DIGEST);
    expect(store.get(keys.at(-60)!)).toEqual(DIGEST);
    expect(store.get(keys[0]!)).toBeUndefined();
  });

  it("is whole while processes write at once and are killed in the middle", async () => {
    const folder = temporaryFolder();
    const module = path.join(import.meta.dirname, "../../src/packing/digest-store.ts");
    const script = path.join(folder, "writer.mjs");
    // Every key's digest follows from the key, so that any mixture would show.
    fs.writeFileSync(
      script,
      `import { digestOf } from ${JSON.stringify(path.join(import.meta.dirname, "../../src/image/digest.ts"))};
       import { DigestStore } from ${JSON.stringify(module)};
       const store = new DigestStore(${JSON.stringify(folder)});
       process.stdout.write("begun");
       for (let turn = 0; ; turn = (turn + 1) % 40) {
         const key = digestOf(Buffer.from("key" + turn));
         store.put(key, { diffId: digestOf(Buffer.from(key)), size: turn });
         const found = store.get(key);
         if (found !== undefined && found.size !== turn) process.exit(1);
       }`,
    );
    const children = Array.from({ length: 3 }, () =>
      spawn(process.execPath, [script], { stdio: ["ignore", "pipe", "inherit"] }),
    );
    await Promise.all(children.map((child) => once(child.stdout, "data")));
    const store = new DigestStore(folder);
    let found = 0;
    const until = performance.now() + 300;
    while (performance.now() < until) {
      for (let turn = 0; turn < 40; turn += 1) {
        const key = digestOf(Buffer.from(`key${turn}`));
        const digest = store.get(key);
        if (digest === undefined) continue;
        found += 1;
        expect(digest).toEqual({ diffId: digestOf(Buffer.from(key)), size: turn });
      }
    }
    for (const child of children) child.kill("SIGKILL");
    const ends = await Promise.all(children.map((child) => once(child, "exit")));
    expect(ends.map(([, signal]) => signal)).toEqual(["SIGKILL", "SIGKILL", "SIGKILL"]);
    expect(found).toBeGreaterThan(40);
    for (let turn = 0; turn < 40; turn += 1) {
      const key = digestOf(Buffer.from(`key${turn}`));
      store.put(key, { diffId: digestOf(Buffer.from(key)), size: turn });
      expect(store.get(key)?.size).toBe(turn);
    }
  });
});

function blockShard(folder: string): void {
  fs.mkdirSync(`${folder}/digests-1`, { recursive: true });
  fs.writeFileSync(`${folder}/digests-1/${KEY.slice(7, 9)}`, "");
}
