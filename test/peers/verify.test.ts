import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import * as fs from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runVarve } from "../support/run-varve.ts";
import { writeConf } from "../support/conf.ts";
import { createStorePaths } from "../support/store-tree.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { registryMissing, startDockerRegistry } from "./support/docker-registry.ts";
import type { DockerRegistry } from "./support/docker-registry.ts";

const STORE = [
  "/nix/store/00000000000000000000000000000000-libc-2.39",
  "/nix/store/11111111111111111111111111111111-app-1.0",
] as const;

interface Answer {
  readonly status: number | null;
  readonly stdout: string;
}

function varve(...args: readonly string[]): Answer {
  const { status, stdout } = runVarve([...args, "--quiet"]);
  return { status, stdout: stdout.toString("utf8") };
}

/** A conf with a layer of each path, and its store. */
function confIn(folder: string): readonly string[] {
  createStorePaths(
    folder,
    STORE.map((at) => ({ path: at, entries: [{ path: "", type: "directory", mode: "0755" }] })),
  );
  fs.writeFileSync(path.join(folder, STORE[0], "noise"), randomBytes(300_000));
  fs.writeFileSync(path.join(folder, STORE[1], "hello"), "hello\n");
  const conf = writeConf(folder, { store_layers: STORE.map((at) => [at]) });
  return ["--conf", conf, "--store-root", folder];
}

/** The same with one bit changed. */
function flip(bytes: Buffer): Buffer {
  const changed = Buffer.from(bytes);
  changed[200_000] = changed[200_000]! ^ 1;
  return changed;
}

function cut(bytes: Buffer): Buffer {
  return bytes.subarray(0, -7);
}

function skopeo(...args: readonly string[]): void {
  execFileSync("skopeo", args, { stdio: ["ignore", "ignore", "pipe"] });
}

const missing = registryMissing();

describe.skipIf(missing !== undefined)("varve verify and diff with docker-registry", () => {
  let registry: DockerRegistry;
  let folder: string;
  let sources: readonly string[];
  let pushed: string;

  beforeAll(async () => {
    registry = await startDockerRegistry();
    folder = path.join(registry.folder, "image");
    sources = confIn(folder);
    pushed = `${registry.host}/app:1`;
    expect(varve("push", ...sources, "-t", pushed)).toMatchObject({ status: 0 });
  });
  afterAll(() => registry.stop());

  /** Where the registry keeps a blob. */
  function blobFile(digest: string): string {
    const hex = digest.replace("sha256:", "");
    const place = `docker/registry/v2/blobs/sha256/${hex.slice(0, 2)}/${hex}/data`;
    return path.join(registry.folder, "data", place);
  }

  function blobs(): Array<{ readonly digest: string; readonly size: number }> {
    const raw = execFileSync(
      "skopeo",
      ["inspect", "--raw", "--tls-verify=false", `docker://${pushed}`],
      { encoding: "utf8" },
    );
    return (JSON.parse(raw) as { layers: Array<{ digest: string; size: number }> }).layers;
  }

  /** Spoils a blob in the registry's own storage while something is done. */
  function spoilt(digest: string, change: (bytes: Buffer) => Buffer, work: () => void): void {
    const file = blobFile(digest);
    const before = fs.readFileSync(file);
    fs.writeFileSync(file, change(before));
    try {
      work();
    } finally {
      fs.writeFileSync(file, before);
    }
  }

  it("proves what was pushed, whole and by its sources", () => {
    expect(varve("verify", pushed, "--deep")).toMatchObject({
      status: 0,
      stdout: expect.stringContaining(" is whole: 3 layers read and right") as string,
    });
    expect(varve("verify", pushed, ...sources)).toMatchObject({
      status: 0,
      stdout: expect.stringContaining("its sources give the same image: sha256:") as string,
    });
    expect(varve("diff", pushed, ...sources)).toMatchObject({ status: 0 });
  });

  it("finds a byte that is changed in the registry's storage, and says in which layer", () => {
    const { digest } = blobs()[0]!;
    spoilt(digest, flip, () => {
      expect(varve("verify", pushed)).toMatchObject({ status: 0 });
      const { status, stdout } = varve("verify", pushed, "--deep");
      expect(status).toBe(1);
      expect(stdout).toMatch(
        new RegExp(`^layer 1 ${digest.slice(0, 19)}: its blob has the digest`),
      );
    });
    spoilt(digest, cut, () => {
      expect(varve("verify", pushed, "--deep")).toMatchObject({ status: 1 });
    });
    expect(varve("verify", pushed, "--deep")).toMatchObject({ status: 0 });
  });

  it("finds a layer that the registry has lost, without reading any", () => {
    const { digest } = blobs()[1]!;
    const file = blobFile(digest);
    fs.renameSync(file, `${file}.lost`);
    try {
      const { status, stdout } = varve("verify", pushed);
      expect(status).toBe(1);
      expect(stdout).toContain(`layer 2 ${digest.slice(0, 19)}: is missing`);
    } finally {
      fs.renameSync(`${file}.lost`, file);
    }
  });

  it("proves images that skopeo has converted and compressed otherwise", () => {
    const layout = path.join(folder, "layout");
    skopeo(
      "copy",
      "--src-tls-verify=false",
      "--dest-compress-format=zstd",
      "--dest-compress",
      `docker://${pushed}`,
      `oci:${layout}:zstd`,
    );
    const archive = path.join(folder, "docker.tar");
    skopeo("copy", "--src-tls-verify=false", `docker://${pushed}`, `docker-archive:${archive}`);
    const schema2 = `${registry.host}/app:schema2`;
    skopeo(
      "copy",
      "--src-tls-verify=false",
      "--dest-tls-verify=false",
      "--format=v2s2",
      `docker://${pushed}`,
      `docker://${schema2}`,
    );
    for (const image of [`oci:${layout}:zstd`, archive, schema2]) {
      const { status, stdout } = varve("verify", image, "--deep", ...sources);
      expect({ image, status, stdout }).toMatchObject({ status: 0 });
      expect(stdout).toContain("its sources give the same image");
      expect(varve("diff", pushed, image, "--files")).toMatchObject({ status: 0 });
    }
  });

  it("tells in which file and byte the sources are others", () => {
    const other = temporaryFolder();
    const changed = confIn(other);
    fs.copyFileSync(path.join(folder, STORE[0], "noise"), path.join(other, STORE[0], "noise"));
    fs.writeFileSync(path.join(other, STORE[1], "hello"), "help!\n");
    const { status, stdout } = varve("verify", pushed, ...changed);
    expect(status).toBe(1);
    expect(stdout).toMatch(/\nlayer 2 sha256:\w{12} of app-1\.0: the sources give sha256:/);
    expect(stdout).toMatch(
      new RegExp(`\n {2}~ ${STORE[1].slice(1)}/hello {2}content from byte 3 on\n`),
    );
    const difference = varve("diff", pushed, "--files", "--json", ...changed);
    expect(difference.status).toBe(1);
    expect(JSON.parse(difference.stdout)).toMatchObject({
      config: [],
      layers: { onlyInA: [{ a: 1, isCompressed: true }], onlyInB: [{ b: 1 }] },
      files: { added: [], removed: [], changed: [{ path: `${STORE[1]}/hello` }] },
    });
  });

  it("tells trouble from an answer", () => {
    expect(varve("verify", `${registry.host}/nothing:1`)).toEqual({ status: 2, stdout: "" });
    expect(varve("diff", pushed, `${registry.host}/nothing:1`)).toEqual({ status: 2, stdout: "" });
    expect(varve("diff", pushed, "127.0.0.1:1/app:1")).toEqual({ status: 2, stdout: "" });
  });
});
