import { createHash } from "node:crypto";
import { CHUNK_SIZE } from "../chunk-size.ts";

/**
 * Buffers in shared memory between a worker that fills and writes them and a worker that hashes
 * them: the one reads files and writes to the destination while the other hashes, and no byte is
 * copied for it. Memory is fixed; whoever is ahead sleeps. When both have ended, the ring is as new
 * and can be used again.
 */

const SLOTS = 4;
/** Int32 cells before the data, one a slot: what it holds. */
const DATA_OFFSET = 64;

const FREE = 0;
const END = -1;

export function createHashRing(): SharedArrayBuffer {
  return new SharedArrayBuffer(DATA_OFFSET + SLOTS * CHUNK_SIZE);
}

function slotsOf(ring: SharedArrayBuffer): { cells: Int32Array; slots: Buffer[] } {
  return {
    cells: new Int32Array(ring, 0, SLOTS),
    slots: Array.from({ length: SLOTS }, (_, slot) =>
      Buffer.from(ring, DATA_OFFSET + slot * CHUNK_SIZE, CHUNK_SIZE),
    ),
  };
}

/** The end of the worker that fills the buffers. */
export class HashRingMaker {
  readonly #cells: Int32Array;
  readonly #slots: readonly Buffer[];
  #slot = -1;
  #handedOver = true;

  constructor(ring: SharedArrayBuffer) {
    const { cells, slots } = slotsOf(ring);
    this.#cells = cells;
    this.#slots = slots;
  }

  /** The next buffer to fill; sleeps until it is hashed. */
  nextBuffer(): Buffer {
    this.#slot = (this.#slot + 1) % SLOTS;
    for (;;) {
      const held = Atomics.load(this.#cells, this.#slot);
      if (held === FREE) break;
      Atomics.wait(this.#cells, this.#slot, held);
    }
    this.#handedOver = false;
    return this.#slots[this.#slot]!;
  }

  /** Hands over what the buffer last given holds. It may be read until the next one is asked for. */
  publish(length: number): void {
    this.#handedOver = true;
    Atomics.store(this.#cells, this.#slot, length);
    Atomics.notify(this.#cells, this.#slot);
  }

  /** Ends the ring, in the place of a buffer that is not handed over. */
  end(): void {
    if (this.#handedOver) this.nextBuffer();
    this.publish(END);
  }
}

/** The end of the worker that hashes: the SHA-256 of everything handed over, in hexadecimal. */
export function hashRing(ring: SharedArrayBuffer): string {
  const { cells, slots } = slotsOf(ring);
  const hash = createHash("sha256");
  for (let slot = 0; ; slot = (slot + 1) % SLOTS) {
    Atomics.wait(cells, slot, FREE);
    const length = Atomics.load(cells, slot);
    if (length !== END) hash.update(slots[slot]!.subarray(0, length));
    Atomics.store(cells, slot, FREE);
    Atomics.notify(cells, slot);
    if (length === END) return hash.digest("hex");
  }
}
