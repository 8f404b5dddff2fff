import type { CodecName } from "../workers/protocol.ts";

/** Bytes that a block holds. Part of the format: it decides the compressed bytes, threads do not. */
export const BLOCK_SIZE: Readonly<Record<CodecName, number>> = { gzip: 1 << 20, zstd: 1 << 22 };

/** Bytes before a block that may be referred to: the window of deflate (RFC 1951, section 2). */
export const HISTORY_SIZE = 32_768;

/**
 * Memory of one block, shared between threads: what came before the block, then the block, whose
 * place its compressed bytes take. So neither thread makes memory that the other has to give back.
 */
export class BlockMemory {
  readonly shared: SharedArrayBuffer;
  /** The last bytes before the block. */
  readonly history: Uint8Array;
  /** The block, and room for what does not get shorter. */
  readonly bytes: Uint8Array;

  constructor(shared: SharedArrayBuffer) {
    this.shared = shared;
    this.history = new Uint8Array(shared, 0, HISTORY_SIZE);
    this.bytes = new Uint8Array(shared, HISTORY_SIZE);
  }

  static of(codec: CodecName): BlockMemory {
    const size = BLOCK_SIZE[codec];
    return new BlockMemory(new SharedArrayBuffer(HISTORY_SIZE + size + (size >> 3)));
  }
}

/**
 * A fixed number of block memories, for all streams that are compressed at a time: whoever has to
 * wait for one must hold none.
 */
export class BlockMemories {
  readonly #codec: CodecName;
  readonly #free: BlockMemory[] = [];
  readonly #waiting: Array<(memory: BlockMemory) => void> = [];
  #left: number;

  constructor(codec: CodecName, count: number) {
    this.#codec = codec;
    this.#left = count;
  }

  /** A memory, if one is free. */
  take(): BlockMemory | undefined {
    const memory = this.#free.pop();
    if (memory !== undefined || this.#left === 0) return memory;
    this.#left -= 1;
    return BlockMemory.of(this.#codec);
  }

  /** The next memory that becomes free. */
  next(): Promise<BlockMemory> {
    return new Promise((resolve) => {
      const memory = this.take();
      if (memory === undefined) this.#waiting.push(resolve);
      else resolve(memory);
    });
  }

  give(memory: BlockMemory): void {
    const waiting = this.#waiting.shift();
    if (waiting === undefined) this.#free.push(memory);
    else waiting(memory);
  }
}
