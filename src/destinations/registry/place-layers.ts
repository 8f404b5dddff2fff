import type { Layer } from "../../image/layer.ts";
import type { BlobDigests } from "../../packing/blob-digests.ts";
import { compress } from "../../packing/codec/compress.ts";
import type { Compressor } from "../../packing/codec/compressor.ts";
import { mountBlob } from "../../registry/mount.ts";
import type { Repository } from "../../registry/repository.ts";
import { blobOf } from "../../registry/stored-blob.ts";
import { uploadBlob } from "../../registry/upload.ts";
import type { BlobSource } from "../../registry/upload.ts";
import { existingLayer } from "../layers/existing-layer.ts";
import type { Candidate } from "../layers/candidate.ts";
import type { Knowledge } from "../layers/knowledge.ts";
import type { LayerCoding } from "../layers/layer-coding.ts";
import { foundLayer, madeLayer } from "../layers/placed-layer.ts";
import type { PlacedLayer } from "../layers/placed-layer.ts";

/** Where a layer could be taken from without its bytes. */
export interface Found {
  readonly candidate: Candidate;
  readonly way: "present" | "mountable";
}

/**
 * Looks for a blob that holds the layer: in the repository itself, else in another repository of
 * the registry, from which it can be mounted. What earlier images say is believed only of blobs
 * that are there.
 *
 * @param distrusted digests that the registry says to have, and has not
 */
export async function findLayer(
  layer: Layer,
  repository: Repository,
  knowledge: Knowledge,
  distrusted: ReadonlySet<string>,
): Promise<Found | undefined> {
  const candidates = (await knowledge.candidates(layer)).filter(
    ({ blob }) => !distrusted.has(blob.digest),
  );
  const asked = new Set<string>();
  for (const candidate of candidates) {
    const { digest } = candidate.blob;
    if (asked.has(digest)) continue;
    asked.add(digest);
    if (await repository.hasBlob(digest)) return { candidate, way: "present" };
  }
  const elsewhere = candidates.find(
    ({ source }) => source !== undefined && repository.neighbourName(source) !== undefined,
  );
  return elsewhere === undefined ? undefined : { candidate: elsewhere, way: "mountable" };
}

/** Takes a layer as it was found; undefined when it could not be mounted. */
export async function takeFound(
  layer: Layer,
  { candidate, way }: Found,
  repository: Repository,
): Promise<PlacedLayer | undefined> {
  const begun = performance.now();
  if (way === "mountable") {
    const { source, blob } = candidate;
    const from = source === undefined ? undefined : repository.neighbourName(source);
    const mounted = from !== undefined && (await mountBlob(repository, blob.digest, from));
    if (!mounted) return undefined;
  }
  const seconds = (performance.now() - begun) / 1000;
  return foundLayer(layer, candidate, {
    way: way === "present" ? "present" : "mounted",
    sent: 0,
    seconds,
  });
}

export interface SendOptions extends LayerCoding {
  readonly compressor: () => Compressor;
  readonly blobs: BlobDigests | undefined;
  /** Told of bytes handed to the network. */
  readonly onSent: (bytes: number) => void;
  /** Whether to believe the registry when it says to have a blob. */
  readonly ask: boolean;
}

/**
 * Makes, compresses and uploads a layer in one pass; its digests are found on the way. One that
 * exists elsewhere comes from there as it is.
 */
export async function sendLayer(
  layer: Layer,
  repository: Repository,
  options: SendOptions,
): Promise<PlacedLayer> {
  const begun = performance.now();
  let sent = 0;
  const onSent = (bytes: number): void => {
    sent += bytes;
    options.onSent(bytes);
  };
  const upload = { onSent, ask: options.ask };
  const existing = existingLayer(layer, options.compression);
  if (existing !== undefined && layer.blob !== undefined) {
    await uploadBlob(repository, blobOf(layer.blob.descriptor, layer.blob.source), upload);
    const seconds = (performance.now() - begun) / 1000;
    return { layer, ...existing, way: "sent", sent, seconds };
  }
  const source = await sourceOf(layer, options);
  const { present, ...blob } = await uploadBlob(repository, source, upload);
  const way = present ? "present" : "sent";
  const seconds = (performance.now() - begun) / 1000;
  return madeLayer(layer, blob, options, { way, sent, seconds });
}

/** A layer that is still to be made, in the coding that is wanted. */
async function sourceOf(layer: Layer, options: SendOptions): Promise<BlobSource> {
  const { compression, level } = options;
  if (compression !== "none") {
    return {
      open: () =>
        compress(layer.stream({ lent: true }), compression, options.compressor(), {
          level,
          lent: true,
        }),
    };
  }
  const digest = layer.knownDiffId();
  const known = digest === undefined ? undefined : { digest, size: await layer.size() };
  return { known, open: () => layer.stream({ lent: true }) };
}
