import * as crypto from "node:crypto";
import type { Owner } from "../tar/entry.ts";
import { isMerged } from "./layer-spec.ts";
import type { Attributes, GeneratedEntry, LayerSpec, Tree, TreeRules } from "./layer-spec.ts";

/**
 * Version of the rules by which a spec and its content become bytes. A change of any byte is a
 * new version; digests remembered under another version do not count.
 */
const LAYER_FORMAT = 1;

/**
 * Identity of a layer's input: format version, components with their content hashes, owner and
 * date; for merged layers also the rules and the generated entries. Knowable without reading content; two equal keys mean equal bytes.
 *
 * @param contentHashOf the content hash of the tree at a path that has none of its own, or
 *   undefined when unknown
 * @returns `sha256:<hex>`, or undefined when one of the trees has no known hash
 */
export function contentKey(
  spec: LayerSpec,
  contentHashOf: (at: string) => string | undefined = () => undefined,
): string | undefined {
  const hashes: string[] = [];
  for (const { at, hash = contentHashOf(at) } of spec.trees) {
    if (hash === undefined) return undefined;
    hashes.push(hash);
  }
  return `sha256:${crypto.hash("sha256", JSON.stringify(inputOf(spec, hashes)), "hex")}`;
}

/**
 * 64 hexadecimal digits for what a spec puts where, whatever the content is known to be. Store
 * paths have a hash of their own in their names, and other trees one beside them, so that other
 * content has another name.
 */
export function specName(spec: LayerSpec): string {
  return crypto.hash("sha256", JSON.stringify(inputOf(spec, undefined)), "hex");
}

/** What decides a layer's bytes, as JSON with one way to be written. */
function inputOf(spec: LayerSpec, hashes: readonly string[] | undefined): unknown[] {
  const { uid, gid, uname, gname, mtime } = spec.common;
  const before = [LAYER_FORMAT, [uid, gid, uname, gname, mtime], spec.parents];
  if (!isMerged(spec)) {
    const withHash = spec.trees.map(({ at }, index) => [at, hashes?.[index]]);
    return [...before, hashes === undefined ? spec.trees.map(placeName) : withHash];
  }
  const trees = spec.trees.map(({ at, rules, hash }, index) => [
    at,
    hashes?.[index] ?? hash ?? null,
    rulesInput(rules ?? {}),
  ]);
  const entries = (spec.entries ?? []).map(entryInput);
  // In whatever order they are given, the bytes are the same.
  return [...before, "merged", trees.toSorted(byJson), entries.toSorted(byJson)];
}

function placeName({ at, hash }: Tree): unknown {
  return hash === undefined ? at : [at, hash];
}

function rulesInput(rules: TreeRules): unknown[] {
  const { modes = "as-is", executables, only, without, owner, overrides = {} } = rules;
  const { patterns = [], calledPath = null } = rules;
  return [
    modes,
    executables?.toSorted() ?? [],
    only?.toSorted() ?? null,
    [without?.paths?.toSorted() ?? [], without?.names?.toSorted() ?? []],
    ownerInput(owner),
    Object.keys(overrides)
      .toSorted()
      .map((path) => [path, attributesInput(overrides[path]!)]),
    // Rules without any keep the keys that they have always had.
    ...(patterns.length === 0
      ? []
      : [calledPath, patterns.map((pattern) => [pattern.regex, attributesInput(pattern)])]),
  ];
}

function entryInput(entry: GeneratedEntry): unknown[] {
  const { at, type } = entry;
  const attributes = attributesInput(entry);
  switch (entry.type) {
    case "directory":
      return [at, type, attributes];
    case "file":
      return [at, type, attributes, entry.content];
    case "symlink":
      return [at, type, attributes, entry.target];
  }
}

function attributesInput({ mode, owner, xattrs = {} }: Attributes): unknown[] {
  const names = Object.keys(xattrs).toSorted();
  return [mode ?? null, ownerInput(owner), names.map((name) => [name, xattrs[name]])];
}

function ownerInput(owner: Owner | undefined): unknown {
  return owner === undefined ? null : [owner.uid, owner.gid, owner.uname, owner.gname];
}

function byJson(a: unknown, b: unknown): number {
  const [left, right] = [JSON.stringify(a), JSON.stringify(b)];
  if (left === right) return 0;
  return left < right ? -1 : 1;
}
