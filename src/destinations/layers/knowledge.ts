import type { Layer } from "../../image/layer.ts";
import type { Descriptor } from "../../image/descriptor.ts";
import type { BlobDigests } from "../../packing/blob-digests.ts";
import { codecId } from "../../packing/codec/codec-id.ts";
import type { Candidate } from "./candidate.ts";
import type { EarlierImage, EarlierLayer } from "./earlier-images.ts";
import { existingLayer } from "./existing-layer.ts";
import { MEDIA_TYPES, mediaTypeOf } from "./layer-coding.ts";
import type { LayerCoding } from "./layer-coding.ts";

/** What earlier images, the layers themselves and this machine's memory know about which blob holds which layer. */
export class Knowledge {
  readonly #earlier: readonly EarlierLayer[];
  readonly #blobs: BlobDigests | undefined;
  readonly #coding: LayerCoding;

  constructor(
    images: readonly EarlierImage[],
    blobs: BlobDigests | undefined,
    coding: LayerCoding,
  ) {
    this.#earlier = images.flatMap(({ layers }) => layers);
    this.#blobs = blobs;
    this.#coding = coding;
  }

  /**
   * Blobs that may hold a layer, without reading a byte of it, except where it is cheaper than
   * sending: a layer of unknown digest that is as long as an earlier one is hashed. A layer that
   * exists is wanted as it is, in no other coding.
   */
  async candidates(layer: Layer): Promise<Candidate[]> {
    const existing = existingLayer(layer, this.#coding.compression);
    if (existing !== undefined) {
      const { diffId, size, descriptor: blob } = existing;
      return [{ diffId, size, codec: undefined, blob, source: layer.blob?.source, exists: true }];
    }
    const sameKey = this.#ofCodec().find(
      ({ contentKey }) => contentKey !== undefined && contentKey === layer.contentKey,
    );
    const diffId = layer.knownDiffId() ?? sameKey?.diffId ?? (await this.#hashed(layer));
    if (diffId === undefined) return [];
    const seen = this.#ofCodec().filter((earlier) => earlier.diffId === diffId);
    const found: Candidate[] = [];
    for (const { size, blob, codec, source } of seen) {
      const length = size ?? (await layer.size());
      found.push({ diffId, size: length, codec, blob: asWritten(blob, this.#coding), source });
    }
    const remembered = await this.#remembered(layer, diffId, found[0]?.size);
    return remembered === undefined ? found : [...found, remembered];
  }

  #ofCodec(): readonly EarlierLayer[] {
    const types = MEDIA_TYPES[this.#coding.compression];
    return this.#earlier.filter(({ blob }) => types.includes(blob.mediaType));
  }

  async #hashed(layer: Layer): Promise<string | undefined> {
    const lengths = new Set(this.#ofCodec().map(({ size }) => size));
    if (lengths.size === 0 || !lengths.has(await layer.size())) return undefined;
    return (await layer.identity()).diffId;
  }

  /** @param told the layer's size, if somebody knows it: finding it takes a look at every file */
  async #remembered(
    layer: Layer,
    diffId: string,
    told: number | undefined,
  ): Promise<Candidate | undefined> {
    const { compression, level } = this.#coding;
    const mediaType = mediaTypeOf(compression);
    const codec = codecId(compression, level);
    if (compression === "none") {
      const size = told ?? (await layer.size());
      const blob = { mediaType, digest: diffId, size };
      return { diffId, size, codec, blob, source: undefined };
    }
    const described = layer.codings?.find((coding) => coding.codec === codec);
    const known =
      described === undefined
        ? this.#blobs?.get(diffId, codec)
        : { digest: described.digest, size: described.size };
    if (known === undefined) return undefined;
    const size = told ?? (await layer.size());
    return { diffId, size, codec, blob: { mediaType, ...known }, source: undefined };
  }
}

/** Docker's media type for the same bytes has no place in an OCI manifest. */
function asWritten({ digest, size }: Descriptor, { compression }: LayerCoding): Descriptor {
  return { mediaType: mediaTypeOf(compression), digest, size };
}
