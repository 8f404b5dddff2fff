import { VarveError } from "../errors.ts";
import { digestOf, hexOf } from "../image/digest.ts";
import type { Image } from "../image/image.ts";
import type { Layer, StreamOptions } from "../image/layer.ts";
import { describe, indexOf, manifestOf } from "../image/manifest.ts";
import { MEDIA_TYPE } from "../image/media-types.ts";
import { canonicalName, familiarName } from "../image/reference.ts";
import type { Reference } from "../image/reference.ts";
import { MemberFraming } from "./member-framing.ts";

/** An archive is a sequence of framing bytes and layers, whose bytes are still to be made. */
export type ArchivePart = Uint8Array | { readonly layer: Layer; readonly size: number };

/** Positions of layers that the reader has already, and that an archive for it need not hold. */
export type LeftOut = ReadonlySet<number>;

/**
 * `hybrid`: for every reader. `docker`: without the OCI layout, which tells the length of every
 * layer, also of one that is left out and would have to be fetched to learn it.
 */
export type ArchiveForm = "hybrid" | "docker";

const NOTHING_LEFT_OUT: LeftOut = new Set();

/** An image, and its names in an archive. */
export interface NamedArchiveImage {
  readonly image: Image;
  readonly references: readonly Reference[];
}

/**
 * An image as a hybrid archive: `manifest.json` and an OCI layout in one tar, which every Docker
 * engine, podman, containerd and skopeo take (reference: daemons-and-archives, section 3).
 *
 * Layers come first, and everything that names their digests comes last: so a layer is read once,
 * its digest found on the way. Hard links give the layers their places in the layout. A layer that
 * occurs twice is held once.
 *
 * @param leftOut layers that are named, but whose bytes are not in the archive (section 7)
 */
export function dockerArchive(
  image: Image,
  references: readonly Reference[],
  leftOut: LeftOut = NOTHING_LEFT_OUT,
  form: ArchiveForm = "hybrid",
): AsyncGenerator<ArchivePart, void, undefined> {
  return archiveOf([{ image, references }], leftOut, form);
}

/** Several images in one archive; layers that they share are held once. */
export function mergedArchive(
  images: readonly NamedArchiveImage[],
): AsyncGenerator<ArchivePart, void, undefined> {
  return archiveOf(images, NOTHING_LEFT_OUT, "hybrid");
}

async function* archiveOf(
  images: readonly NamedArchiveImage[],
  leftOut: LeftOut,
  form: ArchiveForm,
): AsyncGenerator<ArchivePart, void, undefined> {
  const members = new MemberFraming(Math.max(...images.map(({ image }) => image.archiveTime)));
  const all = images.flatMap(({ image }) => image.layers);
  const sizes = all.map((layer, index) => (leftOut.has(index) ? undefined : layer.size()));
  for (const size of sizes) size?.catch(() => undefined);
  const held = new Set<string>();
  for (const [index, layer] of all.entries()) {
    if (leftOut.has(index) || held.has(layer.name)) continue;
    held.add(layer.name);
    const size = await sizes[index]!;
    yield members.header(memberName(layer), size);
    yield { layer, size };
    yield members.padding(size);
  }
  const files: Array<readonly [string, Uint8Array]> = [];
  const add = (blob: Uint8Array): number => files.push([blobName(digestOf(blob)), blob]);
  const configs: Buffer[] = [];
  const layout: Array<Parameters<typeof indexOf>[0][number]> = [];
  const linked = new Set<string>();
  for (const { image, references } of images) {
    if (form === "docker") {
      const config = await image.config();
      configs.push(config);
      add(config);
      continue;
    }
    const layers = await Promise.all(image.layers.map((layer) => layer.identity()));
    for (const [index, { diffId }] of layers.entries()) {
      const layer = image.layers[index]!;
      if (!held.has(layer.name) || linked.has(diffId)) continue;
      linked.add(diffId);
      yield members.hardLink(blobName(diffId), memberName(layer));
    }
    const config = await image.config();
    const manifest = manifestOf(config, layers, image.annotations);
    configs.push(config);
    add(config);
    add(manifest);
    layout.push(...layoutEntries(manifest, image, references));
  }
  if (form === "hybrid") {
    files.push(["index.json", indexOf(layout)]);
    files.push(["oci-layout", Buffer.from('{"imageLayoutVersion":"1.0.0"}')]);
  }
  const docker = images.map(({ image, references }, index) =>
    dockerEntry(configs[index]!, image.layers, references),
  );
  files.push(["manifest.json", Buffer.from(JSON.stringify(docker), "utf8")]);
  const written = new Set<string>();
  for (const [name, bytes] of files) {
    if (written.has(name)) continue;
    written.add(name);
    yield* members.file(name, bytes);
  }
  yield members.end();
}

/** The same as bytes, for whoever cannot take a file descriptor. */
export async function* archiveBytes(
  parts: AsyncIterable<ArchivePart>,
  options?: StreamOptions,
): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const part of parts) {
    if (part instanceof Uint8Array) yield part;
    else yield* exactly(part.layer, part.size, options);
  }
}

/** A layer's bytes, refused when there are more or fewer than its header says. */
async function* exactly(
  layer: Layer,
  size: number,
  options?: StreamOptions,
): AsyncGenerator<Uint8Array, void, undefined> {
  let total = 0;
  for await (const chunk of layer.stream(options)) {
    total += chunk.length;
    if (total > size) break;
    yield chunk;
  }
  if (total !== size) {
    throw new VarveError("LAYER_LENGTH", `a layer of ${size} bytes came out otherwise`, {
      hint: "its content changed meanwhile; run again",
    });
  }
}

/**
 * The name depends on the content, as in every other tool's archives: containerd keeps what it has
 * of an interrupted load under the member's name, and goes on from there with the next archive
 * that has a member of that name.
 */
function memberName({ name }: Layer): string {
  return `${name}/layer.tar`;
}

function blobName(digest: string): string {
  return `blobs/sha256/${hexOf(digest)}`;
}

/** Of the layout's index: an entry a name, each with the full name and the bare tag (section 4). */
function layoutEntries(
  manifest: Buffer,
  image: Image,
  references: readonly Reference[],
): Parameters<typeof indexOf>[0][number][] {
  const descriptor = {
    ...describe(MEDIA_TYPE.manifest, manifest),
    platform: { architecture: image.architecture, os: image.os },
  };
  if (references.length === 0) return [descriptor];
  return references.map((reference) => ({
    ...descriptor,
    annotations: {
      "io.containerd.image.name": canonicalName(reference),
      "org.opencontainers.image.ref.name": reference.tag,
    },
  }));
}

function dockerEntry(
  config: Buffer,
  layers: readonly Layer[],
  references: readonly Reference[],
): object {
  return {
    Config: blobName(digestOf(config)),
    RepoTags: references.map(familiarName),
    Layers: layers.map(memberName),
  };
}
