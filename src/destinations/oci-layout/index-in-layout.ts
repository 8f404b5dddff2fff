import { digestOf } from "../../image/digest.ts";
import type { Descriptor } from "../../image/descriptor.ts";
import { MEDIA_TYPE } from "../../image/media-types.ts";
import type { Reference } from "../../image/reference.ts";
import { writeFully } from "../../io/write-fully.ts";
import type { OciLayout } from "../../oci-layout/oci-layout.ts";
import { ociArchive } from "../../oci-layout/write-oci-archive.ts";
import { indexBytes } from "../copy/join-index.ts";
import { membersByDigest } from "../copy/members-by-digest.ts";
import { writeWholeFile } from "../output-file.ts";
import { entryNames } from "./entry-names.ts";

/** What an index is called, and what it is. */
export interface NamedIndex {
  readonly digest: string;
  readonly names: readonly string[];
}

/**
 * Joins images that a layout has into an index there.
 *
 * @param version what the index is called; empty for the tags of its references
 * @throws VarveError
 */
export async function indexInLayout(
  layout: OciLayout,
  digests: readonly string[],
  references: readonly Reference[],
  version: string,
): Promise<NamedIndex> {
  const { descriptor, bytes } = await joined(layout, digests);
  const names = entryNames(references, version);
  await layout.putBlob(bytes);
  await layout.setNames(descriptor, names);
  return { digest: descriptor.digest, names: names.map(({ name }) => name) };
}

/** The same as an archive, of images that a layout has. */
export async function indexInOciArchive(
  layout: OciLayout,
  digests: readonly string[],
  references: readonly Reference[],
  { file, version }: { readonly file: string; readonly version: string },
): Promise<NamedIndex> {
  const { descriptor, bytes } = await joined(layout, digests);
  const names = entryNames(references, version);
  const { mediaType, digest } = descriptor;
  await writeWholeFile(file, async (fd) => {
    const manifest = { mediaType, digest, bytes };
    for await (const chunk of ociArchive(layout, [{ manifest, names }])) {
      await writeFully(fd, chunk);
    }
  });
  return { digest, names: names.map(({ name }) => name) };
}

async function joined(
  layout: OciLayout,
  digests: readonly string[],
): Promise<{ readonly descriptor: Descriptor; readonly bytes: Buffer }> {
  const members = await membersByDigest(layout, digests);
  const bytes = indexBytes({ members, annotations: {} });
  const descriptor = { mediaType: MEDIA_TYPE.index, digest: digestOf(bytes), size: bytes.length };
  return { descriptor, bytes };
}
