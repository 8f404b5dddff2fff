import { crc32 } from "node:zlib";

/** Bytes of a block whose sum is kept: what is read again to find a difference's very place. */
export const BLOCK_LENGTH: number = 1 << 16;

/**
 * A checksum a block of bytes that go by. Two contents are compared by digests; where they differ
 * is found by these, without keeping either.
 */
export class BlockSums {
  readonly sums: number[] = [];
  #sum = 0;
  #filled = 0;

  add(bytes: Buffer): void {
    let at = 0;
    while (at < bytes.length) {
      const piece = bytes.subarray(at, at + BLOCK_LENGTH - this.#filled);
      this.#sum = crc32(piece, this.#sum);
      this.#filled += piece.length;
      at += piece.length;
      if (this.#filled === BLOCK_LENGTH) this.#close();
    }
  }

  finish(): readonly number[] {
    if (this.#filled > 0) this.#close();
    return this.sums;
  }

  #close(): void {
    this.sums.push(this.#sum);
    this.#sum = 0;
    this.#filled = 0;
  }
}

/** The first block in which two contents differ; undefined when none does. */
export function firstDifferentBlock(
  a: readonly number[],
  b: readonly number[],
): number | undefined {
  const length = Math.max(a.length, b.length);
  for (let block = 0; block < length; block += 1) if (a[block] !== b[block]) return block;
  return undefined;
}

/** The first offset at which two buffers differ; undefined when they are equal. */
export function firstDifferentByte(a: Uint8Array, b: Uint8Array): number | undefined {
  const length = Math.max(a.length, b.length);
  for (let at = 0; at < length; at += 1) if (a[at] !== b[at]) return at;
  return undefined;
}
