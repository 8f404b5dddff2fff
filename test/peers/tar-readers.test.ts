import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import path from "node:path";
import * as fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { LayerSpec } from "../../src/packing/layer-spec.ts";
import { measureLayer, writeLayerTar } from "../../src/packing/layer-tar.ts";
import { Packer } from "../../src/packing/packer.ts";
import { WorkerPool } from "../../src/packing/workers/pool.ts";
import type { TarCommon } from "../../src/tar/entry.ts";
import { layerOf, storePath, tarOf } from "../packing/support/layers.ts";
import { arbitraryTree, fileOf, folderOf } from "../support/arbitrary-tree.ts";
import type { TreeNode } from "../support/arbitrary-tree.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { latin1 } from "../tar/support/arbitrary-name.ts";
import { absent } from "./support/absent.ts";
import { AWKWARD } from "./support/awkward-tree.ts";
import { listFolder, sortedByName } from "./support/folder-listing.ts";
import type { ListedFile } from "./support/folder-listing.ts";
import { runWith } from "./support/run.ts";

const SUPPORT = path.join(import.meta.dirname, "support");
const UTF8 = { ...process.env, LC_ALL: "C.UTF-8", PYTHONUTF8: "1" };
const GIB = 2 ** 30;

/** Python writes device fields as NUL since 3.11, and dockerTools' layers are made by such a one. */
function isPythonOld(): boolean {
  const version = execFileSync("python3", [
    "-c",
    "import sys; print(sys.version_info[:2] < (3, 11))",
  ]);
  if (version.toString().trim() === "False") return false;
  console.warn("skipped: python3 is older than 3.11");
  return true;
}

function cpythonTar(spec: LayerSpec): Promise<Buffer> {
  const script = path.join(SUPPORT, "cpython-layer.py");
  return runWith("python3", [script], Buffer.from(JSON.stringify(spec)), { env: UTF8 });
}

describe.skipIf(absent(["python3"]) || isPythonOld())("the bytes of CPython's tarfile", () => {
  it("of names, targets and modes at every limit", async () => {
    const root = temporaryFolder();
    const spec = layerOf(root, {
      [storePath("a")]: AWKWARD,
      [storePath("file")]: fileOf("x"),
      [storePath("link")]: { type: "symlink", target: storePath("a") },
      [storePath("n".repeat(200))]: folderOf({ x: fileOf("") }),
    });
    fs.linkSync(`${root}${storePath("a")}/empty-file`, `${root}${storePath("a")}/hard-link`);
    const ours = tarOf(spec);
    expect(firstDifference(ours, await cpythonTar(spec))).toBe("none");
    expect(measureLayer(spec).size).toBe(ours.length);
  });

  it("of random trees, owners and dates", async () => {
    const root = temporaryFolder();
    const owners = fc.record<TarCommon>({
      uid: fc.constantFrom(0, 1000, 2 ** 21 - 1, 2 ** 21, 2 ** 32 - 2),
      gid: fc.constantFrom(0, 100, 2 ** 21 - 1, 2 ** 21),
      uname: fc.constantFrom("", "root", "ünïcode", "u".repeat(32), "u".repeat(33)),
      gname: fc.constantFrom("", "root", "gröüp", "g".repeat(40)),
      mtime: fc.constantFrom(0, 1, 315_532_800, -1, -(2 ** 40), 2 ** 33 - 1, 2 ** 33, 2 ** 45),
    });
    let run = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(arbitraryTree(3), { minLength: 5, maxLength: 15 }),
        owners,
        async (trees, common) => {
          run += 1;
          const named = trees.map((tree, index) => [storePath(`${run}-${index}`), tree] as const);
          const spec = layerOf(root, Object.fromEntries(named), common);
          expect(firstDifference(tarOf(spec), await cpythonTar(spec))).toBe("none");
        },
      ),
      { numRuns: 20 },
    );
  });
});

/** Where two tars differ, in words: a diff of megabytes helps nobody. */
function firstDifference(ours: Buffer, theirs: Buffer): string {
  if (ours.equals(theirs)) return "none";
  const at = ours.findIndex((byte, index) => byte !== theirs[index]);
  const around = (bytes: Buffer): string => bytes.toString("latin1", Math.max(0, at - 60), at + 60);
  return `lengths ${ours.length}, ${theirs.length}; at ${at}: ${JSON.stringify([around(ours), around(theirs)])}`;
}

/** What GNU tar, bsdtar and Python read, each in its own way. */
const READERS: Readonly<Record<string, (tar: Buffer) => Promise<ListedFile[]>>> = {
  tar: (tar) => extracted(tar, "tar", ["--extract", "--preserve-permissions", "--file=-"]),
  bsdtar: (tar) => extracted(tar, "bsdtar", ["-x", "-p", "-f", "-"]),
  python3: async (tar) => {
    const json = await runWith("python3", [path.join(SUPPORT, "cpython-list.py")], tar, {
      env: UTF8,
    });
    return JSON.parse(json.toString("utf8")) as ListedFile[];
  },
};

async function extracted(tar: Buffer, program: string, args: string[]): Promise<ListedFile[]> {
  const folder = temporaryFolder();
  await runWith(program, args, tar, { cwd: folder, env: UTF8 });
  return listFolder(folder);
}

/** bsdtar composes what stands decomposed in a name: é of e and an accent becomes one character. */
function composed(node: TreeNode): TreeNode {
  if (node.type === "symlink") return { ...node, target: composedName(node.target) };
  if (node.type !== "directory") return node;
  const children = [...node.children].map(([name, child]): [string, TreeNode] => [
    composedName(name),
    composed(child),
  ]);
  return { ...node, children: new Map(children) };
}

function composedName(name: string): string {
  return name.replaceAll(latin1("e\u{301}"), latin1("é"));
}

describe.each(Object.keys(READERS))("%s", (program) => {
  const read = READERS[program]!;
  const readable = program === "bsdtar" ? composed : (node: TreeNode): TreeNode => node;

  async function expectSameTree(trees: Readonly<Record<string, TreeNode>>): Promise<void> {
    const root = temporaryFolder();
    const named = Object.entries(trees).map(([at, tree]) => [at, readable(tree)] as const);
    const spec = layerOf(root, Object.fromEntries(named));
    const parents = ["nix", "nix/store"].map((name): ListedFile => ({
      name,
      type: "directory",
      mode: 0o755,
      size: 0,
      link: "",
    }));
    const expected = spec.trees.flatMap(({ at }) => listFolder(root, at.slice(1)));
    const found = await read(tarOf(spec));
    expect(sortedByName(found)).toEqual(sortedByName([...parents, ...expected]));
  }

  it.skipIf(absent([program]))("reads back what is at every limit", () =>
    expectSameTree({ [storePath("a")]: AWKWARD }),
  );

  it.skipIf(absent([program]))("reads back random trees", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(arbitraryTree(3), { minLength: 5, maxLength: 15 }), (trees) =>
        expectSameTree(
          Object.fromEntries(trees.map((tree, index) => [storePath(`${index}`), tree])),
        ),
      ),
      { numRuns: 12 },
    );
  });
});

describe("a file of more than 8 GiB", () => {
  const size = 8 * GIB + 1;
  const pool = new WorkerPool(2);
  let spec: LayerSpec;
  let folder: string;
  beforeAll(() => {
    folder = fs.mkdtempSync("/tmp/varve-huge-");
    const huge = { type: "file", mode: 0o444, content: "begins", size } as const;
    spec = layerOf(folder, { [storePath("a")]: folderOf({ huge, z: fileOf("after it") }) });
  });
  afterAll(async () => {
    await pool.close();
    fs.rmSync(folder, { recursive: true });
  });

  it.skipIf(absent(["tar"]))("is read by GNU tar, with what comes after it", async () => {
    const length = measureLayer(spec).size;
    const pipe = path.join(folder, "pipe");
    execFileSync("mkfifo", [pipe]);
    const listed = runWith("tar", [
      "--list",
      "--verbose",
      "--blocking-factor=2048",
      `--file=${pipe}`,
    ]);
    const fd = fs.openSync(pipe, "w");
    await new Packer({ pool }).write(spec, fd, length);
    fs.closeSync(fd);
    const listing = await listed;
    expect(listing.toString("utf8")).toMatch(
      new RegExp(` ${size} .*${storePath("a")}/huge\\n.* 8 .*${storePath("a")}/z\\n$`, "s"),
    );
    expect(length).toBe(Math.ceil((size + 511 + 8 * 512 + 1024) / 10_240) * 10_240);
  });

  it.skipIf(absent(["python3"]) || isPythonOld())("has CPython's headers", async () => {
    const beginning = 16 * 512;
    const script = path.join(SUPPORT, "cpython-layer.py");
    const theirs = await runWith(
      "sh",
      ["-c", 'python3 "$0" 2>/dev/null | head -c "$1"', script, String(beginning)],
      Buffer.from(JSON.stringify(spec)),
      { env: UTF8 },
    );
    const ours: Buffer[] = [];
    const enough = new Error("enough");
    expect(() =>
      writeLayerTar(spec, (bytes) => {
        ours.push(Buffer.from(bytes));
        throw enough;
      }),
    ).toThrow(enough);
    expect(firstDifference(Buffer.concat(ours).subarray(0, beginning), theirs)).toBe("none");
  });
});
