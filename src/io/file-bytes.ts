import * as fs from "node:fs";

const CHUNK_SIZE = 1 << 20;

/** Part of an open file as a stream of chunks. */
export async function* fileBytes(
  fd: number,
  offset: number,
  size: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  let at = offset;
  const end = offset + size;
  while (at < end) {
    const chunk = Buffer.allocUnsafeSlow(Math.min(CHUNK_SIZE, end - at));
    const got = await readSome(fd, chunk, at);
    if (got === 0) return;
    yield chunk.subarray(0, got);
    at += got;
  }
}

function readSome(fd: number, target: Buffer, position: number): Promise<number> {
  return new Promise((resolve, reject) => {
    fs.read(fd, target, 0, target.length, position, (error, got) => {
      if (error === null) resolve(got);
      else reject(error);
    });
  });
}

/** Reads up to `length` bytes at `offset`, synchronously. */
export function readAt(fd: number, offset: number, length: number): Buffer {
  const buffer = Buffer.alloc(length);
  let used = 0;
  while (used < length) {
    const got = fs.readSync(fd, buffer, used, length - used, offset + used);
    if (got === 0) break;
    used += got;
  }
  return buffer.subarray(0, used);
}
