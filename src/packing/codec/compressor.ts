import { availableParallelism } from "node:os";
import { BlockMemories } from "./block-memory.ts";
import { compressBlock } from "./block.ts";
import type { Block } from "./block.ts";
import type { CodecName } from "./compression.ts";

/** More at a time do not help: the memory bus is shared. */
const MOST_AT_A_TIME = 8;
/** Blocks beside those that are worked at: one that is filled, or taken away. */
const BLOCKS_ASIDE = 1;

/**
 * Compresses blocks on the threads that Node.js has for such work, so many at a time. They need no
 * JavaScript, so they cost a fraction of what workers cost in memory and to start.
 */
export class Compressor {
  /** How many blocks are compressed at a time, of all streams. */
  readonly parallelism: number;
  readonly #memories = new Map<CodecName, BlockMemories>();

  /** @param jobs how many at most; by default one a core */
  constructor(jobs: number = availableParallelism()) {
    this.parallelism = Math.max(1, Math.min(jobs, MOST_AT_A_TIME));
  }

  /** The memory that blocks of all streams share: whoever has one may compress. */
  memories(codec: CodecName): BlockMemories {
    const found =
      this.#memories.get(codec) ?? new BlockMemories(codec, this.parallelism + BLOCKS_ASIDE);
    this.#memories.set(codec, found);
    return found;
  }

  /** A block's compressed bytes. */
  compress(codec: CodecName, level: number, block: Block): Promise<Buffer> {
    return compressBlock(codec, level, block);
  }
}
