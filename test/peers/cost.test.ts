import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import path from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { makeStore, storePath } from "../sources/nix/support/test-store.ts";
import { writeConf } from "../support/conf.ts";
import { VARVE } from "../support/run-varve.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { absent } from "./support/absent.ts";

/** What times are made of, and what no busy machine changes: calls to the system. */
const PATHS = ["one", "two", "three", "four"];
const FOLDERS = 5;
const FILES = 40;
const FILE_BYTES = 1000;
const ALL_FILES = PATHS.length * FOLDERS * FILES;
/** With the paths themselves. */
const ALL_FOLDERS = PATHS.length * (FOLDERS + 1);
const ENTRIES = ALL_FILES + ALL_FOLDERS;

/** Calls that concern what is in the layers. */
interface Calls {
  /** Opened files, and folders that were listed. */
  readonly files: number;
  readonly folders: number;
  /** Names that were looked at without being opened. */
  readonly looks: number;
  /** From opened files. */
  readonly reads: number;
  readonly bytes: number;
  /** Store paths of which a file was opened. */
  readonly paths: readonly string[];
  /** Of all kinds. */
  readonly all: number;
}

let root: string;
let cache: string;

function traced(args: readonly string[], env: NodeJS.ProcessEnv = {}): Calls {
  const trace = path.join(temporaryFolder(), "trace");
  const strace = ["-f", "-qq", "-y", "-o", trace];
  const program = [process.execPath, VARVE, ...args, "--store-root", root, "--quiet"];
  const { status, stderr } = spawnSync("strace", [...strace, ...program], {
    env: { ...process.env, VARVE_CACHE_DIR: cache, ...env },
    maxBuffer: 1 << 30,
  });
  expect(`${status}: ${stderr.toString("utf8")}`).toBe("0: ");
  return callsIn(whole(fs.readFileSync(trace, "utf8").split("\n")));
}

/** Calls that another thread's interrupted are two lines: joined again. */
function whole(lines: readonly string[]): string[] {
  const begun = new Map<string, string>();
  return lines.flatMap((line) => {
    const thread = line.slice(0, line.indexOf(" "));
    if (line.endsWith("<unfinished ...>")) {
      begun.set(thread, line.replace("<unfinished ...>", ""));
      return [];
    }
    const resumed = /<\.\.\. \w+ resumed>/.exec(line);
    if (resumed === null) return [line];
    return [(begun.get(thread) ?? "") + line.slice(resumed.index + resumed[0].length)];
  });
}

function callsIn(lines: readonly string[]): Calls {
  const store = `${root}/nix/store/`;
  const inStore = lines.filter((line) => line.includes(store));
  const opened = inStore.filter((line) => / openat\(/.test(line));
  const folders = opened.filter((line) => line.includes("O_DIRECTORY"));
  const files = opened.filter((line) => !line.includes("O_DIRECTORY"));
  const reads = inStore.filter((line) => / read\(/.test(line));
  const places = PATHS.map(storePath).filter((at) =>
    files.some((line) => line.includes(`${root}${at}`)),
  );
  return {
    files: files.length,
    folders: folders.length,
    looks: inStore.filter((line) => / (?:statx|newfstatat)\(.*?"[^"]+"/.test(line)).length,
    reads: reads.length,
    bytes: reads.reduce((sum, line) => sum + Number(/= (\d+)$/.exec(line)?.[1] ?? 0), 0),
    paths: places,
    all: inStore.length,
  };
}

function makeContent(name: string): void {
  const place = path.join(root, storePath(name));
  fs.rmSync(place, { recursive: true, force: true });
  for (let folder = 0; folder < FOLDERS; folder += 1) {
    fs.mkdirSync(path.join(place, `folder${folder}`), { recursive: true });
    for (let file = 0; file < FILES; file += 1) {
      const text = "".padEnd(FILE_BYTES, `${name} ${folder} ${file} `);
      fs.writeFileSync(path.join(place, `folder${folder}`, `file${file}`), text);
    }
  }
}

function confOf(names: readonly string[]): string {
  return writeConf(root, { store_layers: names.map((name) => [storePath(name)]) });
}

describe.skipIf(absent(["strace"]))("what work costs, in calls to the system", () => {
  beforeEach(() => {
    root = temporaryFolder();
    cache = temporaryFolder();
    makeStore(
      root,
      [...PATHS, "five"].map((name) => ({ name })),
    );
    for (const name of [...PATHS, "five"]) makeContent(name);
    // Layers of one length are hashed, to find out whether they are the same.
    fs.writeFileSync(path.join(root, storePath("five"), "more"), "more".repeat(5000));
  });

  const ONCE = { files: ALL_FILES, folders: ALL_FOLDERS, reads: ALL_FILES };

  it("a layer with an unknown digest is walked once and read once", () => {
    const calls = traced(["stream", "--conf", confOf(PATHS), "--no-cache"]);
    expect(calls).toMatchObject({ ...ONCE, bytes: ALL_FILES * FILE_BYTES });
    // Each path is looked at once more, to say that it does not exist if it does not.
    expect(calls.looks).toBeGreaterThanOrEqual(ENTRIES);
    expect(calls.looks).toBeLessThan(ENTRIES + 4 * PATHS.length);
  });

  it("so is one with a known digest", () => {
    const calls = traced(["stream", "--conf", confOf(PATHS)]);
    expect(calls).toMatchObject({ ...ONCE, bytes: ALL_FILES * FILE_BYTES });
    expect(calls.looks).toBeLessThan(ENTRIES + 4 * PATHS.length);
  });

  it("so is one that is compressed, and one that goes into an OCI layout", () => {
    const folder = temporaryFolder();
    const gzip = ["build", "--conf", confOf(PATHS), "-o", path.join(folder, "image.tar.gz")];
    expect(traced(gzip)).toMatchObject(ONCE);
    const layout = ["build", "--conf", confOf(PATHS), "-o", `oci:${folder}/layout`];
    expect(traced([...layout, "--no-cache"])).toMatchObject(ONCE);
  });

  it("of a changed image only the changed layer is read, of the same one none", () => {
    const layout = `oci:${temporaryFolder()}/layout`;
    const build = (names: readonly string[]): Calls =>
      traced(["build", "--conf", confOf(names), "-o", layout]);
    expect(build(PATHS).paths).toEqual(PATHS.map(storePath));
    expect(build(PATHS)).toMatchObject({ files: 0, folders: 0, bytes: 0 });
    const changed = build(["one", "two", "three", "five"]);
    expect(changed.paths).toEqual([]);
    expect(changed).toMatchObject({ files: FOLDERS * FILES + 1, folders: FOLDERS + 1 });
  });

  it("what a file costs is four calls: looked at, opened, read, closed", () => {
    const few = traced(["stream", "--conf", confOf(["one"])]).all;
    const many = traced(["stream", "--conf", confOf(PATHS)]).all;
    const more = ALL_FILES - FOLDERS * FILES;
    expect((many - few) / more).toBeLessThan(4.3);
  });
});
