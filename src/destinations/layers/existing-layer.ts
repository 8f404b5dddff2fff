import { annotationsOf, factsFrom } from "../../image/layer-annotations.ts";
import { ociLayerType } from "../../image/layer-types.ts";
import type { Layer } from "../../image/layer.ts";
import type { PlacedLayer } from "./placed-layer.ts";

/**
 * A layer that exists as a blob, as a manifest elsewhere describes it: the same bytes under OCI's
 * media type, all annotations kept. Undefined for a layer that is still to be made.
 *
 * Its size is the blob's where nobody has decompressed it yet: for that alone it is not fetched.
 */
export function existingLayer(
  layer: Layer,
): Pick<PlacedLayer, "descriptor" | "diffId" | "size"> | undefined {
  const diffId = layer.knownDiffId();
  if (layer.blob === undefined || diffId === undefined) return undefined;
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
