import { hexOf } from "../image/digest.ts";
import { factsFrom } from "../image/layer-annotations.ts";
import { layerCompression } from "../image/layer-types.ts";
import type { LayerCompression } from "../image/layer-types.ts";
import type { Layer, LayerBlob, LayerIdentity } from "../image/layer.ts";
import { fileBytes } from "../io/file-bytes.ts";
import { decompress } from "./compression/decompress.ts";
import { seekableStream } from "./seekable.ts";
import type { SeekableFile } from "./seekable.ts";
import { verifiedBytes } from "./verified-bytes.ts";

/** Lengths of layers, uncompressed, that somebody remembers. */
export interface KnownSizes {
  get(diffId: string): number | undefined;
  put(diffId: string, size: number): void;
}

export interface StoredLayerInput {
  readonly blob: LayerBlob;
  readonly diffId: string;
  /** What is in it, if that is known. */
  readonly paths: readonly string[];
  readonly reason: string;
  readonly sizes?: KnownSizes | undefined;
}

/**
 * A layer of an image in a registry or an OCI layout. Its blob is copied as it is where that is
 * possible; otherwise it is fetched, decompressed and checked against its diffID.
 */
export class StoredLayer implements Layer {
  readonly name: string;
  readonly paths: readonly string[];
  readonly reason: string;
  readonly blob: LayerBlob;
  readonly contentKey: string | undefined;
  readonly #diffId: string;
  readonly #compression: LayerCompression;
  readonly #sizes: KnownSizes | undefined;
  #size: number | undefined;
  /** Fetched and decompressed, where its length had to be found before its bytes were wanted. */
  #kept: Promise<SeekableFile> | undefined;

  /** @throws VarveError `LAYER_FOREIGN` for a layer that varve cannot read */
  constructor({ blob, diffId, paths, reason, sizes }: StoredLayerInput) {
    this.blob = blob;
    this.paths = paths;
    this.reason = reason;
    this.name = hexOf(diffId);
    this.#diffId = diffId;
    this.#sizes = sizes;
    this.#compression = layerCompression(blob.descriptor, blob.source.fullName);
    const facts = factsFrom(blob.descriptor);
    const told = facts?.diffId === diffId ? facts : undefined;
    this.contentKey = told?.contentKey;
    this.#size = this.#compression === "none" ? blob.descriptor.size : told?.size;
  }

  knownDiffId(): string {
    return this.#diffId;
  }

  knownSize(): number | undefined {
    this.#size ??= this.#sizes?.get(this.#diffId);
    return this.#size;
  }

  async identity(): Promise<LayerIdentity> {
    const remembered = this.knownSize() !== undefined;
    return { diffId: this.#diffId, size: await this.size(), remembered };
  }

  /** Fetches the layer where nothing tells its length; then its bytes are kept to be used. */
  async size(): Promise<number> {
    const known = this.knownSize();
    if (known !== undefined) return known;
    this.#kept ??= seekableStream(this.#fetched());
    const { size } = await this.#kept;
    this.#learn(size);
    return size;
  }

  async *stream(): AsyncGenerator<Uint8Array, void, undefined> {
    if (this.#kept !== undefined) {
      const { fd, size } = await this.#kept;
      yield* fileBytes(fd, 0, size);
      return;
    }
    let size = 0;
    for await (const chunk of this.#fetched()) {
      size += chunk.length;
      yield chunk;
    }
    this.#learn(size);
  }

  /** Lets go of the bytes that are kept. */
  close(): void {
    this.#kept?.then(
      (file) => {
        file.close();
      },
      () => undefined,
    );
    this.#kept = undefined;
  }

  #fetched(): AsyncIterable<Uint8Array> {
    const { source, descriptor } = this.blob;
    const bytes = source.openBlob(descriptor);
    // The source has checked the blob's own digest.
    if (this.#compression === "none" && descriptor.digest === this.#diffId) return bytes;
    const what = `${source.fullName}, layer ${descriptor.digest},`;
    return verifiedBytes(decompress(bytes, this.#compression, what), this.#diffId, what);
  }

  /** The length that was found; one that was told may have been wrong. */
  #learn(size: number): void {
    if (this.#size === undefined) this.#sizes?.put(this.#diffId, size);
    this.#size = size;
  }
}
