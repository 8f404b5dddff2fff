import { deliverToLayout } from "../destinations/oci-layout/deliver-to-layout.ts";
import { deliverToOciArchive } from "../destinations/oci-layout/deliver-to-oci-archive.ts";
import type { LayoutDelivery } from "../destinations/oci-layout/layout-run.ts";
import { OciLayout } from "../oci-layout/oci-layout.ts";
import { BlobDigests } from "../packing/blob-digests.ts";
import type { Compression } from "../packing/codec/compression.ts";
import { DigestStore } from "../packing/digest-store.ts";
import type { ImageFlags, WorkFlags } from "./flags.ts";
import { openImage } from "./open-image.ts";
import type { OutputPlace } from "./output-place.ts";
import { inSession } from "./session.ts";

/** Level of gzip unless asked otherwise: that of pushes, so that the blobs are the same. */
const USUAL_GZIP_LEVEL = 3;

/** Builds what the arguments describe into an OCI layout, a folder or an archive. */
export async function buildLayout(
  flags: ImageFlags & WorkFlags,
  sources: readonly string[],
  place: Exclude<OutputPlace, { kind: "archive" }>,
  coding: { readonly compression: Compression; readonly level: number | undefined },
): Promise<LayoutDelivery> {
  const { compression, level = compression === "gzip" ? USUAL_GZIP_LEVEL : undefined } = coding;
  // A folder that cannot be one is told before anything is evaluated.
  if (place.kind === "oci-layout") OciLayout.check(place.folder);
  return inSession(
    flags,
    async (session) => {
      const opened = await openImage(flags, sources, session);
      const { image, references } = opened;
      const options = {
        compression,
        level,
        codecPool: () => session.codecPool(),
        blobs: new BlobDigests(new DigestStore()),
        learn: !flags.noCache,
        version: place.version,
        report: session.report,
      };
      try {
        return place.kind === "oci-layout"
          ? await deliverToLayout(image, references, OciLayout.create(place.folder), options)
          : await deliverToOciArchive(image, references, place.file, options);
      } finally {
        opened.close();
      }
    },
    { warmUp: false },
  );
}
