import type { CodecName } from "./compression.ts";

/** Bytes that a block holds. Part of the format: it decides the compressed bytes, threads do not. */
export const BLOCK_SIZE: Readonly<Record<CodecName, number>> = { gzip: 1 << 20, zstd: 1 << 22 };

/** Bytes before a block that may be referred to: the window of deflate (RFC 1951, section 2). */
export const HISTORY_SIZE = 32_768;

/** Memory of one block: what came before the block, and the block. It is used again and again. */
export class BlockMemory {
  /** The last bytes before the block. */
  readonly history: Uint8Array = new Uint8Array(HISTORY_SIZE);
  readonly bytes: Uint8Array;

  constructor(codec: CodecName) {
    this.bytes = new Uint8Array(BLOCK_SIZE[codec]);
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
    return new BlockMemory(this.#codec);
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
