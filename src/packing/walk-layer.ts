import * as fs from "node:fs";
import { sortedNames } from "../tar/byte-string.ts";
import type { ByteString } from "../tar/byte-string.ts";
import { isMerged } from "./layer-spec.ts";
import type { LayerSpec } from "./layer-spec.ts";
import { attempt, diskPath, refuseAbsent, refuseKind, refuseWhiteout } from "./read-disk.ts";
import { LATIN1, PARENT_MODE, SYMLINK_MODE } from "./visit-entry.ts";
import type { VisitEntry } from "./visit-entry.ts";
import { walkMerged } from "./walk-merged.ts";

/**
 * Visits everything that goes into a layer, in the order of its tar: the parents, then each tree
 * with its descendants in component-wise order (reference: dockertools-wire-format, section 3.1);
 * or all in one such order, where the layer is merged.
 *
 * @throws VarveError `PACK_MISSING`, `PACK_CHANGED`, `PACK_UNREADABLE`, `PACK_UNSUPPORTED`,
 *   `PACK_CONFLICT`, naming the file
 */
export function walkLayer(spec: LayerSpec, visit: VisitEntry): void {
  if (isMerged(spec)) {
    walkMerged(spec, visit);
    return;
  }
  for (const parent of spec.parents) {
    const entry = { name: `${parent}/`, type: "directory", mode: PARENT_MODE } as const;
    visit({ ...entry, size: 0, link: "" }, undefined);
  }
  for (const { at, from } of spec.trees) {
    refuseAbsent(diskPath(from));
    walkTree(at, from, visit);
  }
}

function walkTree(at: ByteString, name: ByteString, visit: VisitEntry): void {
  const from = diskPath(name);
  const stats = attempt(from, () => fs.lstatSync(from.path));
  const mode = stats.mode & 0o7777;
  if (stats.isFile()) {
    visit({ name: at, type: "file", mode, size: stats.size, link: "" }, from);
  } else if (stats.isDirectory()) {
    visit({ name: `${at}/`, type: "directory", mode, size: 0, link: "" }, from);
    const children = attempt(from, () => fs.readdirSync(from.path, LATIN1));
    for (const child of sortedNames(children)) {
      refuseWhiteout(child, `${name}/${child}`);
      walkTree(`${at}/${child}`, `${name}/${child}`, visit);
    }
  } else if (stats.isSymbolicLink()) {
    const link = attempt(from, () => fs.readlinkSync(from.path, LATIN1));
    visit({ name: at, type: "symlink", mode: SYMLINK_MODE, size: 0, link }, from);
  } else {
    refuseKind(name, stats);
  }
}
