import { fileOf, folderOf } from "../../support/arbitrary-tree.ts";
import type { TreeNode } from "../../support/arbitrary-tree.ts";
import { latin1 } from "../../tar/support/arbitrary-name.ts";

/** Names and targets of every length at which something changes, and of every kind. */
export const AWKWARD: TreeNode = folderOf(
  {
    lengths: folderOf({
      ...each(40, 255, (length) => ["f".repeat(length), fileOf(`${length}`)]),
      ...each(40, 255, (length) => ["d".repeat(length), folderOf({})]),
    }),
    targets: folderOf(
      each(95, 260, (length) => [`${length}`, { type: "symlink", target: "t".repeat(length) }]),
    ),
    long: folderOf({
      most: { type: "symlink", target: "/x".repeat(2047) },
      umlauts: { type: "symlink", target: latin1("ä".repeat(120)) },
      ["n".repeat(200)]: folderOf({
        ["n".repeat(200)]: folderOf({ ["n".repeat(255)]: fileOf("x") }),
      }),
      [latin1("é".repeat(127))]: folderOf({ [latin1("漢".repeat(85))]: fileOf("x") }),
    }),
    order: folderOf({
      share: folderOf({ x: fileOf("1") }),
      "share-x": fileOf("2"),
      "share.y": fileOf("3"),
      "share ": fileOf("4"),
      Share: fileOf("5"),
      [latin1("\u{ffff}")]: fileOf("6"),
      [latin1("😀")]: fileOf("7"),
      "\u00ff": fileOf("8"),
      [latin1("é")]: fileOf("9"),
      [latin1("e\u{301}")]: fileOf("10"),
    }),
    odd: folderOf({
      [latin1("\u{202e}txt.exe")]: fileOf("right to left"),
      "new\nline": fileOf("x"),
      "\n": folderOf({ "\r": fileOf("x") }),
      " ": fileOf("x"),
      "-rf": fileOf("x"),
      "a\\b": fileOf("x"),
      "..a": fileOf("x"),
      "\u00c3(": fileOf("not UTF-8"),
      "to-bytes": { type: "symlink", target: "\u00ff\u00fe/\u00c3" },
      "to-newline": { type: "symlink", target: "a\nb" },
    }),
    modes: folderOf({
      ...Object.fromEntries(
        [0o400, 0o444, 0o555, 0o644, 0o755, 0o4755, 0o2755, 0o6711, 0o1444, 0o7777].map((mode) => [
          mode.toString(8),
          fileOf("x", mode),
        ]),
      ),
      sticky: folderOf({}, 0o1777),
      setgid: folderOf({}, 0o2755),
    }),
    empty: folderOf({}),
    "empty-file": fileOf(""),
    loop: { type: "symlink", target: "loop" },
    up: { type: "symlink", target: "../../../../etc/passwd" },
    root: { type: "symlink", target: "/" },
  },
  0o755,
);

function each(
  first: number,
  last: number,
  make: (length: number) => [string, TreeNode],
): Record<string, TreeNode> {
  return Object.fromEntries(
    Array.from({ length: last - first + 1 }, (_, index) => make(first + index)),
  );
}
