import { MEDIA_TYPE } from "../../image/media-types.ts";
import type { Compression } from "../../packing/codec/compression.ts";

/** How layers are to be compressed. */
export interface LayerCoding {
  readonly compression: Compression;
  readonly level?: number | undefined;
}

/** Media types of a layer by compression; the first is the one that is written. */
export const MEDIA_TYPES: Readonly<Record<Compression, readonly [string, ...string[]]>> = {
  none: [MEDIA_TYPE.layer],
  gzip: [MEDIA_TYPE.layerGzip, MEDIA_TYPE.dockerLayerGzip],
  zstd: [MEDIA_TYPE.layerZstd],
};

export function mediaTypeOf(compression: Compression): string {
  return MEDIA_TYPES[compression][0];
}
