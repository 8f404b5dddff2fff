import * as zlib from "node:zlib";
import type { CodecName } from "../workers/protocol.ts";
import type { WorkerPool } from "../workers/pool.ts";

/** The level each codec uses unless asked otherwise: what `gzip` and `zstd` themselves take. */
export const DEFAULT_LEVEL: Readonly<Record<CodecName, number>> = { gzip: 6, zstd: 3 };

/** Bytes a block holds. Part of the format: it decides the compressed bytes, threads do not. */
const BLOCK_SIZE: Readonly<Record<CodecName, number>> = { gzip: 1 << 20, zstd: 1 << 23 };

const GZIP_WINDOW = 32_768;
/** RFC 1952: no name, no time, unknown operating system, so that every machine writes the same. */
const GZIP_HEADER = Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff);

/**
 * Compresses a stream on all workers of the pool. The result depends on the bytes, the codec and
 * the level only: gzip is one member of independently made blocks, each knowing the 32 KiB before
 * it (as pigz does); zstd is one frame a block.
 */
export async function* compress(
  source: AsyncIterable<Uint8Array>,
  codec: CodecName,
  pool: WorkerPool,
  level: number = DEFAULT_LEVEL[codec],
): AsyncGenerator<Uint8Array, void, undefined> {
  const running: Array<Promise<Uint8Array>> = [];
  const size = BLOCK_SIZE[codec];
  const memory = memoryOf(pool, codec);
  const most = pool.parallelism + 1;
  let crc = 0;
  let total = 0;
  let dictionary: Uint8Array | undefined;
  if (codec === "gzip") yield GZIP_HEADER;
  try {
    for await (const { bytes, last } of blocksOf(
      source,
      size,
      () => memory.pop() ?? new ArrayBuffer(size),
    )) {
      const block = { bytes, dictionary, last };
      if (codec === "gzip") {
        crc = zlib.crc32(bytes, crc);
        dictionary = bytes.slice(Math.max(0, bytes.length - GZIP_WINDOW));
      }
      total += bytes.length;
      const transfer = [bytes.buffer];
      const made = pool.run("compress", { codec, level, block }, { transfer }).then((result) => {
        memory.push(result.memory);
        return result.made;
      });
      made.catch(() => undefined);
      running.push(made);
      if (running.length >= most) yield await running.shift()!;
    }
    while (running.length > 0) yield await running.shift()!;
  } finally {
    await Promise.allSettled(running);
  }
  if (codec === "gzip") yield gzipTrailer(crc, total);
}

function gzipTrailer(crc: number, total: number): Uint8Array {
  const trailer = Buffer.alloc(8);
  trailer.writeUInt32LE(crc, 0);
  trailer.writeUInt32LE(total % 2 ** 32, 4);
  return trailer;
}

/** Memory of blocks that is used again: fresh memory costs as much as hashing. */
const memories = new WeakMap<WorkerPool, Record<CodecName, ArrayBuffer[]>>();

function memoryOf(pool: WorkerPool, codec: CodecName): ArrayBuffer[] {
  let memory = memories.get(pool);
  if (memory === undefined) {
    memory = { gzip: [], zstd: [] };
    memories.set(pool, memory);
  }
  return memory[codec];
}

/**
 * Cuts a stream into blocks of exactly `size` bytes; the last one is shorter, or empty. A chunk is
 * used up before the next one is asked for.
 *
 * @param memory gives room for a block
 */
async function* blocksOf(
  source: AsyncIterable<Uint8Array>,
  size: number,
  memory: () => ArrayBuffer,
): AsyncGenerator<{ bytes: Uint8Array<ArrayBuffer>; last: boolean }, void, undefined> {
  let block = new Uint8Array(memory());
  let used = 0;
  for await (const chunk of source) {
    let from = 0;
    while (from < chunk.length) {
      if (used === size) {
        yield { bytes: block, last: false };
        block = new Uint8Array(memory());
        used = 0;
      }
      const piece = chunk.subarray(from, from + size - used);
      block.set(piece, used);
      used += piece.length;
      from += piece.length;
    }
  }
  yield { bytes: block.subarray(0, used), last: true };
}
