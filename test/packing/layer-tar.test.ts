import * as fs from "node:fs";
import { execFileSync, spawnSync } from "node:child_process";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { VarveError } from "../../src/errors.ts";
import { CHUNK_SIZE } from "../../src/packing/chunk-size.ts";
import { measureLayer, writeLayerTar } from "../../src/packing/layer-tar.ts";
import { pythonCodePoints } from "../../src/tar/byte-string.ts";
import { arbitraryTree, fileOf, folderOf } from "../support/arbitrary-tree.ts";
import type { TreeNode } from "../support/arbitrary-tree.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { entriesOf, layerOf, specOf, storePath, tarOf } from "./support/layers.ts";
import type { ReadEntry } from "./support/layers.ts";
import { errorOf } from "../support/failures.ts";

const PATH = storePath();
/** Two parents, the store path and one file take a header each: so far reaches the first buffer. */
const FIRST = CHUNK_SIZE - 4 * 512;

/** What the tar of a tree must hold, told from its description. */
function expectedEntries(at: string, node: TreeNode): ReadEntry[] {
  switch (node.type) {
    case "file":
      return [{ name: at, typeFlag: "0", mode: node.mode, link: "", content: node.content }];
    case "symlink":
      return [{ name: at, typeFlag: "2", mode: 0o777, link: node.target, content: "" }];
    case "directory":
      return [
        { name: `${at}/`, typeFlag: "5", mode: node.mode, link: "", content: "" },
        ...[...node.children]
          .toSorted(([a], [b]) => slowOrder(pythonCodePoints(a), pythonCodePoints(b)))
          .flatMap(([name, child]) => expectedEntries(`${at}/${name}`, child)),
      ];
    default:
      throw new Error(`unexpected ${node.type}`);
  }
}

function slowOrder(a: readonly number[], b: readonly number[]): number {
  const index = a.findIndex((point, at) => point !== b[at]);
  if (index === -1) return a.length - b.length;
  return index < b.length ? a[index]! - b[index]! : 1;
}

describe("the tar of a layer", () => {
  it("holds the parents, then every tree with all that it has, in order", () => {
    const root = temporaryFolder();
    let run = 0;
    fc.assert(
      fc.property(fc.array(arbitraryTree(), { maxLength: 2 }), (trees) => {
        run += 1;
        const paths = Object.fromEntries(
          trees.map((tree, index) => [storePath(`${run}-${index}`), tree]),
        );
        const spec = layerOf(root, paths);
        const tar = tarOf(spec);
        expect(entriesOf(tar)).toEqual([
          { name: "/nix/", typeFlag: "5", mode: 0o755, link: "", content: "" },
          { name: "/nix/store/", typeFlag: "5", mode: 0o755, link: "", content: "" },
          ...Object.entries(paths).flatMap(([path, tree]) => expectedEntries(path, tree)),
        ]);
        expect(measureLayer(spec).size).toBe(tar.length);
        expect(tar.length % 10_240).toBe(0);
        expect(tar.subarray(-1024).every((byte) => byte === 0)).toBe(true);
      }),
      { numRuns: 60 },
    );
  });

  it("has room for names and targets of every length", () => {
    const children: Record<string, TreeNode> = {};
    for (const length of [1, 52, 53, 54, 55, 56, 107, 108, 109, 110, 111, 254, 255]) {
      children["f".repeat(length)] = fileOf("x");
      children["d".repeat(length)] = folderOf({});
      children[`s${"l".repeat(length - 1)}`] = { type: "symlink", target: "t".repeat(length) };
    }
    const tree = folderOf(children);
    const tar = tarOf(layerOf(temporaryFolder(), { [PATH]: tree }));
    expect(entriesOf(tar).slice(2)).toEqual(expectedEntries(PATH, tree));
  });

  it("is of a file, or a symlink to anywhere, when the store path is", () => {
    const file = fileOf("content", 0o555);
    const link: TreeNode = { type: "symlink", target: "/nowhere" };
    const tar = tarOf(layerOf(temporaryFolder(), { [PATH]: file, [storePath("b")]: link }));
    expect(entriesOf(tar).slice(2)).toEqual([
      ...expectedEntries(PATH, file),
      ...expectedEntries(storePath("b"), link),
    ]);
  });

  it("does not tell hard links from files", () => {
    const [one, two] = [temporaryFolder(), temporaryFolder()];
    const a = fileOf("same");
    const linked = layerOf(one, {
      [PATH]: folderOf({ a, b: { type: "hardlink", to: `${one}${PATH}/a` } }),
    });
    const copied = layerOf(two, { [PATH]: folderOf({ a, b: a }) });
    expect(tarOf(linked)).toEqual(tarOf(copied));
  });

  it("does not depend on where the trees lie, nor on times on disk", () => {
    const [one, two] = [temporaryFolder(), temporaryFolder()];
    const tree = folderOf({ b: fileOf("1"), "a-": fileOf("2"), a: folderOf({ c: fileOf("3") }) });
    const first = tarOf(layerOf(one, { [PATH]: tree }));
    const spec = layerOf(two, { [PATH]: tree });
    fs.utimesSync(`${two}${PATH}/b`, 5, 5);
    expect(tarOf(spec)).toEqual(first);
  });

  it("goes as deep as paths do", () => {
    const root = temporaryFolder();
    const levels = 400;
    execFileSync("mkdir", ["-p", `${root}${PATH}${"/d".repeat(levels)}`]);
    const entries = entriesOf(tarOf(specOf(root, [PATH])));
    expect(entries.length).toBe(2 + 1 + levels);
    expect(entries.at(-1)!.name).toBe(`${PATH}${"/d".repeat(levels)}/`);
  });

  it("of nothing is the parents alone", () => {
    expect(entriesOf(tarOf(specOf("", []))).map(({ name }) => name)).toEqual([
      "/nix/",
      "/nix/store/",
    ]);
    expect(tarOf({ ...specOf("", []), parents: [] })).toEqual(Buffer.alloc(10_240));
  });
});

describe("the buffer's border", () => {
  it.each(
    [CHUNK_SIZE, 2 * CHUNK_SIZE, FIRST, FIRST + CHUNK_SIZE, FIRST - 512, FIRST - 1024]
      .flatMap((size) => [size - 1, size, size + 1])
      .concat([1, 512, 3 * CHUNK_SIZE + 7]),
  )("a file of %i bytes, then others", (size) => {
    const content = Buffer.alloc(size, "0123456789abcde").toString("latin1");
    const tree = folderOf({
      a: fileOf(content),
      b: fileOf("small"),
      c: fileOf(""),
      ["n".repeat(255)]: fileOf("x"),
    });
    const spec = layerOf(temporaryFolder(), { [PATH]: tree });
    const lengths: number[] = [];
    const total = writeLayerTar(spec, (bytes) => lengths.push(bytes.length));
    expect(Math.max(...lengths)).toBeLessThanOrEqual(CHUNK_SIZE);
    expect(Math.min(...lengths)).toBeGreaterThan(0);
    expect(measureLayer(spec).size).toBe(total);
    const found = entriesOf(tarOf(spec)).slice(2);
    // Compared by hand: toEqual on megabytes of text is slow.
    const expected = expectedEntries(PATH, tree);
    expect(found.length).toBe(expected.length);
    expect(found.every((entry, index) => entry.content === expected[index]!.content)).toBe(true);
    expect(found.map(({ name }) => name)).toEqual(expected.map(({ name }) => name));
  });

  it("asks for a fresh buffer before it writes on", () => {
    const spec = layerOf(temporaryFolder(), { [PATH]: fileOf("x".repeat(3 * CHUNK_SIZE)) });
    const buffers = Array.from({ length: 4 }, () => Buffer.alloc(CHUNK_SIZE));
    const parts: Buffer[] = [];
    let next = 0;
    writeLayerTar(spec, (bytes) => parts.push(bytes), { nextBuffer: () => buffers[next++]! });
    expect(Buffer.concat(parts).equals(tarOf(spec))).toBe(true);
  });
});

describe("a component that changes while it is packed", () => {
  /**
   * The files before `z`, so that the buffer is handed over at that moment: after the folder's
   * names were read, after lstat, after open.
   */
  const MOMENTS = {
    listed: { a: fileOf("x".repeat(2 * CHUNK_SIZE)) },
    measured: { a: fileOf("x".repeat(FIRST - 512)), b: fileOf("") },
    opened: { a: fileOf("x".repeat(FIRST - 512)) },
  };

  /** Packs a folder, and lets `change` do something to the file `z` of 5000 bytes in it meanwhile. */
  function packWhile(moment: keyof typeof MOMENTS, change: (z: string) => void): VarveError {
    const root = temporaryFolder();
    const children = { ...MOMENTS[moment], z: fileOf("y".repeat(5000), 0o644) };
    const spec = layerOf(root, { [PATH]: folderOf(children, 0o755) });
    let changed = false;
    const error = errorOf(() =>
      writeLayerTar(spec, () => {
        if (!changed) change(`${root}${PATH}/z`);
        changed = true;
      }),
    );
    expect(error.message).toContain(`${root}${PATH}/z `);
    expect(error.hint).toBeTruthy();
    return error;
  }

  it.each<[keyof typeof MOMENTS, string, (z: string) => void, RegExp]>([
    ["listed", "vanishes", (z) => fs.rmSync(z), /vanished while it was packed/],
    ["measured", "vanishes", (z) => fs.rmSync(z), /vanished while it was packed/],
    ["measured", "shrinks", (z) => fs.truncateSync(z, 4999), /no longer 5000 bytes/],
    ["measured", "is emptied", (z) => fs.truncateSync(z), /no longer 5000 bytes/],
    ["measured", "grows", (z) => fs.appendFileSync(z, "!"), /no longer 5000 bytes/],
    ["opened", "shrinks", (z) => fs.truncateSync(z, 4999), /no longer 5000 bytes/],
    ["opened", "grows", (z) => fs.appendFileSync(z, "!"), /no longer 5000 bytes/],
    ["measured", "becomes a symlink", replaceBy((z) => fs.symlinkSync("a", z)), /vanished/],
    ["measured", "becomes a folder", replaceBy((z) => fs.mkdirSync(z)), /vanished/],
    [
      "measured",
      "becomes a pipe",
      replaceBy((z) => execFileSync("mkfifo", [z])),
      /no longer 5000 bytes/,
    ],
  ])("once it is %s, the file %s", (moment, _, change, message) => {
    const error = packWhile(moment, change);
    expect(error.code).toBe("PACK_CHANGED");
    expect(error.message).toMatch(message);
  });

  it.each([
    1,
    2,
    FIRST + 1,
    FIRST + 2,
    CHUNK_SIZE,
    2 * CHUNK_SIZE - 1,
    2 * CHUNK_SIZE,
    2 * CHUNK_SIZE + 1,
  ])("a file of %i bytes that grows by one is noticed", (size) => {
    const root = temporaryFolder();
    // Small ones come after one that leaves no room for them.
    const before = size < FIRST ? { a: fileOf("x".repeat(FIRST - 512)) } : {};
    const z = fileOf("y".repeat(size), 0o644);
    const spec = layerOf(root, { [PATH]: folderOf({ ...before, z }, 0o755) });
    let grown = false;
    const error = errorOf(() =>
      writeLayerTar(spec, () => {
        if (!grown) fs.appendFileSync(`${root}${PATH}/z`, "!");
        grown = true;
      }),
    );
    expect(error.code).toBe("PACK_CHANGED");
    expect(error.message).toContain(`no longer ${size} bytes`);
  });

  it("a file that is replaced once it is open is packed as it was", () => {
    const root = temporaryFolder();
    const children = { ...MOMENTS.opened, z: fileOf("y".repeat(5000), 0o644) };
    const spec = layerOf(root, { [PATH]: folderOf(children, 0o755) });
    const expected = tarOf(spec);
    const parts: Buffer[] = [];
    writeLayerTar(spec, (bytes) => {
      if (parts.length === 0) {
        fs.rmSync(`${root}${PATH}/z`);
        fs.writeFileSync(`${root}${PATH}/z`, "new and longer");
      }
      parts.push(Buffer.from(bytes));
    });
    expect(Buffer.concat(parts).equals(expected)).toBe(true);
  });
});

describe("what does not go into a layer", () => {
  it("a store path that does not exist", () => {
    const root = temporaryFolder();
    const error = errorOf(() => tarOf(specOf(root, [PATH])));
    expect(error.code).toBe("PACK_MISSING");
    expect(error.message).toBe(`${root}${PATH} does not exist`);
    expect(error.hint).toBe("build or fetch it first");
  });

  it("a store path below a file", () => {
    const root = temporaryFolder();
    fs.writeFileSync(`${root}/nix`, "");
    expect(errorOf(() => tarOf(specOf(root, [PATH]))).message).toContain(`${root}${PATH}`);
  });

  it("a path longer than the system takes", () => {
    const from = `/${"d/".repeat(2050)}`;
    const error = errorOf(() => tarOf({ ...specOf("", []), trees: [{ at: "/d", from }] }));
    expect(error.code).toBe("PACK_UNREADABLE");
    expect(error.message).toContain("ENAMETOOLONG");
    expect(error.hint).toBeTruthy();
  });

  it.each<[string, (at: string) => void]>([
    ["named pipe", (at) => execFileSync("mkfifo", [at])],
    ["socket", (at) => listenOn(at)],
  ])("a %s", (kind, make) => {
    const root = temporaryFolder();
    const spec = layerOf(root, { [PATH]: folderOf({}, 0o755) });
    make(`${root}${PATH}/odd`);
    const error = errorOf(() => tarOf(spec));
    expect(error.code).toBe("PACK_UNSUPPORTED");
    expect(error.message).toMatch(new RegExp(`^${root}${PATH}/odd is a ${kind};`));
    expect(error.hint).toBeTruthy();
    expect(errorOf(() => measureLayer(spec).size).message).toBe(error.message);
  });

  it.each([".wh.", ".wh.x", ".wh..wh..opq"])("a file named %s, which would delete", (name) => {
    const root = temporaryFolder();
    const spec = layerOf(root, { [PATH]: folderOf({ d: folderOf({ [name]: fileOf("") }) }) });
    const error = errorOf(() => tarOf(spec));
    expect(error.code).toBe("PACK_UNSUPPORTED");
    expect(error.message).toContain(`${root}${PATH}/d/${name}: names that begin with ".wh."`);
    expect(error.hint).toBeTruthy();
  });

  it("but names that only look like it do", () => {
    const names = [".wh", ".who", "x.wh.y"];
    const children = Object.fromEntries(names.map((name) => [name, fileOf("")]));
    const entries = entriesOf(tarOf(layerOf(temporaryFolder(), { [PATH]: folderOf(children) })));
    expect(entries.slice(3).map(({ name }) => name)).toEqual(
      names.map((name) => `${PATH}/${name}`),
    );
  });
});

function replaceBy(make: (file: string) => void): (file: string) => void {
  return (file) => {
    fs.rmSync(file);
    make(file);
  };
}

/** A socket's file stays when its server is gone. */
function listenOn(at: string): void {
  const script = `require("net").createServer().listen(process.argv[1], () => process.kill(process.pid, "SIGKILL"))`;
  spawnSync(process.execPath, ["-e", script, at]);
}
