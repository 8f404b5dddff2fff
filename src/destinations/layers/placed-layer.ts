import type { BlobWay } from "../../image/content-store.ts";
import type { Descriptor } from "../../image/descriptor.ts";
import type { Layer } from "../../image/layer.ts";
import { annotationsOf } from "../../image/layer-annotations.ts";
import type { BlobDigest, BlobDigests } from "../../packing/blob-digests.ts";
import { codecId } from "../../packing/codec/codec-id.ts";
import type { Candidate } from "./candidate.ts";
import { mediaTypeOf } from "./layer-coding.ts";
import type { LayerCoding } from "./layer-coding.ts";

/** A layer that is where it is wanted. */
export interface PlacedLayer {
  readonly layer: Layer;
  readonly way: BlobWay;
  readonly descriptor: Descriptor;
  readonly diffId: string;
  /** Bytes, uncompressed; the blob's own of a base's layer that nobody has decompressed. */
  readonly size: number;
  /** Bytes that were sent or written for it. */
  readonly sent: number;
  readonly seconds: number;
}

/** A layer that was found: it believes what is said of it, until its bytes are made after all. */
export function foundLayer(
  layer: Layer,
  { diffId, size, codec, blob, exists }: Candidate,
  placed: Pick<PlacedLayer, "way" | "sent" | "seconds">,
): PlacedLayer {
  if (exists === true) return { layer, descriptor: blob, diffId, size, ...placed };
  layer.adopt?.({ diffId, size });
  const annotations = annotationsOf({ contentKey: layer.contentKey, diffId, size, codec });
  return { layer, descriptor: { ...blob, annotations }, diffId, size, ...placed };
}

/** A layer that was made: which blob it became is remembered. */
export async function madeLayer(
  layer: Layer,
  { digest, size: blobSize }: BlobDigest,
  { compression, level, blobs }: LayerCoding & { readonly blobs: BlobDigests | undefined },
  placed: Pick<PlacedLayer, "way" | "sent" | "seconds">,
): Promise<PlacedLayer> {
  const { diffId, size } = await layer.identity();
  const codec = codecId(compression, level);
  if (compression !== "none") blobs?.put(diffId, codec, { digest, size: blobSize });
  const annotations = annotationsOf({ contentKey: layer.contentKey, codec, diffId, size });
  const mediaType = mediaTypeOf(compression);
  const descriptor = { mediaType, digest, size: blobSize, annotations };
  return { layer, descriptor, diffId, size, ...placed };
}
