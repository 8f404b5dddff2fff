import * as zlib from "node:zlib";
import { giveBack } from "./block.ts";
import { BLOCK_SIZE, HISTORY_SIZE } from "./block-memory.ts";
import type { BlockMemories, BlockMemory } from "./block-memory.ts";
import type { CodecName } from "./compression.ts";
import type { Compressor } from "./compressor.ts";

/** The level each codec uses unless asked otherwise: what `gzip` and `zstd` themselves take. */
export const DEFAULT_LEVEL: Readonly<Record<CodecName, number>> = { gzip: 6, zstd: 3 };

/** RFC 1952: no name, no time, unknown operating system, so that every machine writes the same. */
const GZIP_HEADER = Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff);

export interface CompressOptions {
  readonly level?: number | undefined;
  /** Whether each chunk is used up before the next one is asked for: then it need not be copied. */
  readonly lent?: boolean;
}

/**
 * Compresses a stream, several blocks at a time. The result depends on the bytes, the codec and
 * the level only: gzip is one member of independently made blocks, each knowing the 32 KiB before
 * it (as pigz does); zstd is one frame a block.
 *
 * @param source may lend its chunks: each is used up before the next one is asked for
 */
export async function* compress(
  source: AsyncIterable<Uint8Array>,
  codec: CodecName,
  compressor: Compressor,
  options: CompressOptions = {},
): AsyncGenerator<Uint8Array, void, undefined> {
  const blocks = new BlocksAtWork(codec, compressor, options);
  try {
    if (codec === "gzip") yield GZIP_HEADER;
    for await (const chunk of source) {
      for (let from = 0; from < chunk.length;) {
        while (!(await blocks.begin())) yield* blocks.finishFirst();
        from += blocks.fill(chunk, from);
      }
    }
    while (!(await blocks.begin())) yield* blocks.finishFirst();
    blocks.endLast();
    while (blocks.areAtWork) yield* blocks.finishFirst();
    if (codec === "gzip") yield blocks.gzipTrailer();
  } finally {
    await blocks.abandon();
  }
}

/** A block that is being compressed. */
interface Running {
  readonly memory: BlockMemory;
  readonly made: Promise<Buffer>;
}

/** The blocks of one stream, in order: the one being filled, and those before it. */
class BlocksAtWork {
  readonly #codec: CodecName;
  readonly #level: number;
  readonly #lent: boolean;
  readonly #compressor: Compressor;
  readonly #memories: BlockMemories;
  readonly #running: Running[] = [];
  /** The block being filled. */
  #memory: BlockMemory | undefined;
  #used = 0;
  /** The end of the block before, as far as the next one may refer to it. */
  readonly #history = new Uint8Array(HISTORY_SIZE);
  #historyLength = 0;
  #crc = 0;
  #total = 0;

  constructor(codec: CodecName, compressor: Compressor, options: CompressOptions) {
    this.#codec = codec;
    this.#level = options.level ?? DEFAULT_LEVEL[codec];
    this.#lent = options.lent ?? false;
    this.#compressor = compressor;
    this.#memories = compressor.memories(codec);
  }

  get areAtWork(): boolean {
    return this.#running.length > 0;
  }

  /**
   * Sees to it that there is a block with room.
   *
   * @returns false when one has to be finished first
   */
  async begin(): Promise<boolean> {
    if (this.#memory !== undefined && this.#used < BLOCK_SIZE[this.#codec]) return true;
    if (this.#memory !== undefined) this.#start(false);
    this.#memory = this.#memories.take();
    if (this.#memory === undefined) {
      if (this.#running.length > 0) return false;
      this.#memory = await this.#memories.next();
    }
    this.#memory.history.set(this.#history);
    return true;
  }

  /** @returns how many bytes of the chunk there was room for */
  fill(chunk: Uint8Array, from: number): number {
    const piece = chunk.subarray(from, from + BLOCK_SIZE[this.#codec] - this.#used);
    this.#memory!.bytes.set(piece, this.#used);
    this.#used += piece.length;
    return piece.length;
  }

  /** The stream ends with the block that is being filled. */
  endLast(): void {
    this.#start(true);
  }

  /** The first block that is not yet taken away, as soon as it is compressed. */
  async *finishFirst(): AsyncGenerator<Uint8Array, void, undefined> {
    const { memory, made } = this.#running.shift()!;
    try {
      const bytes = await made;
      yield this.#lent ? bytes : Uint8Array.from(bytes);
      giveBack(bytes);
    } finally {
      this.#memories.give(memory);
    }
  }

  gzipTrailer(): Uint8Array {
    const trailer = Buffer.alloc(8);
    trailer.writeUInt32LE(this.#crc, 0);
    trailer.writeUInt32LE(this.#total % 2 ** 32, 4);
    return trailer;
  }

  /** Gives all memory back, once nobody reads there any more. */
  async abandon(): Promise<void> {
    if (this.#memory !== undefined) this.#memories.give(this.#memory);
    this.#memory = undefined;
    for (const { memory, made } of this.#running.splice(0)) {
      await made.catch(() => undefined);
      this.#memories.give(memory);
    }
  }

  #start(last: boolean): void {
    const memory = this.#memory!;
    const length = this.#used;
    const history = this.#historyLength;
    if (this.#codec === "gzip") {
      const bytes = memory.bytes.subarray(0, length);
      this.#crc = zlib.crc32(bytes, this.#crc);
      this.#historyLength = Math.min(length, HISTORY_SIZE);
      this.#history.set(bytes.subarray(length - this.#historyLength));
    }
    this.#total += length;
    const block = { memory, history, length, last };
    const made = this.#compressor.compress(this.#codec, this.#level, block);
    made.catch(() => undefined);
    this.#running.push({ memory, made });
    this.#memory = undefined;
    this.#used = 0;
  }
}
