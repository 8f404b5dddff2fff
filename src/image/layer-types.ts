import { VarveError } from "../errors.ts";
import type { Descriptor } from "./descriptor.ts";
import { MEDIA_TYPE } from "./media-types.ts";

/** How a layer's blob is compressed, as its media type says. */
export type LayerCompression = "none" | "gzip" | "zstd";

/** Docker's media types, and where somebody uses one that nobody registered. */
const OCI_TWINS: ReadonlyMap<string, string> = new Map([
  [MEDIA_TYPE.dockerLayer, MEDIA_TYPE.layer],
  [MEDIA_TYPE.dockerLayerGzip, MEDIA_TYPE.layerGzip],
  [`${MEDIA_TYPE.dockerLayer}.zstd`, MEDIA_TYPE.layerZstd],
]);

const COMPRESSIONS: ReadonlyMap<string, LayerCompression> = new Map([
  [MEDIA_TYPE.layer, "none"],
  [MEDIA_TYPE.layerGzip, "gzip"],
  [MEDIA_TYPE.layerZstd, "zstd"],
]);

/** The media type of the same bytes in an OCI manifest, where Docker's have no place. */
export function ociLayerType(mediaType: string): string {
  return OCI_TWINS.get(mediaType) ?? mediaType;
}

/**
 * @param where the image, for errors
 * @throws VarveError `LAYER_FOREIGN` for a layer that is no tar varve can read
 */
export function layerCompression(
  { mediaType, digest }: Descriptor,
  where: string,
): LayerCompression {
  const compression = COMPRESSIONS.get(ociLayerType(mediaType));
  if (compression !== undefined) return compression;
  throw new VarveError("LAYER_FOREIGN", `${where}: the layer ${digest} ${why(mediaType)}`, {
    hint: "varve takes images whose layers are tars, plain or compressed with gzip or zstd",
  });
}

function why(mediaType: string): string {
  if (/foreign|nondistributable/.test(mediaType)) {
    return `may not be passed on, as its type says: ${mediaType}`;
  }
  if (mediaType.endsWith("+encrypted")) return `is encrypted: ${mediaType}`;
  return `is of a type that varve does not know: ${mediaType}`;
}
