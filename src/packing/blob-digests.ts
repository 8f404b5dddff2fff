import { digestOf } from "../image/digest.ts";
import type { DigestStore } from "./digest-store.ts";

/** Digest and length of a layer's compressed bytes. */
export interface BlobDigest {
  readonly digest: string;
  /** Bytes. */
  readonly size: number;
}

/**
 * Which blob a layer became when it was compressed: diffID and codec → digest and size, kept in
 * the digest store. diffIDs are promised, blobs belong to a codec's implementation
 * (reference: reproducibility, section 5.2).
 */
export class BlobDigests {
  readonly #store: DigestStore;

  constructor(store: DigestStore) {
    this.#store = store;
  }

  /** @param codec identifies codec, level and implementation */
  get(diffId: string, codec: string): BlobDigest | undefined {
    const entry = this.#store.get(keyOf(diffId, codec));
    return entry === undefined ? undefined : { digest: entry.diffId, size: entry.size };
  }

  put(diffId: string, codec: string, { digest, size }: BlobDigest): void {
    this.#store.put(keyOf(diffId, codec), { diffId: digest, size });
  }
}

function keyOf(diffId: string, codec: string): string {
  return digestOf(Buffer.from(JSON.stringify(["blob", diffId, codec])));
}
