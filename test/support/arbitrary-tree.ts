import * as fs from "node:fs";
import * as fc from "fast-check";

/** A file, folder or symlink with what an image keeps of it. Names and targets are byte strings. */
export type TreeNode =
  | {
      readonly type: "file";
      readonly mode: number;
      readonly content: string;
      readonly size?: number;
    }
  | { readonly type: "symlink"; readonly target: string }
  | { readonly type: "hardlink"; readonly to: string }
  | {
      readonly type: "directory";
      readonly mode: number;
      readonly children: ReadonlyMap<string, TreeNode>;
    };

const FOLDER_BITS = 0o500;
const FILE_BITS = 0o400;

/** Pieces of names that have gone wrong somewhere, somewhen. */
const PIECES = [
  "a",
  "B",
  "0",
  "-",
  "+",
  ".",
  "..",
  "~",
  " ",
  "\n",
  "\t",
  "\\",
  "'",
  '"',
  "*",
  "?",
  "[",
  "é",
  "ß",
  "漢",
  "\u{202e}",
  "\u{200d}",
  "\u{ffff}",
  "😀",
  "e\u{301}",
].map((text) => Buffer.from(text, "utf8").toString("latin1"));
const TORN = ["\u{80}", "\u{c3}", "\u{e2}\u{82}", "\u{ed}\u{a0}\u{80}", "\u{ff}"];

const LENGTHS = [
  1, 2, 3, 49, 50, 51, 52, 53, 54, 55, 56, 98, 99, 100, 101, 154, 155, 156, 254, 255,
];

/** Any target that a symlink can have: absolute, relative, upwards, to nothing, of any bytes. */
const arbitraryTarget: fc.Arbitrary<string> = fc.oneof(
  arbitraryName(),
  fc.constantFrom("/nix/store", "..", ".", "../../x", "/", "//a/./b/"),
  fc.constantFrom(...[99, 100, 101, 255, 256, 1000].map((length) => "t".repeat(length))),
  fc.array(arbitraryName(), { minLength: 1, maxLength: 3 }).map((names) => names.join("/")),
);

/** Names that a file system takes: up to 255 bytes of anything but `/` and NUL. */
function arbitraryName(): fc.Arbitrary<string> {
  const piece = fc.oneof(
    { weight: 9, arbitrary: fc.constantFrom(...PIECES) },
    { weight: 1, arbitrary: fc.constantFrom(...TORN) },
  );
  const text = fc.array(piece, { minLength: 1, maxLength: 6 }).map((pieces) => pieces.join(""));
  return fc
    .oneof(
      { weight: 3, arbitrary: text },
      {
        weight: 1,
        arbitrary: fc
          .tuple(text, fc.constantFrom(...LENGTHS))
          .map(([name, length]) => name.padEnd(length, name).slice(0, Math.max(1, length))),
      },
    )
    .filter((name) => name !== "." && name !== ".." && !name.startsWith(".wh."));
}

/** Trees of a few levels with empty files and folders, odd modes, hard links and symlinks. */
export function arbitraryTree(depth = 3): fc.Arbitrary<TreeNode> {
  const mode = fc.constantFrom(0o444, 0o555, 0o644, 0o755, 0o4755, 0o2555, 0o1777, 0o7777, 0);
  const content = fc.oneof(
    fc.constantFrom("", "x", "y".repeat(511), "z".repeat(512), "w".repeat(513)),
    fc.string({ unit: "binary-ascii", maxLength: 40 }),
  );
  const leaf = fc.oneof(
    fc.tuple(content, mode).map(([text, bits]) => fileOf(text, bits | FILE_BITS)),
    arbitraryTarget.map((target): TreeNode => ({ type: "symlink", target })),
  );
  if (depth === 0) return leaf;
  const folder = fc
    .tuple(
      mode,
      fc.uniqueArray(fc.tuple(arbitraryName(), arbitraryTree(depth - 1)), {
        maxLength: 4,
        selector: ([name]) => name,
      }),
    )
    .map(([bits, children]): TreeNode => ({
      type: "directory",
      mode: bits | FOLDER_BITS,
      children: new Map(children),
    }));
  return fc.oneof({ weight: 2, arbitrary: folder }, { weight: 1, arbitrary: leaf });
}

/** Makes the tree on disk; `at` must not exist, its folder must. */
export function createTree(at: string, node: TreeNode): void {
  const path = Buffer.from(at, "latin1");
  switch (node.type) {
    case "file":
      fs.writeFileSync(path, Buffer.from(node.content, "latin1"));
      if (node.size !== undefined) fs.truncateSync(path, node.size);
      fs.chmodSync(path, node.mode);
      return;
    case "symlink":
      fs.symlinkSync(Buffer.from(node.target, "latin1"), path);
      return;
    case "hardlink":
      fs.linkSync(Buffer.from(node.to, "latin1"), path);
      return;
    case "directory":
      fs.mkdirSync(path);
      for (const [name, child] of node.children) createTree(`${at}/${name}`, child);
      fs.chmodSync(path, node.mode);
  }
}

/** A folder with these children. */
export function folderOf(children: Readonly<Record<string, TreeNode>>, mode = 0o555): TreeNode {
  return { type: "directory", mode, children: new Map(Object.entries(children)) };
}

/** A file with this content. */
export function fileOf(content: string, mode = 0o444): TreeNode {
  return { type: "file", mode, content };
}
