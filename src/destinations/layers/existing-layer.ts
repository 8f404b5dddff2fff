import { annotationsOf, factsFrom } from "../../image/layer-annotations.ts";
import { ociLayerType } from "../../image/layer-types.ts";
import type { Layer, LayerBlob } from "../../image/layer.ts";
import { MEDIA_TYPE } from "../../image/media-types.ts";
import type { Compression } from "../../packing/codec/compression.ts";
import type { PlacedLayer } from "./placed-layer.ts";

/**
 * A layer that exists as a blob, as a manifest elsewhere describes it: the same bytes under OCI's
 * media type, all annotations kept. Undefined for a layer that is still to be made, or compressed:
 * a plain tar in a file is worth that before it travels, unlike one that a registry has.
 *
 * Its size is the blob's where nobody has decompressed it yet: for that alone it is not fetched.
 */
export function existingLayer(
  layer: Layer,
  compression: Compression,
): Pick<PlacedLayer, "descriptor" | "diffId" | "size"> | undefined {
  const diffId = layer.knownDiffId();
  if (layer.blob === undefined || diffId === undefined) return undefined;
  if (compression !== "none" && isPlainFile(layer.blob)) return undefined;
  const { annotations: told, mediaType, ...blob } = layer.blob.descriptor;
  const size = layer.knownSize?.();
  const { contentKey } = layer;
  const codec = factsFrom(layer.blob.descriptor)?.codec;
  const facts = size === undefined ? {} : annotationsOf({ contentKey, diffId, size, codec });
  const annotations = { ...told, ...facts };
  const plain = { ...blob, mediaType: ociLayerType(mediaType) };
  const descriptor = Object.keys(annotations).length === 0 ? plain : { ...plain, annotations };
  return { descriptor, diffId, size: size ?? blob.size };
}

function isPlainFile({ descriptor, source }: LayerBlob): boolean {
  const isPlain = ociLayerType(descriptor.mediaType) === MEDIA_TYPE.layer;
  return isPlain && source.isLocal === true;
}
