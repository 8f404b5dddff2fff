import { createHash } from "node:crypto";

/**
 * Buffers in shared memory between a worker that reads files into them and a worker that hashes or
 * writes what they hold: both work at the same time, and no byte is copied for it. Memory is fixed;
 * whoever is ahead sleeps. When both have ended well, the ring is as new and can be used again.
 */

const SLOTS = 8;
/** Smaller than chunks that a main thread is told of: handing one over costs next to nothing. */
const SLOT_SIZE = 1 << 18;
/** Int32 cells before the data, one a slot: what it holds. */
const DATA_OFFSET = 64;

const FREE = 0;
const END = -1;
/** In every slot, for ever: nobody takes on. */
const GONE = -2;

/** Thrown in a worker at a ring when the other has failed, which has the reason. */
export class RingAbandoned extends Error {}

export function createSharedRing(): SharedArrayBuffer {
  return new SharedArrayBuffer(DATA_OFFSET + SLOTS * SLOT_SIZE);
}

function slotsOf(ring: SharedArrayBuffer): { cells: Int32Array; slots: Buffer[] } {
  return {
    cells: new Int32Array(ring, 0, SLOTS),
    slots: Array.from({ length: SLOTS }, (_, slot) =>
      Buffer.from(ring, DATA_OFFSET + slot * SLOT_SIZE, SLOT_SIZE),
    ),
  };
}

/** The end of the worker that fills the buffers. */
export class SharedRingMaker {
  readonly #cells: Int32Array;
  readonly #slots: readonly Buffer[];
  #slot = -1;
  #handedOver = true;

  constructor(ring: SharedArrayBuffer) {
    const { cells, slots } = slotsOf(ring);
    this.#cells = cells;
    this.#slots = slots;
  }

  /**
   * The next buffer to fill; sleeps until it is free.
   *
   * @throws RingAbandoned
   */
  nextBuffer(): Buffer {
    this.#slot = (this.#slot + 1) % SLOTS;
    for (;;) {
      const held = Atomics.load(this.#cells, this.#slot);
      if (held === GONE) throw new RingAbandoned("nobody takes what is made");
      if (held === FREE) break;
      Atomics.wait(this.#cells, this.#slot, held);
    }
    this.#handedOver = false;
    return this.#slots[this.#slot]!;
  }

  /** Hands over what the buffer last given holds. It may be read until the next one is asked for. */
  publish(length: number): void {
    this.#handedOver = true;
    // Whoever has gone in the meantime stays gone.
    if (Atomics.compareExchange(this.#cells, this.#slot, FREE, length) === FREE) {
      Atomics.notify(this.#cells, this.#slot);
    }
  }

  /** Ends the ring, in the place of a buffer that is not handed over. */
  end(): void {
    try {
      if (this.#handedOver) this.nextBuffer();
    } catch (error) {
      if (error instanceof RingAbandoned) return;
      throw error;
    }
    this.publish(END);
  }
}

/**
 * The end of the worker that takes what is handed over, until the ring ends. When `take` fails,
 * the other worker learns it.
 */
export function takeFromRing(ring: SharedArrayBuffer, take: (bytes: Buffer) => void): void {
  const { cells, slots } = slotsOf(ring);
  try {
    for (let slot = 0; ; slot = (slot + 1) % SLOTS) {
      Atomics.wait(cells, slot, FREE);
      const length = Atomics.load(cells, slot);
      if (length === GONE) throw new RingAbandoned("nobody makes what is taken");
      if (length !== END) take(slots[slot]!.subarray(0, length));
      Atomics.store(cells, slot, FREE);
      Atomics.notify(cells, slot);
      if (length === END) return;
    }
  } catch (error) {
    abandonRing(ring);
    throw error;
  }
}

/** Whoever is still at the ring ends soon, instead of waiting for somebody who has gone. */
export function abandonRing(ring: SharedArrayBuffer): void {
  const { cells } = slotsOf(ring);
  for (let slot = 0; slot < SLOTS; slot += 1) {
    Atomics.store(cells, slot, GONE);
    Atomics.notify(cells, slot);
  }
}

/** The SHA-256 of everything handed over, in hexadecimal. */
export function hashRing(ring: SharedArrayBuffer): string {
  const hash = createHash("sha256");
  takeFromRing(ring, (bytes) => {
    hash.update(bytes);
  });
  return hash.digest("hex");
}
