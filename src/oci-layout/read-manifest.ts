import { VarveError } from "../errors.ts";
import type { ContentSource, StoredManifest } from "../image/content-store.ts";
import { digestOf, isDigest } from "../image/digest.ts";
import { manifestMediaType } from "../image/media-types.ts";
import type { LayoutIndex } from "./layout-index.ts";

/**
 * The manifest or index that a version stands for in a layout, wherever the layout is kept.
 *
 * @throws VarveError `IMAGE_AMBIGUOUS`, `LAYOUT_DAMAGED` when the layout names what it has not
 */
export async function readManifestOf(
  index: LayoutIndex,
  version: string,
  layout: Pick<ContentSource, "readBlob" | "fullName">,
): Promise<StoredManifest | undefined> {
  const found = index.find(version);
  if (found?.kind === "index") {
    const { bytes } = found;
    return { bytes, digest: digestOf(bytes), mediaType: manifestMediaType(bytes, undefined) };
  }
  const digest = found?.entry.digest ?? (isDigest(version) ? version : undefined);
  if (digest === undefined) return undefined;
  const bytes = await layout.readBlob(digest);
  if (bytes !== undefined) {
    return { bytes, digest, mediaType: manifestMediaType(bytes, found?.entry.mediaType) };
  }
  if (found === undefined) return undefined;
  throw new VarveError(
    "LAYOUT_DAMAGED",
    `${layout.fullName} is damaged: it has no ${digest}, which index.json names`,
    { hint: "get it again, or build it anew" },
  );
}
