import * as crypto from "node:crypto";
import type { LayerSpec } from "./layer-spec.ts";

/**
 * Version of the rules by which a spec and its content become bytes. A change of any byte is a
 * new version; digests remembered under another version do not count.
 */
const LAYER_FORMAT = 1;

/**
 * Identity of a layer's input: format version, components with their content hashes, owner and
 * date. Knowable without reading content; two equal keys mean equal bytes.
 *
 * @param contentHashOf the content hash of the tree at a path, or undefined when unknown
 * @returns `sha256:<hex>`, or undefined when one of the trees has no known hash
 */
export function contentKey(
  spec: LayerSpec,
  contentHashOf: (at: string) => string | undefined,
): string | undefined {
  const trees: Array<[string, string]> = [];
  for (const { at } of spec.trees) {
    const hash = contentHashOf(at);
    if (hash === undefined) return undefined;
    trees.push([at, hash]);
  }
  const { uid, gid, uname, gname, mtime } = spec.common;
  const input = [LAYER_FORMAT, [uid, gid, uname, gname, mtime], spec.parents, trees];
  return `sha256:${crypto.hash("sha256", JSON.stringify(input), "hex")}`;
}

/**
 * 64 hexadecimal digits for what a spec puts where, whatever the content is known to be. Store
 * paths have a hash of their own, so that other content has another name.
 */
export function specName({ parents, trees, common }: LayerSpec): string {
  const { uid, gid, uname, gname, mtime } = common;
  const places = trees.map(({ at }) => at);
  const input = [LAYER_FORMAT, [uid, gid, uname, gname, mtime], parents, places];
  return crypto.hash("sha256", JSON.stringify(input), "hex");
}
