import { deliverToLayout } from "../../destinations/oci-layout/deliver-to-layout.ts";
import { deliverToOciArchive } from "../../destinations/oci-layout/deliver-to-oci-archive.ts";
import { indexInLayout, indexInOciArchive } from "../../destinations/oci-layout/index-in-layout.ts";
import type { NamedIndex } from "../../destinations/oci-layout/index-in-layout.ts";
import type { LayoutDelivery } from "../../destinations/oci-layout/layout-run.ts";
import { familiarName } from "../../image/reference.ts";
import type { Reference } from "../../image/reference.ts";
import { OciLayout } from "../../oci-layout/oci-layout.ts";
import { BlobDigests } from "../../packing/blob-digests.ts";
import type { Compression } from "../../packing/codec/compression.ts";
import { DigestStore } from "../../packing/digest-store.ts";
import type { ImageFlags, WorkFlags } from "../flags.ts";
import { inSession } from "../session.ts";
import type { Session } from "../session.ts";
import { openImage } from "../sources/open-image.ts";
import { flagsFor } from "../sources/targets.ts";
import type { Target } from "../sources/targets.ts";
import type { OutputPlace } from "./output-place.ts";
import { withTemporaryFolder } from "./temporary-folder.ts";

/** Level of gzip unless asked otherwise: that of pushes, so that the blobs are the same. */
const USUAL_GZIP_LEVEL = 3;

type LayoutPlace = Exclude<OutputPlace, { kind: "archive" }>;
type Flags = ImageFlags & WorkFlags;

interface Coding {
  readonly compression: Compression;
  readonly level: number | undefined;
}

/** An index, and the images that it lists. */
export interface IndexDelivery extends NamedIndex {
  readonly place: string;
  readonly images: readonly LayoutDelivery[];
}

/** Builds what the arguments describe into an OCI layout, a folder or an archive. */
export async function buildLayout(
  flags: Flags,
  sources: readonly string[],
  place: LayoutPlace,
  coding: Coding,
): Promise<LayoutDelivery> {
  // A folder that cannot be one is told before anything is evaluated.
  if (place.kind === "oci-layout") OciLayout.check(place.folder);
  return inSession(
    flags,
    (session) =>
      withImage(flags, sources, session, ({ image, references }) => {
        const version = versionAt(place, references);
        const options = { ...optionsFor(flags, coding, session), version };
        return place.kind === "oci-layout"
          ? deliverToLayout(image, references, OciLayout.create(place.folder), options)
          : deliverToOciArchive(image, references, place.file, options);
      }),
    { warmUp: false, compresses: coding.compression !== "none" },
  );
}

/** Builds an image for each of several platforms, and an index that lists them. */
export async function buildIndex(
  flags: Flags,
  sources: readonly string[],
  target: Target,
  place: LayoutPlace,
  coding: Coding,
): Promise<IndexDelivery> {
  if (place.kind === "oci-layout") {
    OciLayout.check(place.folder);
    const layout = OciLayout.create(place.folder);
    const { images, references } = await buildParts(flags, sources, target, layout, coding);
    const digests = images.map(({ digest }) => digest);
    const index = await indexInLayout(layout, digests, references, versionAt(place, references));
    return { ...index, place: layout.fullName, images };
  }
  return withTemporaryFolder(async (folder) => {
    const layout = OciLayout.create(folder);
    const { images, references } = await buildParts(flags, sources, target, layout, coding);
    const digests = images.map(({ digest }) => digest);
    const index = await indexInOciArchive(layout, digests, references, place);
    return { ...index, place: `oci-archive:${place.file}`, images };
  });
}

async function buildParts(
  flags: Flags,
  sources: readonly string[],
  target: Target,
  layout: OciLayout,
  coding: Coding,
): Promise<{ readonly images: LayoutDelivery[]; readonly references: readonly Reference[] }> {
  const images: LayoutDelivery[] = [];
  let names: readonly Reference[] = [];
  const work = async (session: Session): Promise<void> => {
    for (const platform of target.platforms) {
      const own = flagsFor(flags, target, platform);
      await withImage(own, sources, session, async ({ image, references }) => {
        const options = { ...optionsFor(flags, coding, session), version: "", isPart: true };
        images.push(await deliverToLayout(image, references, layout, options));
        names = references;
      });
    }
  };
  await inSession(flags, work, { warmUp: false, compresses: coding.compression !== "none" });
  return { images, references: names };
}

/** What an image is called where it goes: beside others not by its tag alone. */
function versionAt(place: LayoutPlace, [reference]: readonly Reference[]): string {
  const isShared = place.kind === "oci-layout" && place.isShared === true;
  return isShared && reference !== undefined ? familiarName(reference) : place.version;
}

async function withImage<Result>(
  flags: Flags,
  sources: readonly string[],
  session: Session,
  deliver: (opened: Awaited<ReturnType<typeof openImage>>) => Promise<Result>,
): Promise<Result> {
  const opened = await openImage(flags, sources, session);
  try {
    return await deliver(opened);
  } finally {
    opened.close();
  }
}

function optionsFor(
  flags: Flags,
  { compression, level = compression === "gzip" ? USUAL_GZIP_LEVEL : undefined }: Coding,
  session: Session,
): Omit<Parameters<typeof deliverToLayout>[3], "version"> {
  return {
    compression,
    level,
    compressor: () => session.compressor(),
    blobs: new BlobDigests(new DigestStore()),
    learn: !flags.noCache,
    report: session.report,
  };
}
