import type { ByteString } from "../tar/byte-string.ts";
import { BLOCK_LENGTH } from "./block-sums.ts";
import { ByteCursor } from "./byte-cursor.ts";
import { readEntries } from "./tar-entries.ts";

/** A tar may hold a path more than once: the later ones have a number. */
export function keyFor(path: ByteString, taken: { has(key: string): boolean }): string {
  let key = path;
  for (let times = 1; taken.has(key); times += 1) key = `${path}\0${times}`;
  return key;
}

/**
 * Reads one block of each of some files in a tar.
 *
 * @param wanted which block of which file, by `keyFor`
 */
export async function readBlocks(
  chunks: AsyncIterable<Uint8Array>,
  wanted: ReadonlyMap<string, number>,
): Promise<Map<string, Buffer>> {
  const found = new Map<string, Buffer>();
  const seen = new Set<string>();
  let pieces: Buffer[] = [];
  let at: { key: string; from: number } | undefined;
  const begin = (path: ByteString): void => {
    const key = keyFor(path, seen);
    const block = wanted.get(key);
    at = block === undefined ? undefined : { key, from: block * BLOCK_LENGTH };
    pieces = [];
  };
  await readEntries(
    chunks,
    ({ path }) => {
      // Of an empty file nothing went by.
      const key = keyFor(path, seen);
      if (at?.key === key) found.set(key, Buffer.concat(pieces));
      at = undefined;
      seen.add(key);
    },
    {
      takeContent: (path, offset, bytes) => {
        if (offset === 0) begin(path);
        if (at === undefined) return;
        const piece = bytes.subarray(
          Math.max(0, at.from - offset),
          Math.max(0, at.from + BLOCK_LENGTH - offset),
        );
        if (piece.length > 0) pieces.push(Buffer.from(piece));
      },
    },
  );
  return found;
}

/** One block of the tar itself. */
export async function readTarBlock(
  chunks: AsyncIterable<Uint8Array>,
  block: number,
): Promise<Buffer> {
  const cursor = new ByteCursor(chunks);
  await cursor.pass(block * BLOCK_LENGTH, () => undefined);
  const bytes = Buffer.from(await cursor.take(BLOCK_LENGTH));
  await cursor.close();
  return bytes;
}
