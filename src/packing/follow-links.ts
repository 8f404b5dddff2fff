import * as fs from "node:fs";
import type { ByteString } from "../tar/byte-string.ts";
import { isMerged } from "./layer-spec.ts";
import type { GeneratedEntry, LayerSpec, Tree, TreeRules } from "./layer-spec.ts";
import { diskPath } from "./read-disk.ts";

/** Symlinks to folders that an image has below a layer: path without a leading `/` → target. */
export type FolderLinks = ReadonlyMap<ByteString, ByteString>;

/** As many as Linux follows. */
const MOST_STEPS = 40;

/**
 * The same layer on an image that has these links: what would lie below one of them lies where it
 * leads, as a program that copies files would have it. A folder in the place of `/bin` → `usr/bin`
 * would take away everything that is in `/usr/bin`. A file or symlink at the place of a link still
 * replaces it. Layers of whole trees, which are never below such links, stay as they are.
 *
 * @returns `spec` itself where nothing changes
 */
export function followLinks(spec: LayerSpec, links: FolderLinks): LayerSpec {
  if (links.size === 0 || !isMerged(spec)) return spec;
  const trees = spec.trees.flatMap((tree) => treesFor(tree, links));
  const entries = (spec.entries ?? []).map((entry) => entryFor(entry, links));
  const parents = spec.parents.map((parent) => resolve(parent, links));
  const isSame =
    trees.length === spec.trees.length &&
    trees.every((tree, index) => tree === spec.trees[index]) &&
    entries.every((entry, index) => entry === spec.entries?.[index]) &&
    parents.every((parent, index) => parent === spec.parents[index]);
  if (isSame) return spec;
  return { ...spec, trees, parents, ...(spec.entries === undefined ? {} : { entries }) };
}

function entryFor(entry: GeneratedEntry, links: FolderLinks): GeneratedEntry {
  const at = entry.type === "directory" ? resolve(entry.at, links) : resolveParent(entry.at, links);
  return at === entry.at ? entry : { ...entry, at };
}

/** The tree at its place, without what lies below links; and that, as trees of its own. */
function treesFor(tree: Tree, links: FolderLinks): Tree[] {
  if (!isFolder(tree.from)) {
    const at = resolveParent(tree.at, links);
    return [at === tree.at ? tree : { ...tree, at }];
  }
  const at = resolve(tree.at, links);
  const { from, hash } = tree;
  const apart: Tree[] = [];
  let rules = tree.rules ?? {};
  for (const path of links.keys()) {
    if (!`/${path}`.startsWith(`${at}/`)) continue;
    const below = path.slice(at.length);
    if (!isFolder(`${from}/${below}`) || !goesIn(below, rules)) continue;
    apart.push({
      at: `/${path}`,
      from: `${from}/${below}`,
      rules: rulesBelow(rules, below),
      ...(hash === undefined ? {} : { hash: `${hash} ${below}` }),
    });
    rules = rulesWithout(rules, below);
  }
  if (apart.length === 0) return [at === tree.at ? tree : { ...tree, at }];
  return [{ ...tree, at, rules }, ...apart.flatMap((each) => treesFor(each, links))];
}

function isFolder(name: ByteString): boolean {
  try {
    return fs.lstatSync(diskPath(name).path).isDirectory();
  } catch {
    // Whoever packs it tells why it cannot be read.
    return false;
  }
}

/** Whether a path of a tree is meant to be in the layer. */
function goesIn(path: ByteString, { only, without }: TreeRules): boolean {
  const names = path.split("/");
  if (names.some((name) => without?.names?.includes(name) === true)) return false;
  const above = names.map((_, index) => names.slice(0, index + 1).join("/"));
  if (above.some((each) => without?.paths?.includes(each) === true)) return false;
  return only === undefined || only.some((each) => each === path || each.startsWith(`${path}/`));
}

/** The rules of a tree for a folder in it, as a tree of its own. */
function rulesBelow(rules: TreeRules, folder: ByteString): TreeRules {
  const { only, executables, without, overrides, stamps } = rules;
  const list = (paths: readonly ByteString[]): ByteString[] =>
    paths.filter((path) => path.startsWith(`${folder}/`)).map((path) => pathWithin(path, folder));
  const keyed = <Value>(values: Readonly<Record<ByteString, Value>>): Record<string, Value> =>
    Object.fromEntries(
      Object.entries(values)
        .filter(([path]) => path === folder || path.startsWith(`${folder}/`))
        .map(([path, value]) => [pathWithin(path, folder), value]),
    );
  return {
    ...rules,
    ...(only === undefined ? {} : { only: list(only) }),
    ...(executables === undefined ? {} : { executables: list(executables) }),
    ...(without?.paths === undefined
      ? {}
      : { without: { ...without, paths: list(without.paths) } }),
    ...(overrides === undefined ? {} : { overrides: keyed(overrides) }),
    ...(stamps === undefined ? {} : { stamps: keyed(stamps) }),
  };
}

function pathWithin(path: ByteString, folder: ByteString): ByteString {
  return path === folder ? "" : path.slice(folder.length + 1);
}

function rulesWithout(rules: TreeRules, folder: ByteString): TreeRules {
  const { only, without } = rules;
  if (only === undefined) {
    return { ...rules, without: { ...without, paths: [...(without?.paths ?? []), folder] } };
  }
  const isApart = (path: ByteString): boolean => path === folder || path.startsWith(`${folder}/`);
  return { ...rules, only: only.filter((path) => !isApart(path)) };
}

/** Where a file or symlink is: in the folder that its path leads to. */
export function resolveParent(at: ByteString, links: FolderLinks): ByteString {
  const slash = at.lastIndexOf("/");
  return slash <= 0 ? at : resolve(at.slice(0, slash), links) + at.slice(slash);
}

/** Where a folder is; a path that leads round in a circle stays as it is. */
export function resolve(at: ByteString, links: FolderLinks): ByteString {
  let path = at;
  for (let step = 0; step < MOST_STEPS; step += 1) {
    const next = followOnce(path, links);
    if (next === undefined) return path;
    path = next;
  }
  return at;
}

function followOnce(at: ByteString, links: FolderLinks): ByteString | undefined {
  for (let end = at.indexOf("/", 1); ; end = at.indexOf("/", end + 1)) {
    const path = end === -1 ? at : at.slice(0, end);
    const target = links.get(path.slice(1));
    if (target !== undefined) {
      const folder = target.startsWith("/") ? "" : path.slice(0, path.lastIndexOf("/"));
      return cleaned(`${folder}/${target}${at.slice(path.length)}`);
    }
    if (end === -1) return undefined;
  }
}

/** Without `.`, `..` and doubled `/`. */
function cleaned(path: ByteString): ByteString {
  const names: ByteString[] = [];
  for (const name of path.split("/")) {
    if (name === "..") names.pop();
    else if (name !== "" && name !== ".") names.push(name);
  }
  return names.map((name) => `/${name}`).join("");
}
