/**
 * A ring of buffers in shared memory, from a worker that makes bytes synchronously to a consumer
 * on another thread that takes them when it can. The maker sleeps while the ring is full, so the
 * memory in use is fixed.
 */

const SLOTS = 4;
const SLOT_SIZE = 1 << 20;
/** Int32 cells before the data: bytes filled, per slot; then whether the consumer has gone. */
const CANCELLED = SLOTS;
const CELLS = SLOTS + 1;
const DATA_OFFSET = 64;

const FREE = 0;

/** Thrown in the worker when the consumer has gone; nobody is left to read it. */
export class RingCancelled extends Error {}

export function createRing(): SharedArrayBuffer {
  return new SharedArrayBuffer(DATA_OFFSET + SLOTS * SLOT_SIZE);
}

/** The worker's end. */
export class RingWriter {
  readonly #cells: Int32Array;
  readonly #data: Uint8Array;
  readonly #announce: () => void;
  #slot = 0;

  /** @param announce tells the consumer that one more slot is filled */
  constructor(ring: SharedArrayBuffer, announce: () => void) {
    this.#cells = new Int32Array(ring, 0, CELLS);
    this.#data = new Uint8Array(ring, DATA_OFFSET);
    this.#announce = announce;
  }

  /** Puts bytes, at most one slot's length, into the ring; sleeps until there is room. */
  write(bytes: Uint8Array): void {
    for (let from = 0; from < bytes.length; from += SLOT_SIZE) {
      this.#writeSlot(bytes.subarray(from, from + SLOT_SIZE));
    }
  }

  #writeSlot(bytes: Uint8Array): void {
    for (;;) {
      const filled = Atomics.load(this.#cells, this.#slot);
      if (Atomics.load(this.#cells, CANCELLED) !== 0) throw new RingCancelled();
      if (filled === FREE) break;
      Atomics.wait(this.#cells, this.#slot, filled);
    }
    this.#data.set(bytes, this.#slot * SLOT_SIZE);
    Atomics.store(this.#cells, this.#slot, bytes.length);
    this.#announce();
    this.#slot = (this.#slot + 1) % SLOTS;
  }
}

/** The consumer's end. */
export class RingReader {
  readonly #cells: Int32Array;
  readonly #data: Uint8Array;
  #slot = 0;

  constructor(ring: SharedArrayBuffer) {
    this.#cells = new Int32Array(ring, 0, CELLS);
    this.#data = new Uint8Array(ring, DATA_OFFSET);
  }

  /** The next filled slot, until it is freed. Call both once per announcement. */
  look(): Uint8Array {
    const length = Atomics.load(this.#cells, this.#slot);
    const from = this.#slot * SLOT_SIZE;
    return this.#data.subarray(from, from + length);
  }

  free(): void {
    Atomics.store(this.#cells, this.#slot, FREE);
    Atomics.notify(this.#cells, this.#slot);
    this.#slot = (this.#slot + 1) % SLOTS;
  }

  /** Copies the next filled slot out and frees it. */
  take(): Uint8Array {
    const bytes = this.look().slice();
    this.free();
    return bytes;
  }

  /** Tells the worker that nobody reads on. */
  cancel(): void {
    Atomics.store(this.#cells, CANCELLED, 1);
    for (let slot = 0; slot < SLOTS; slot += 1) {
      Atomics.store(this.#cells, slot, FREE);
      Atomics.notify(this.#cells, slot);
    }
  }
}
