import { digestOf } from "../image/digest.ts";
import type { DigestStore } from "./digest-store.ts";

/**
 * Lengths of layers that exist elsewhere, kept in the digest store: so that a compressed layer is
 * not fetched again for its length alone.
 */
export class LayerSizes {
  readonly #store: DigestStore;

  constructor(store: DigestStore) {
    this.#store = store;
  }

  /** Bytes of the uncompressed tar. */
  get(diffId: string): number | undefined {
    const entry = this.#store.get(keyOf(diffId));
    return entry?.diffId === diffId ? entry.size : undefined;
  }

  put(diffId: string, size: number): void {
    this.#store.put(keyOf(diffId), { diffId, size });
  }
}

function keyOf(diffId: string): string {
  return digestOf(Buffer.from(JSON.stringify(["size", diffId])));
}
