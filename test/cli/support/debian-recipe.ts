import * as fs from "node:fs";
import path from "node:path";
import { afterEach, beforeEach, expect, vi } from "vitest";
import { TestMirror } from "../../sources/debian/support/test-mirror.ts";
import type { SuiteOptions, TestPackage } from "../../sources/debian/support/test-mirror.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";
import { runHere } from "./run-here.ts";
import { workIn } from "./work-in.ts";

export type Packages = Readonly<Record<string, TestPackage>>;

const SYSTEM: Packages = {
  "base-passwd 1": {
    data: { "usr/share/base-passwd/passwd.master": "", "usr/share/base-passwd/group.master": "" },
  },
  "ca-certificates 1": { data: { "./usr/share/ca-certificates/mozilla/A.crt": "A" } },
  "base-files 1": {},
};
export const APP: Packages = { "app 1": { data: { "usr/bin/app": "app" } } };
export const DEB = "pool/app_1_amd64.deb";
export const RELEASE = "dists/stable/InRelease";

function contentOf(file: string): string | undefined {
  return fs.existsSync(file) ? fs.readFileSync(file, "utf8") : undefined;
}

export function flipLast(bytes: Buffer): Buffer {
  bytes[bytes.length - 1]! ^= 1;
  return bytes;
}

function build(...args: readonly string[]): ReturnType<typeof runHere> {
  return runHere("build", "--quiet", "-o", "x.tar", ...args);
}

/** A mirror of its own and a recipe that asks it for packages, anew for each test of a file. */
export function useDebianRecipe() {
  let mirror: TestMirror;
  let folder: string;
  beforeEach(async () => {
    mirror = await TestMirror.start();
    folder = temporaryFolder();
    workIn(folder);
    vi.stubEnv("no_proxy", "127.0.0.1");
    vi.stubEnv("VARVE_CACHE_DIR", path.join(folder, ".varve"));
    fs.writeFileSync("keys.asc", mirror.source().keyrings[0]!);
    ask("app");
  });
  afterEach(async () => {
    await mirror.stop();
    vi.unstubAllEnvs();
  });

  /** Writes the recipe. */
  function ask(packages: string | readonly string[], more: object = {}): void {
    const debian = [packages].flat();
    const contents = [
      { debian, mirror: mirror.url, suite: "stable", keyring: "keys.asc", ...more },
    ];
    const recipe = { name: "app", platform: "linux/amd64", contents };
    fs.writeFileSync("varve.config.json", JSON.stringify(recipe));
  }

  function publish(packages: Packages = APP, options: SuiteOptions = {}): Promise<void> {
    return mirror.publish({ ...SYSTEM, ...packages }, options);
  }

  /** What the user is told by a build that fails, places of the test's own aside. */
  async function refusal(...args: readonly string[]): Promise<string> {
    const lock = contentOf("varve.lock");
    const { status, stdout, stderr } = await build(...args);
    expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
    // Nothing is half written: neither here nor in the cache, once the last download has ended.
    await vi.waitFor(() => {
      const left = fs.readdirSync(".", { recursive: true, encoding: "utf8" });
      expect(left.filter((name) => /x\.tar|\.tmp$|\.partial$/.test(name))).toEqual([]);
    });
    if (lock !== undefined) expect(contentOf("varve.lock")).toBe(lock);
    return stderr
      .replaceAll(folder, "FOLDER")
      .replaceAll(/http:\/\/127\.0\.0\.1:\d+\//g, "MIRROR/")
      .replaceAll(/127\.0\.0\.1:\d+/g, "HOST")
      .replaceAll(/[0-9A-F]{16}/g, "KEY")
      .replaceAll(/[0-9a-f]{64}/g, "DIGEST")
      .replaceAll(/\d+ of \d+ bytes/g, "SOME of ALL bytes");
  }

  /** The same build with the fault removed. */
  async function works(...args: readonly string[]): Promise<void> {
    expect(await build(...args)).toEqual({ status: 0, stdout: "x.tar\n", stderr: "" });
  }

  /** And its cache is as good as a new one. */
  async function worksAsNew(...args: readonly string[]): Promise<void> {
    await works(...args);
    const afterwards = fs.readFileSync("x.tar");
    vi.stubEnv("VARVE_CACHE_DIR", path.join(folder, ".another"));
    await works(...args);
    expect(fs.readFileSync("x.tar").equals(afterwards)).toBe(true);
  }

  /** Changes a file of the mirror; the returned call changes it back. */
  function spoil(name: string, change: (bytes: Buffer) => Buffer | undefined): () => void {
    const good = mirror.files.get(name)!;
    const bad = change(Buffer.from(good));
    if (bad === undefined) mirror.files.delete(name);
    else mirror.files.set(name, bad);
    return () => mirror.files.set(name, good);
  }

  /** The path of the suite's index. */
  function indexName(): string {
    return [...mirror.files.keys()].findLast((name) => name.includes("/by-hash/"))!;
  }

  return {
    get mirror(): TestMirror {
      return mirror;
    },
    get folder(): string {
      return folder;
    },
    ask,
    publish,
    build,
    refusal,
    works,
    worksAsNew,
    spoil,
    indexName,
  };
}
