import type { Image } from "../../image/image.ts";
import type { Layer } from "../../image/layer.ts";
import type { BlobDigests } from "../../packing/blob-digests.ts";
import { compress } from "../../packing/codec/compress.ts";
import type { Compressor } from "../../packing/codec/compressor.ts";
import type { ReportProgress } from "../../progress/events.ts";
import type { EarlierImage } from "../layers/earlier-images.ts";
import { existingLayer } from "../layers/existing-layer.ts";
import { announceAhead, WatchedLayer } from "../watched-layer.ts";
import { Knowledge } from "../layers/knowledge.ts";
import type { LayerCoding } from "../layers/layer-coding.ts";
import { inParallelToEnd } from "../layers/parallel.ts";
import { foundLayer, madeLayer } from "../layers/placed-layer.ts";
import type { PlacedLayer } from "../layers/placed-layer.ts";
import type { BlobPlace } from "./blob-place.ts";

export interface LayOptions extends LayerCoding {
  readonly compressor: () => Compressor;
  /** Which blob a layer became on this machine before. */
  readonly blobs?: BlobDigests | undefined;
  /** Whether to learn from earlier images; otherwise every layer is packed. */
  readonly learn: boolean;
  readonly report: ReportProgress;
}

/** Layers that are packed and written at a time. */
const PARALLEL_LAYERS = 4;
/** Compressed, one keeps all processors busy; another is begun while it ends. */
const PARALLEL_COMPRESSED = 2;

/** Told of what happens to layers, and of bytes written. */
export interface LayProgress {
  readonly onWritten: (bytes: number) => void;
  readonly placed: (layer: PlacedLayer, index: number) => void;
}

/**
 * Brings an image's layers to a place that keeps blobs: those that are there stay, those that exist
 * elsewhere are taken over, the rest is packed in one pass.
 *
 * @param earlier images that may have some of the layers
 */
export async function layLayers(
  image: Image,
  place: BlobPlace,
  earlier: readonly EarlierImage[],
  options: LayOptions,
  progress: LayProgress,
): Promise<PlacedLayer[]> {
  const { report, learn, blobs } = options;
  const { layers } = image;
  const knowledge = new Knowledge(earlier, learn ? blobs : undefined, options);
  const found = await inParallelToEnd(layers, PARALLEL_LAYERS, async (layer, index) => {
    const placed = await findLayer(layer, place, knowledge);
    if (placed !== undefined) progress.placed(placed, index);
    return placed;
  });
  announceAhead(
    layers.filter((_, index) => found[index] === undefined),
    report,
  );
  const few = options.compression === "none" ? PARALLEL_LAYERS : PARALLEL_COMPRESSED;
  return inParallelToEnd(layers, few, async (layer, index, stopped) => {
    const already = found[index];
    if (already !== undefined) return already;
    const begun = performance.now();
    const watched = new WatchedLayer(layer, { index, of: layers.length }, report);
    let sent = 0;
    const onWritten = (bytes: number): void => {
      if (stopped()) throw new Error("another layer failed");
      sent += bytes;
      progress.onWritten(bytes);
      // A layer that exists is taken over as it is, and not streamed.
      if (layer.blob !== undefined) watched.moved(sent, layer.blob.descriptor.size);
    };
    const placed =
      (await takeLayer(watched, place, options, onWritten)) ??
      (await makeLayer(watched, place, options, onWritten));
    const timed = { ...placed, sent, seconds: (performance.now() - begun) / 1000 };
    progress.placed(timed, index);
    return timed;
  });
}

/** What is there already, as earlier images or this machine's memory say. */
async function findLayer(
  layer: Layer,
  place: BlobPlace,
  knowledge: Knowledge,
): Promise<PlacedLayer | undefined> {
  const candidates = await knowledge.candidates(layer);
  const present = candidates.find(({ blob }) => place.hasWhole(blob));
  if (present === undefined) return undefined;
  return foundLayer(layer, present, { way: "present", sent: 0, seconds: 0 });
}

/** A layer that exists somewhere is copied as it is, however it is compressed. */
async function takeLayer(
  layer: Layer,
  place: BlobPlace,
  { compression }: LayerCoding,
  onWritten: (bytes: number) => void,
): Promise<PlacedLayer | undefined> {
  const existing = existingLayer(layer, compression);
  if (existing === undefined || layer.blob === undefined) return undefined;
  const { descriptor, source } = layer.blob;
  const way = await place.takeBlob(descriptor, source, onWritten);
  return { layer, ...existing, way, sent: 0, seconds: 0 };
}

/** Uncompressed, a layer is written by the worker that makes it, without a copy. */
async function makeLayer(
  layer: Layer,
  place: BlobPlace,
  options: LayOptions,
  onWritten: (bytes: number) => void,
): Promise<PlacedLayer> {
  const { compression, level, blobs } = options;
  const written = await (compression !== "none"
    ? place.writeBlob(
        compress(layer.stream({ lent: true }), compression, options.compressor(), {
          level,
          lent: true,
        }),
        onWritten,
      )
    : layer.writeTo === undefined
      ? place.writeBlob(layer.stream(), onWritten)
      : place.writeBlobTo(async (fd) => {
          await layer.writeTo!(fd);
          const { diffId, size } = await layer.identity();
          onWritten(size);
          return { digest: diffId, size };
        }));
  const way = written.present ? "present" : "sent";
  return madeLayer(layer, written, { compression, level, blobs }, { way, sent: 0, seconds: 0 });
}
