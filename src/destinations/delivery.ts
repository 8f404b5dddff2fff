import { dockerArchive } from "../archives/docker-archive.ts";
import type { ArchivePart } from "../archives/docker-archive.ts";
import { digestOf } from "../image/digest.ts";
import type { Image } from "../image/image.ts";
import { familiarName } from "../image/reference.ts";
import type { Reference } from "../image/reference.ts";
import type { ReportProgress } from "../progress/events.ts";

/** What was delivered. */
export interface Delivery {
  readonly references: readonly string[];
  /** Digest of the config: what classic Docker engines call the image ID. */
  readonly imageId: string;
  readonly layers: readonly DeliveredLayer[];
  /** Bytes of all layers, uncompressed. */
  readonly size: number;
  /** Bytes that went to the destination. */
  readonly written: number;
  readonly seconds: number;
}

interface DeliveredLayer {
  readonly diffId: string;
  readonly size: number;
  readonly paths: readonly string[];
  readonly reason: string;
}

/**
 * Sends an image as an archive, by whatever `send` does with its parts, and reports each layer as
 * it goes.
 *
 * @param send takes the archive's parts and returns the bytes written
 */
export async function deliverArchive(
  image: Image,
  references: readonly Reference[],
  report: ReportProgress,
  send: (parts: AsyncIterable<ArchivePart>) => Promise<number>,
): Promise<Delivery> {
  const begun = performance.now();
  const name = references.map(familiarName).join(", ");
  report({ kind: "started", image: name, layers: image.layers.length });
  const written = await send(reported(dockerArchive(image, references), image, report));
  const layers = await Promise.all(
    image.layers.map(async (layer) => {
      const { diffId, size } = await layer.identity();
      return { diffId, size, paths: layer.paths, reason: layer.reason };
    }),
  );
  const delivery: Delivery = {
    references: references.map(familiarName),
    imageId: digestOf(await image.config()),
    layers,
    size: layers.reduce((sum, { size }) => sum + size, 0),
    written,
    seconds: (performance.now() - begun) / 1000,
  };
  const { imageId, size, seconds } = delivery;
  report({
    kind: "finished",
    image: name,
    imageId,
    layers: layers.length,
    size,
    written,
    seconds,
  });
  return delivery;
}

/** Passes parts on, and reports a layer once its consumer has come back for more. */
async function* reported(
  parts: AsyncIterable<ArchivePart>,
  image: Image,
  report: ReportProgress,
): AsyncGenerator<ArchivePart, void, undefined> {
  for await (const part of parts) {
    yield part;
    if (part instanceof Uint8Array) continue;
    const { layer } = part;
    const identity = await layer.identity();
    report({
      kind: "layer",
      index: image.layers.indexOf(layer),
      of: image.layers.length,
      diffId: identity.diffId,
      size: identity.size,
      remembered: identity.remembered,
      paths: layer.paths,
      reason: layer.reason,
    });
  }
}
