import type { ContentSource } from "./content-store.ts";
import type { Descriptor } from "./descriptor.ts";

/** A layer as it lies in a place already, compressed or not. */
export interface LayerBlob {
  readonly descriptor: Descriptor;
  readonly source: ContentSource;
}

/** Which blob a layer becomes in a codec, as somebody has found it before. */
export interface LayerCodingResult {
  /** What compresses it: see `codecId`. */
  readonly codec: string;
  readonly digest: string;
  /** Bytes, compressed. */
  readonly size: number;
}

/** A layer's identity and length. */
export interface LayerIdentity {
  /** `sha256:<hex>` of the uncompressed tar. */
  readonly diffId: string;
  /** Length of the uncompressed tar in bytes. */
  readonly size: number;
  /** Whether both were known without making or reading the layer's bytes. */
  readonly remembered: boolean;
}

export interface StreamOptions {
  /** Whether each chunk is used up before the next one is asked for: then it need not be copied. */
  readonly lent?: boolean;
}

/**
 * A layer of an image: packed from a plan, taken from a base image, or ready in a file. All are
 * the same to whoever consumes them. Its bytes are made when they are asked for, always the same.
 */
export interface Layer {
  /**
   * 64 hexadecimal digits that stand for it before its digest is known: layers of one name are the
   * same, layers of other content have other names.
   */
  readonly name: string;
  /** What is in it: component ids, or the name it had where it comes from. */
  readonly paths: readonly string[];
  /** Why these are together, for people. */
  readonly reason: string;
  /**
   * Found once, then remembered. Free after the bytes have been taken; before that it may have to
   * make them.
   */
  identity(): Promise<LayerIdentity>;
  /** The diffID, if it is known without making or reading the bytes. */
  knownDiffId(): string | undefined;
  /** Length of the uncompressed tar in bytes: cheaper than the identity. */
  size(): Promise<number>;
  /**
   * The same, if it is known without fetching the layer; undefined if it is not. A layer without
   * this is never far.
   */
  knownSize?(): number | undefined;
  /** The uncompressed tar. */
  stream(options?: StreamOptions): AsyncIterable<Uint8Array>;
  /** Identity of what it is made of, knowable without its bytes: equal keys mean equal bytes. */
  readonly contentKey?: string | undefined;
  /**
   * Takes over an identity from somebody who has made the layer before, so that its bytes need not
   * be made to learn it. They are checked against it if they are made after all.
   */
  adopt?(digest: Pick<LayerIdentity, "diffId" | "size">): void;
  /** Which blobs it becomes, as far as whoever described it has said so. */
  readonly codings?: readonly LayerCodingResult[] | undefined;
  /** For a layer that exists: it is copied as it is, where the destination takes it so. */
  readonly blob?: LayerBlob | undefined;
  /** Writes the uncompressed tar to a file descriptor, for layers that can do so faster. */
  writeTo?(fd: number): Promise<void>;
}

/** A layer's diffID, for which nothing is made or fetched where it is known. */
export async function diffIdOf(layer: Layer): Promise<string> {
  return layer.knownDiffId() ?? (await layer.identity()).diffId;
}
