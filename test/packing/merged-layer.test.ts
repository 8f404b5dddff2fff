import * as fs from "node:fs";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { VarveError } from "../../src/errors.ts";
import { digestOf } from "../../src/image/digest.ts";
import { contentKey, specName } from "../../src/packing/content-key.ts";
import type { GeneratedEntry, LayerSpec, Tree, TreeRules } from "../../src/packing/layer-spec.ts";
import { CHUNK_SIZE } from "../../src/packing/chunk-size.ts";
import { measureLayer, writeLayerTar } from "../../src/packing/layer-tar.ts";
import { Packer } from "../../src/packing/packer.ts";
import { WorkerPool } from "../../src/packing/workers/pool.ts";
import { compareNames } from "../../src/tar/byte-string.ts";
import type { Owner, Xattrs } from "../../src/tar/entry.ts";
import { readMembers } from "../../src/tar/reader.ts";
import { arbitraryTree, createTree, fileOf, folderOf } from "../support/arbitrary-tree.ts";
import type { TreeNode } from "../support/arbitrary-tree.ts";
import { errorOf } from "../support/failures.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { ROOT, tarOf } from "./support/layers.ts";

const APP: Owner = { uid: 1000, gid: 1001, uname: "app", gname: "apps" };
const ROOT_OWNER: Owner = { uid: 0, gid: 0, uname: "root", gname: "root" };
/** cap_net_bind_service=+ep, as a kernel keeps it. */
const CAPABILITY = "\u{1}\0\0\u{2}\0\u{4}\0\0\0\0\0\0\0\0\0\0\0\0\0\0";

/** An entry with everything that it says. */
interface Read {
  readonly name: string;
  readonly type: string;
  readonly mode: number;
  readonly link: string;
  readonly content: string;
  readonly owner: Owner;
  readonly xattrs?: Xattrs | undefined;
}

function readAll(spec: LayerSpec): Read[] {
  const tar = tarOf(spec);
  expect(measureLayer(spec).size).toBe(tar.length);
  return [...readMembers((at, length) => tar.subarray(at, at + length))].map((member) => ({
    name: member.name,
    type: { "0": "file", "2": "symlink", "5": "directory" }[member.typeFlag]!,
    mode: member.mode,
    link: member.link,
    content: tar.toString("latin1", member.offset, member.offset + member.size),
    owner: member.owner,
    xattrs: member.xattrs,
  }));
}

/** One line an entry, for tests by example. */
function listing(spec: LayerSpec): string[] {
  return readAll(spec).map(({ name, mode, link, content, owner }) => {
    const what = link === "" ? content : `-> ${link}`;
    return `${mode.toString(8)} ${owner.uid} ${name} ${what}`.trimEnd();
  });
}

function treeOf(root: string, name: string, node: TreeNode): string {
  createTree(`${root}/${name}`, node);
  return `${root}/${name}`;
}

function merged(trees: readonly Tree[], entries: readonly GeneratedEntry[] = []): LayerSpec {
  return { parents: [], trees, entries, common: ROOT };
}

describe("a merged layer", () => {
  it("has one order, every folder once and before what it holds", () => {
    const root = temporaryFolder();
    const one = treeOf(
      root,
      "one",
      folderOf({ b: folderOf({ y: fileOf("1") }), "b-": fileOf("2") }),
    );
    const two = treeOf(root, "two", folderOf({ b: folderOf({ x: fileOf("3") }), a: fileOf("4") }));
    const deep = treeOf(root, "deep", folderOf({ z: fileOf("5") }));
    const spec = merged(
      [
        { at: "/srv/app", from: one },
        { at: "/srv/app", from: two },
        { at: "/srv/app/b/deep", from: deep },
      ],
      [
        { at: "/etc/passwd", type: "file", content: "root" },
        { at: "/srv/app/b/l", type: "symlink", target: "../../nowhere" },
        { at: "/tmp", type: "directory", mode: 0o1777 },
      ],
    );
    expect(listing(spec)).toEqual([
      "755 0 /etc/",
      "644 0 /etc/passwd root",
      "755 0 /srv/",
      "555 0 /srv/app/",
      "444 0 /srv/app/a 4",
      "555 0 /srv/app/b/",
      "555 0 /srv/app/b/deep/",
      "444 0 /srv/app/b/deep/z 5",
      "777 0 /srv/app/b/l -> ../../nowhere",
      "444 0 /srv/app/b/x 3",
      "444 0 /srv/app/b/y 1",
      "444 0 /srv/app/b- 2",
      "1777 0 /tmp/",
    ]);
    const turned = { ...spec, trees: spec.trees.toReversed(), entries: spec.entries!.toReversed() };
    expect(tarOf(turned).equals(tarOf(spec))).toBe(true);
  });

  it("has the modes that its rules say, whatever the umask was", () => {
    const root = temporaryFolder();
    const odd = folderOf(
      { f: fileOf("", 0o600), x: fileOf("", 0o4711), p: fileOf("", 0o400) },
      0o700,
    );
    const from = treeOf(root, "odd", odd);
    const rules: TreeRules = {
      modes: "normalised",
      executables: ["p"],
      owner: APP,
      overrides: { f: { mode: 0o4750, owner: ROOT_OWNER }, "": { mode: 0o1777 } },
    };
    expect(listing(merged([{ at: "/o", from, rules }]))).toEqual([
      "1777 1000 /o/",
      "4750 0 /o/f",
      "755 1000 /o/p",
      "755 1000 /o/x",
    ]);
    expect(listing(merged([{ at: "/o", from }]))).toEqual([
      "700 0 /o/",
      "600 0 /o/f",
      "400 0 /o/p",
      "4711 0 /o/x",
    ]);
  });

  it("leaves out by place and by name, or takes what is listed", () => {
    const root = temporaryFolder();
    const from = treeOf(
      root,
      "t",
      folderOf({
        ".git": folderOf({ x: fileOf("") }),
        node_modules: folderOf({ m: fileOf("") }),
        lib: folderOf({
          node_modules: fileOf(""),
          ".git": fileOf(""),
          a: fileOf(""),
          b: fileOf(""),
        }),
      }),
    );
    const names = (rules: TreeRules): string[] =>
      readAll(merged([{ at: "/t", from, rules }])).map(({ name }) => name);
    expect(names({ without: { paths: ["node_modules"], names: [".git"] } })).toEqual([
      "/t/",
      "/t/lib/",
      "/t/lib/a",
      "/t/lib/b",
      "/t/lib/node_modules",
    ]);
    expect(names({ only: ["node_modules", "lib/a"] })).toEqual([
      "/t/",
      "/t/lib/",
      "/t/lib/a",
      "/t/node_modules/",
    ]);
    expect(names({ only: [] })).toEqual(["/t/"]);
  });

  it.each(["lib/gone", "lib/a/gone"])("refuses a listed %s that is not there", (gone) => {
    const root = temporaryFolder();
    const from = treeOf(root, "t", folderOf({ lib: folderOf({ a: fileOf("") }) }));
    const error = errorOf(() => tarOf(merged([{ at: "/t", from, rules: { only: [gone] } }])));
    expect(error.code).toBe("PACK_CHANGED");
    expect(error.message).toContain(`${from}/lib/`);
  });

  it("lays a tree onto the root, which is no entry", () => {
    const root = temporaryFolder();
    const etc = treeOf(root, "r", folderOf({ etc: folderOf({ hosts: fileOf("h") }) }));
    const one = treeOf(root, "one", folderOf({ a: fileOf("") }, 0o700));
    const spec = merged([
      { at: "", from: etc },
      { at: "", from: one },
    ]);
    expect(listing(spec)).toEqual(["444 0 /a", "555 0 /etc/", "444 0 /etc/hosts h"]);
  });

  it("carries extended attributes of any bytes", () => {
    const root = temporaryFolder();
    const from = treeOf(root, "server", fileOf("#!", 0o755));
    const xattrs = { "user.note": "\u{ff}\0\n=", "security.capability": CAPABILITY };
    const spec = merged(
      [{ at: "/bin/server", from, rules: { overrides: { "": { xattrs } } } }],
      [{ at: "/generated", type: "file", content: "x", xattrs, owner: APP }],
    );
    expect(readAll(spec).filter(({ type }) => type === "file")).toMatchObject([
      { name: "/bin/server", xattrs, owner: ROOT_OWNER },
      { name: "/generated", xattrs, owner: APP },
    ]);
    expect(tarOf(spec).includes("hdrcharset")).toBe(false);
  });

  it.each([0, 1, 511, 512, CHUNK_SIZE - 1, CHUNK_SIZE, 2 * CHUNK_SIZE + 1])(
    "holds generated content of %i bytes",
    (length) => {
      const content = Buffer.alloc(length, "0123456789abcde\u{ff}", "latin1").toString("latin1");
      const entries = [
        { at: "/a", type: "file", content },
        { at: "/b", type: "file", content: "after" },
      ] as const;
      const [a, b] = readAll(merged([], entries));
      expect(a!.content === content).toBe(true);
      expect(b!.content).toBe("after");
    },
  );
});

it("is made by workers as it is here", async () => {
  const from = treeOf(temporaryFolder(), "t", folderOf({ f: fileOf("x", 0o600) }));
  const rules: TreeRules = { modes: "normalised", only: ["f"], overrides: { f: { owner: APP } } };
  const xattrs = { "security.capability": CAPABILITY };
  const spec = merged(
    [{ at: "/t", from, rules }],
    [{ at: "/g", type: "file", content: "\u{ff}", xattrs }],
  );
  const pool = new WorkerPool(1);
  const packer = new Packer({ pool });
  const tar = tarOf(spec);
  try {
    expect(await packer.measure(spec)).toBe(tar.length);
    expect(await packer.digest(spec)).toEqual({ diffId: digestOf(tar), size: tar.length });
  } finally {
    await pool.close();
  }
});

describe("two that want one path", () => {
  const file = { at: "/a/f", type: "file", content: "1" } as const;

  it.each<[string, GeneratedEntry]>([
    ["another content", { ...file, content: "2" }],
    ["another length", { ...file, content: "" }],
    ["another mode", { ...file, mode: 0o600 }],
    ["another owner", { ...file, owner: APP }],
    ["other attributes", { ...file, xattrs: { "user.a": "" } }],
    ["a symlink", { at: "/a/f", type: "symlink", target: "f" }],
    ["a folder", { at: "/a/f", type: "directory" }],
    ["something below it", { at: "/a/f/g", type: "directory" }],
    ["an ancestor that is none", { at: "/a", type: "symlink", target: "b" }],
  ])("are refused: %s", (_, other) => {
    const error = errorOf(() => tarOf(merged([], [file, other])));
    expect(error.code).toBe("PACK_CONFLICT");
    expect(error.message).toContain("/a");
    expect(error.hint).toBeTruthy();
    expect(errorOf(() => measureLayer(merged([], [file, other])).size).code).toBe("PACK_CONFLICT");
  });

  it("are both named", () => {
    const root = temporaryFolder();
    const one = treeOf(root, "one", folderOf({ d: folderOf({ f: fileOf("1") }) }));
    const two = treeOf(root, "two", folderOf({ d: folderOf({ f: fileOf("2") }) }));
    const both = [
      { at: "/x", from: one },
      { at: "/x", from: two },
    ];
    const { message } = errorOf(() => tarOf(merged(both)));
    expect(message).toBe(
      `/x/d/f is placed twice, by ${one}/d/f and by ${two}/d/f: different content`,
    );
  });

  it("share it when they want the same, wherever it lies", () => {
    const root = temporaryFolder();
    const content = "c".repeat(600_000);
    const one = treeOf(root, "one", fileOf(content, 0o644));
    const two = treeOf(root, "two", fileOf(content, 0o644));
    const entries = [{ at: "/f", type: "file", content }] as const;
    const spec = merged(
      [
        { at: "/f", from: one },
        { at: "/f", from: two },
      ],
      entries,
    );
    expect(tarOf(spec).equals(tarOf(merged([], entries)))).toBe(true);
    fs.chmodSync(two, 0o600);
    expect(errorOf(() => tarOf(spec)).message).toContain("modes 0644 and 0600");
    fs.chmodSync(two, 0o644);
    fs.writeFileSync(two, `${"c".repeat(599_999)}d`);
    expect(errorOf(() => tarOf(spec)).message).toContain("different content");
  });
});

/** Writes to a file; at once it could fall into the same tick of the file system's clock. */
function overwrite(file: string): void {
  const before = fs.statSync(file).ctimeMs;
  do fs.writeFileSync(file, "other");
  while (fs.statSync(file).ctimeMs === before);
}

function stamped(): { spec: LayerSpec; file: string } {
  const root = temporaryFolder();
  const from = treeOf(root, "t", folderOf({ a: fileOf("x".repeat(2 * CHUNK_SIZE)) }, 0o755));
  const file = `${from}/z`;
  fs.writeFileSync(file, "first");
  const stamps = { z: fs.statSync(file).ctimeMs };
  return { spec: merged([{ at: "/t", from, rules: { stamps } }]), file };
}

describe("a file whose content was looked at before", () => {
  it("is packed when nobody has written to it", () => {
    const { spec } = stamped();
    expect(readAll(spec).at(-1)!.content).toBe("first");
  });

  it("is refused when somebody has, though its length is the same", () => {
    const { spec, file } = stamped();
    overwrite(file);
    expect(errorOf(() => measureLayer(spec).size)).toMatchObject({
      code: "PACK_CHANGED",
      message: `${file} was changed after its content had been looked at`,
    });
  });

  it("even if it happens while it is packed", () => {
    const { spec, file } = stamped();
    let written = false;
    const error = errorOf(() =>
      writeLayerTar(spec, () => {
        if (!written) overwrite(file);
        written = true;
      }),
    );
    expect(error.code).toBe("PACK_CHANGED");
  });
});

it.each(["a", "/", "/a/", "/a//b", "/a/./b", "/../a", "/a\0"])("%j is no place", (at) => {
  const error = errorOf(() => tarOf(merged([], [{ at, type: "directory" }])));
  expect(error.code).toBe("PACK_UNSUPPORTED");
});

it("a generated name may not delete", () => {
  const entry = { at: "/a/.wh.b", type: "file", content: "" } as const;
  expect(errorOf(() => tarOf(merged([], [entry]))).message).toContain(".wh.");
});

describe("trees with rules, whatever they are", () => {
  const rules: fc.Arbitrary<TreeRules> = fc.record({
    modes: fc.constantFrom("as-is" as const, "normalised" as const),
    owner: fc.constantFrom(APP, ROOT_OWNER),
    without: fc.record({ names: fc.subarray(["a", "B", "0", "-"]) }),
  });
  const placed = fc.record({
    at: fc.constantFrom("/p", "/p/q", "/p/a", "/z", ""),
    node: arbitraryTree(2),
    rules,
  });

  it("come back as declared, or the conflict is told", () => {
    const root = temporaryFolder();
    let run = 0;
    let conflicts = 0;
    fc.assert(
      fc.property(fc.array(placed, { minLength: 1, maxLength: 3 }), (declared) => {
        run += 1;
        const trees = declared.map(({ at, node, rules: own }, index) => ({
          at,
          from: treeOf(root, `${run}-${index}`, node),
          rules: own,
        }));
        const spec: LayerSpec = { parents: [], trees, common: ROOT };
        const expected = expectedOf(declared);
        if (expected === undefined) {
          conflicts += 1;
          expect(errorOf(() => tarOf(spec)).code).toBe("PACK_CONFLICT");
        } else {
          expect(readAll(spec)).toEqual(expected);
        }
      }),
      { numRuns: 120 },
    );
    expect(conflicts).toBeLessThan(run);
  });
});

/** The same, told from the description alone; undefined where two contradict each other. */
function expectedOf(
  declared: ReadonlyArray<{ at: string; node: TreeNode; rules: TreeRules }>,
): Read[] | undefined {
  const found = new Map<string, Read>();
  try {
    for (const { at, node, rules: own } of declared) addTree(found, at, node, own);
  } catch (error) {
    if (error instanceof VarveError) throw error;
    return undefined;
  }
  for (const path of Array.from(found.keys())) {
    let folder = path.slice(0, Math.max(0, path.lastIndexOf("/")));
    while (folder !== "") {
      const above = found.get(folder);
      if (above !== undefined && above.type !== "directory") return undefined;
      found.set(folder, above ?? parent(folder));
      folder = folder.slice(0, folder.lastIndexOf("/"));
    }
  }
  const rootEntry = found.get("");
  if (rootEntry !== undefined && rootEntry.type !== "directory") {
    return found.size === 1 ? [] : undefined;
  }
  found.delete("");
  return [...found].toSorted(([a], [b]) => byParts(a, b)).map(([, entry]) => entry);
}

function addTree(found: Map<string, Read>, at: string, node: TreeNode, own: TreeRules): void {
  const normal = own.modes === "normalised";
  const common = { name: at, owner: own.owner!, link: "", content: "" };
  let entry: Read;
  if (node.type === "symlink") {
    entry = { ...common, type: "symlink", mode: 0o777, link: node.target };
  } else if (node.type === "file") {
    const mode = normal ? (node.mode & 0o111 ? 0o755 : 0o644) : node.mode;
    entry = { ...common, type: "file", mode, content: node.content };
  } else if (node.type === "directory") {
    const mode = normal ? 0o755 : node.mode;
    entry = { ...common, name: `${at}/`, type: "directory", mode };
  } else {
    throw new VarveError("INTERNAL", "unexpected");
  }
  const other = found.get(at);
  const bothRoot = at === "" && other?.type === "directory" && entry.type === "directory";
  if (other !== undefined && !bothRoot && JSON.stringify(other) !== JSON.stringify(entry)) {
    throw new Error("contradiction");
  }
  found.set(at, entry);
  if (node.type !== "directory") return;
  for (const [name, child] of node.children) {
    if (!own.without!.names!.includes(name)) addTree(found, `${at}/${name}`, child, own);
  }
}

function parent(at: string): Read {
  const owner = ROOT_OWNER;
  return { name: `${at}/`, type: "directory", mode: 0o755, link: "", content: "", owner };
}

function byParts(a: string, b: string): number {
  const [left, right] = [a.split("/"), b.split("/")];
  const at = left.findIndex((part, index) => part !== right[index]);
  if (at === -1) return left.length - right.length;
  return at < right.length ? compareNames(left[at]!, right[at]!) : 1;
}

describe("a merged layer's content key", () => {
  const tree = { at: "/a", from: "/disk/a", hash: "sha256-a" };
  const rules: TreeRules = {
    modes: "normalised",
    executables: ["x", "y"],
    without: { paths: ["p"], names: ["n"] },
    owner: APP,
    overrides: { x: { mode: 0o4755, xattrs: { a: "1", b: "2" } }, y: { owner: ROOT_OWNER } },
  };
  const file = { at: "/f", type: "file", content: "c" } as const;
  const spec = merged(
    [
      { ...tree, rules },
      { at: "/b", from: "/disk/b", hash: "sha256-b" },
    ],
    [file, { at: "/l", type: "symlink", target: "t" }],
  );

  it("is another one whenever bytes could be others, and so is the name", () => {
    const ruled = (change: TreeRules): LayerSpec =>
      merged([{ ...tree, rules: { ...rules, ...change } }, spec.trees[1]!], spec.entries);
    const others: LayerSpec[] = [
      {
        parents: [],
        trees: spec.trees.map(({ at, from, hash }) => ({ at, from, hash })),
        common: ROOT,
      },
      merged([{ ...tree, rules, hash: "sha256-other" }, spec.trees[1]!], spec.entries),
      merged(spec.trees, []),
      merged(spec.trees.slice(0, 1), spec.entries),
      { ...spec, parents: ["/etc"] },
      { ...spec, common: { ...ROOT, mtime: 2 } },
      ruled({ modes: "as-is" }),
      ruled({ executables: ["x"] }),
      ruled({ only: ["x"] }),
      ruled({ only: [] }),
      ruled({ without: { paths: ["n"], names: ["p"] } }),
      ruled({ owner: ROOT_OWNER }),
      ruled({ overrides: {} }),
      ruled({ overrides: { ...rules.overrides, x: { mode: 0o755, xattrs: { a: "1", b: "2" } } } }),
      ruled({ overrides: { ...rules.overrides, x: { mode: 0o4755, xattrs: { a: "1" } } } }),
      ...(
        [
          { ...file, content: "d" },
          { ...file, mode: 0o600 },
          { ...file, owner: APP },
          { ...file, xattrs: { a: "" } },
          { ...file, at: "/g" },
          { at: "/f", type: "symlink", target: "c" },
          { at: "/f", type: "directory" },
        ] as const
      ).map((entry) => merged(spec.trees, [entry, spec.entries![1]!])),
    ];
    const keys = [spec, ...others].map((other) => contentKey(other));
    expect(keys).not.toContain(undefined);
    expect(new Set(keys).size).toBe(keys.length);
    expect(new Set([spec, ...others].map(specName)).size).toBe(keys.length);
  });

  it("depends neither on the order of what has none, nor on the place on disk", () => {
    const overrides = { y: { owner: ROOT_OWNER }, x: { xattrs: { b: "2", a: "1" }, mode: 0o4755 } };
    const other = merged(
      [
        { ...spec.trees[1]!, from: "/elsewhere" },
        { ...tree, rules: { ...rules, executables: ["y", "x"], overrides } },
      ],
      spec.entries!.toReversed(),
    );
    expect(contentKey(other)).toBe(contentKey(spec));
  });

  it("is none when a tree's content is unknown", () => {
    const { at, from } = tree;
    expect(contentKey(merged([{ at, from }]))).toBeUndefined();
    expect(contentKey(merged([{ at, from }]), () => "sha256-a")).toBe(contentKey(merged([tree])));
  });

  it("is fixed by the layer format: a change here is a new version of it", () => {
    expect(contentKey(spec)).toMatchInlineSnapshot(
      `"sha256:8f865603ae9f6c8aa626dea9545e87841efa652a279954ae426b2c6ed5e09574"`,
    );
  });
});
