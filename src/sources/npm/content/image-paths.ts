import path from "node:path";
import { byteStringOf } from "../../../tar/byte-string.ts";
import type { GeneratedEntry } from "../../../packing/layer-spec.ts";
import type { PlacedLink } from "../layout/placement.ts";

/** A place of the project in the image. */
export function inImage(at: string, place: string): string {
  return place === "" ? at : `${at}/${place}`;
}

/** Symlinks by relative targets, so that the project may lie anywhere. */
export function linkEntries(links: readonly PlacedLink[], at: string): GeneratedEntry[] {
  return links.map((link) => ({
    type: "symlink",
    at: byteStringOf(inImage(at, link.at)),
    target: byteStringOf(path.posix.relative(path.posix.dirname(link.at), link.to)),
  }));
}
