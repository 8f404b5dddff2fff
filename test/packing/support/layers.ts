import * as fs from "node:fs";
import type { LayerSpec } from "../../../src/packing/layer-spec.ts";
import { writeLayerTar } from "../../../src/packing/layer-tar.ts";
import type { WriteLayerOptions } from "../../../src/packing/layer-tar.ts";
import type { TarCommon } from "../../../src/tar/entry.ts";
import { readMembers } from "../../../src/tar/reader.ts";
import type { TarMember } from "../../../src/tar/reader.ts";
import { createTree } from "../../support/arbitrary-tree.ts";
import type { TreeNode } from "../../support/arbitrary-tree.ts";

export const ROOT: TarCommon = { uid: 0, gid: 0, uname: "root", gname: "root", mtime: 1 };
export const PARENTS = ["/nix", "/nix/store"];

/** A name in the store, 44 bytes long with `/nix/store/`. */
export function storePath(name = "a"): string {
  return `/nix/store/${"0".repeat(32)}-${name}`;
}

/** Makes store paths below a folder that stands in for `/`, and the spec of a layer of them. */
export function layerOf(
  root: string,
  trees: Readonly<Record<string, TreeNode>>,
  common: Partial<TarCommon> = {},
): LayerSpec {
  fs.mkdirSync(`${root}/nix/store`, { recursive: true });
  for (const [path, node] of Object.entries(trees)) createTree(`${root}${path}`, node);
  return specOf(root, Object.keys(trees), common);
}

/** The spec of a layer of store paths that exist below `root`. */
export function specOf(
  root: string,
  paths: readonly string[],
  common: Partial<TarCommon> = {},
): LayerSpec {
  const trees = paths.map((at) => ({ at, from: root + at }));
  return { parents: PARENTS, trees, common: { ...ROOT, ...common } };
}

export function tarOf(spec: LayerSpec, options: WriteLayerOptions = {}): Buffer {
  const chunks: Buffer[] = [];
  const length = writeLayerTar(spec, (bytes) => chunks.push(Buffer.from(bytes)), options);
  const tar = Buffer.concat(chunks);
  if (tar.length !== length) throw new Error(`${tar.length} bytes came, ${length} were announced`);
  return tar;
}

/** A member of a layer with its mode and content. */
export interface ReadEntry extends Pick<TarMember, "name" | "typeFlag" | "link"> {
  readonly mode: number;
  readonly content: string;
}

export function entriesOf(tar: Buffer): ReadEntry[] {
  const members = readMembers((at, length) => tar.subarray(at, at + length));
  return [...members].map(({ name, typeFlag, link, offset, size }) => ({
    name,
    typeFlag,
    link,
    mode: Number.parseInt(tar.toString("latin1", offset - 412, offset - 405), 8),
    content: tar.toString("latin1", offset, offset + size),
  }));
}
