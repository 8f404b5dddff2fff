import * as zlib from "node:zlib";
import type { BlockInput, CodecName } from "../workers/protocol.ts";
import { BlockMemory, HISTORY_SIZE } from "./block-memory.ts";

/**
 * Symbols are collected in so much memory before they are coded: less of it, and codes fit what
 * they code better; 7 gives 0.7 % fewer bytes than 9, and is the best for programs and text.
 */
const GZIP_MEMORY = 7;

/**
 * What zstd looks matches up in, twice as large as level 3 would have it, as a power of two: more
 * than makes up for what blocks do not know of each other, for 5 % of the time.
 */
const ZSTD_USUAL_LEVEL = 3;
const ZSTD_TABLES = {
  [zlib.constants.ZSTD_c_hashLog]: 18,
  [zlib.constants.ZSTD_c_chainLog]: 17,
};

/**
 * Compresses a block in its place, so that the blocks, one after the other, are one valid stream.
 *
 * @returns how many bytes there are now
 */
export function compressBlock(codec: CodecName, level: number, block: BlockInput): number {
  const memory = new BlockMemory(block.shared);
  const made = madeOf(codec, level, memory, block);
  memory.bytes.set(made);
  const { length } = made;
  // Collected as garbage it would be there for long: by its handle it looks small.
  (made.buffer as ArrayBuffer).transfer(0);
  return length;
}

function madeOf(
  codec: CodecName,
  level: number,
  memory: BlockMemory,
  { length, history, last }: BlockInput,
): Buffer {
  const bytes = memory.bytes.subarray(0, length);
  const { constants } = zlib;
  switch (codec) {
    case "gzip":
      return zlib.deflateRawSync(bytes, {
        level,
        memLevel: GZIP_MEMORY,
        chunkSize: roomFor(length),
        finishFlush: last ? constants.Z_FINISH : constants.Z_SYNC_FLUSH,
        ...(history === 0 ? {} : { dictionary: memory.history.subarray(HISTORY_SIZE - history) }),
      });
    case "zstd":
      return zlib.zstdCompressSync(bytes, {
        chunkSize: roomFor(length),
        params: {
          [constants.ZSTD_c_compressionLevel]: level,
          [constants.ZSTD_c_checksumFlag]: 1,
          [constants.ZSTD_c_contentSizeFlag]: 1,
          ...(level === ZSTD_USUAL_LEVEL ? ZSTD_TABLES : {}),
        },
      });
  }
}

/**
 * Enough for whatever the block becomes: with that zstd compresses in one go, without copying, and
 * its bytes depend on nothing else (reference: dependencies, section 4).
 */
function roomFor(length: number): number {
  return length + (length >> 3) + 65_536;
}
