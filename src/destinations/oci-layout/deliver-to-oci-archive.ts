import path from "node:path";
import { VarveError } from "../../errors.ts";
import type { ContentSource, StoredManifest } from "../../image/content-store.ts";
import type { Descriptor } from "../../image/descriptor.ts";
import { digestOf } from "../../image/digest.ts";
import type { Image } from "../../image/image.ts";
import { manifestWith } from "../../image/manifest.ts";
import { MEDIA_TYPE } from "../../image/media-types.ts";
import type { Reference } from "../../image/reference.ts";
import { besideOf } from "../../io/beside.ts";
import { beginFile, endFile, removeQuietly } from "../../io/unfinished-files.ts";
import { writeFully } from "../../io/write-fully.ts";
import { openOciArchive } from "../../oci-layout/oci-archive.ts";
import type { OciArchive } from "../../oci-layout/oci-archive.ts";
import { OciLayout } from "../../oci-layout/oci-layout.ts";
import { ociArchive } from "../../oci-layout/write-oci-archive.ts";
import { writeWholeFile } from "../output-file.ts";
import type { BlobPlace } from "./blob-place.ts";
import type { LayoutOptions } from "./deliver-to-layout.ts";
import { earlierInLayout } from "./earlier-in-layout.ts";
import { entryNames } from "./entry-names.ts";
import { layLayers } from "./lay-layers.ts";
import { LayoutRun } from "./layout-run.ts";
import type { LayoutDelivery } from "./layout-run.ts";

/**
 * Writes an image as an OCI archive with compressed layers. A compressed layer's length is known
 * only when it is made, so new layers wait in a folder beside the archive; those of the archive
 * that is replaced are taken from there, without being packed.
 *
 * @throws VarveError, and whatever the layers throw
 */
export async function deliverToOciArchive(
  image: Image,
  references: readonly Reference[],
  file: string,
  options: LayoutOptions,
): Promise<LayoutDelivery> {
  const names = entryNames(references, options.version);
  const run = new LayoutRun(image, references, options.report);
  const previous = options.learn ? await openPrevious(file) : undefined;
  const folder = besideOf(path.resolve(file));
  beginFile(folder);
  try {
    const draft = new Draft(OciLayout.create(folder), previous);
    const earlier = previous === undefined ? [] : await earlierInLayout(previous, image);
    const progress = { onWritten: (): void => undefined, placed: run.placed };
    const placed = await layLayers(image, draft, earlier, options, progress);
    const config = await image.config();
    const bytes = manifestWith(
      config,
      placed.map(({ descriptor }) => descriptor),
      image.annotations,
    );
    await draft.putBlob(config);
    const digest = digestOf(bytes);
    const manifest = { mediaType: MEDIA_TYPE.manifest, digest, bytes };
    await writeWholeFile(file, async (fd) => {
      for await (const chunk of ociArchive(draft, [{ manifest, names }])) {
        await writeFully(fd, chunk);
        run.onWritten(chunk.length);
      }
    });
    return run.finish(placed, {
      place: `oci-archive:${file}`,
      names: names.map(({ name }) => name),
      digest,
      imageId: digestOf(config),
    });
  } finally {
    previous?.close();
    removeQuietly(folder);
    endFile(folder);
  }
}

/** What is there and is no archive is replaced like any file. */
async function openPrevious(file: string): Promise<OciArchive | undefined> {
  try {
    return await openOciArchive(file);
  } catch (error) {
    if (error instanceof VarveError) return undefined;
    throw error;
  }
}

/** What goes into an archive: what is new in a folder, the rest in the archive before. */
class Draft implements BlobPlace, ContentSource {
  readonly #layout: OciLayout;
  readonly #previous: OciArchive | undefined;
  readonly takeBlob: OciLayout["takeBlob"];
  readonly putBlob: OciLayout["putBlob"];
  readonly writeBlob: OciLayout["writeBlob"];
  readonly writeBlobTo: OciLayout["writeBlobTo"];

  constructor(layout: OciLayout, previous: OciArchive | undefined) {
    this.#layout = layout;
    this.#previous = previous;
    this.takeBlob = layout.takeBlob.bind(layout);
    this.putBlob = layout.putBlob.bind(layout);
    this.writeBlob = layout.writeBlob.bind(layout);
    this.writeBlobTo = layout.writeBlobTo.bind(layout);
  }

  get fullName(): string {
    return this.#layout.fullName;
  }

  hasWhole(blob: Pick<Descriptor, "digest" | "size">): boolean {
    return this.#layout.hasWhole(blob) || this.#previous?.hasWhole(blob) === true;
  }

  async hasBlob(digest: string): Promise<boolean> {
    return (await this.#layout.hasBlob(digest)) || (await this.#previous?.hasBlob(digest)) === true;
  }

  /** An archive's draft has no manifests: they are given when it is written. */
  async readManifest(): Promise<StoredManifest | undefined> {
    return undefined;
  }

  readBlob(digest: string): Promise<Buffer | undefined> {
    return this.#layout.readBlob(digest);
  }

  openBlob(blob: Pick<Descriptor, "digest" | "size">): AsyncIterable<Uint8Array> {
    const { digest, size } = blob;
    const isNew = this.#layout.hasWhole({ digest, size });
    return isNew || this.#previous === undefined
      ? this.#layout.openBlob(blob)
      : this.#previous.openBlob(blob);
  }
}
