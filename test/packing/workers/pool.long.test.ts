import { spawnSync } from "node:child_process";
import type { SpawnSyncReturns } from "node:child_process";
import * as fs from "node:fs";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, it, onTestFinished } from "vitest";
import { digestOf } from "../../../src/image/digest.ts";
import { VarveError } from "../../../src/errors.ts";
import { WorkerPool } from "../../../src/packing/workers/pool.ts";
import { fileOf, folderOf } from "../../support/arbitrary-tree.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";
import { layerOf, specOf, storePath, tarOf } from "../support/layers.ts";

function openPool(jobs: number): WorkerPool {
  const pool = new WorkerPool(jobs);
  onTestFinished(() => pool.close());
  return pool;
}

/** A layer of zeros that takes minutes to read and no space on disk. */
function endlessLayer(root: string): ReturnType<typeof layerOf> {
  return layerOf(root, {
    [storePath("endless")]: { type: "file", mode: 0o444, content: "", size: 2 ** 40 },
  });
}

describe("a pool of workers", () => {
  it("does many jobs at a time, each with its own result", async () => {
    const root = temporaryFolder();
    const specs = Array.from({ length: 20 }, (_, index) =>
      layerOf(root, {
        [storePath(`p${index}`)]: folderOf({ f: fileOf("x".repeat(index * 1000)) }),
      }),
    );
    const pool = openPool(3);
    const digests = await Promise.all(specs.map((spec) => pool.run("digest", { spec })));
    const measured = await Promise.all(specs.map((spec) => pool.run("measure", { spec })));
    const tars = specs.map((spec) => tarOf(spec));
    expect(digests).toEqual(tars.map((tar) => ({ diffId: digestOf(tar), size: tar.length })));
    expect(measured.map(({ size }) => size)).toEqual(tars.map((tar) => tar.length));
  });

  it("gives errors back as they were thrown", async () => {
    const pool = openPool(1);
    const spec = specOf(temporaryFolder(), [storePath()]);
    const error: unknown = await pool.run("digest", { spec }).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(VarveError);
    expect(error).toMatchObject({
      code: "PACK_MISSING",
      message: `${spec.trees[0]!.from} does not exist`,
      hint: "build or fetch it first",
    });
    const other: unknown = await pool
      .run("digest", { spec: undefined as never })
      .catch((thrown: unknown) => thrown);
    expect(other).not.toBeInstanceOf(VarveError);
    expect((other as Error).stack).toContain("pack-worker.ts");
  });

  it("does what is urgent before what waits", async () => {
    const root = temporaryFolder();
    const spec = layerOf(root, { [storePath()]: fileOf("x") });
    const pool = openPool(1);
    const done: string[] = [];
    const jobs = ["first", "second", "urgent"].map(async (name) => {
      await pool.run("measure", { spec }, { urgent: name === "urgent" });
      done.push(name);
    });
    await Promise.all(jobs);
    expect(done).toEqual(["first", "urgent", "second"]);
  });

  it("ends in the middle of its work, whoever waits", async () => {
    const spec = endlessLayer(temporaryFolder());
    const pool = openPool(2);
    const jobs = Array.from({ length: 4 }, () => pool.run("digest", { spec }));
    const ends = Promise.allSettled(jobs);
    await delay(100);
    await pool.close();
    for (const { status, ...rest } of await ends) {
      expect(status).toBe("rejected");
      expect(rest).toMatchObject({ reason: { code: "INTERRUPTED" } });
    }
    await expect(pool.run("measure", { spec })).rejects.toThrow("closed");
    await pool.close();
  });

  it("takes no job when it was never used", async () => {
    const pool = new WorkerPool();
    pool.warmUp();
    await pool.close();
    expect(pool.parallelism).toBeGreaterThan(0);
  });

  it.each([
    [0, 1],
    [-3, 1],
    [1, 1],
    [1000, 8],
  ])("asked for %i workers it has %i", (jobs, parallelism) => {
    expect(new WorkerPool(jobs).parallelism).toBe(parallelism);
  });
});

describe("a worker that dies", () => {
  /** Loaded into workers before anything else: some files are deadly to open there. */
  const DEADLY_FILES = `
    const fs = require("node:fs");
    const { syncBuiltinESMExports } = require("node:module");
    const { isMainThread } = require("node:worker_threads");
    const open = fs.openSync;
    fs.openSync = (path, ...rest) => {
      if (!isMainThread && String(path).endsWith("-exits")) process.exit(3);
      if (!isMainThread && String(path).endsWith("-throws")) setImmediate(() => { throw new Error("boom"); });
      return open(path, ...rest);
    };
    syncBuiltinESMExports();
  `;

  it("fails its job and no other, and is replaced", () => {
    const root = temporaryFolder();
    const spec = (name: string): string =>
      JSON.stringify(layerOf(root, { [storePath(name)]: fileOf(name) }));
    const script = `
      import { setTimeout } from "node:timers/promises";
      import { WorkerPool } from ${JSON.stringify(POOL)};
      const pool = new WorkerPool(1);
      const digest = (spec) => pool.run("digest", { spec }).then(({ size }) => size, (error) => error.message);
      console.log(await Promise.all([
        digest(${spec("good")}), digest(${spec("exits")}), digest(${spec("good2")}), digest(${spec("throws")}),
      ]));
      // The last one has done its job when it dies, and nobody waits for it.
      await setTimeout(100);
      console.log(await digest(${spec("good3")}));
      await pool.close();
    `;
    const hook = path.join(root, "hook.cjs");
    fs.writeFileSync(hook, DEADLY_FILES);
    const { stdout, stderr, status } = runScript(root, script, ["--require", hook]);
    expect(stderr).toBe("");
    expect(stdout).toBe("[ 10240, 'a worker ended by itself', 10240, 10240 ]\n10240\n");
    expect(status).toBe(0);
  });
});

it("lets the process end while workers are idle", () => {
  const root = temporaryFolder();
  const spec = JSON.stringify(layerOf(root, { [storePath()]: fileOf("x") }));
  const script = `
    import { WorkerPool } from ${JSON.stringify(POOL)};
    const pool = new WorkerPool(2);
    pool.warmUp();
    console.log((await pool.run("measure", { spec: ${spec} })).size);
  `;
  expect(runScript(root, script)).toMatchObject({ stdout: "10240\n", stderr: "", status: 0 });
});

const POOL = path.join(import.meta.dirname, "../../../src/packing/workers/pool.ts");

function runScript(
  folder: string,
  script: string,
  args: readonly string[] = [],
): SpawnSyncReturns<string> {
  const file = path.join(folder, "script.mjs");
  fs.writeFileSync(file, script);
  return spawnSync(process.execPath, [...args, file], { encoding: "utf8", timeout: 20_000 });
}
