import * as crypto from "node:crypto";
import * as fs from "node:fs";
import path from "node:path";
import type { ScannedFile } from "./scan.ts";

const CHUNK_SIZE = 1 << 20;

/**
 * Hash of files as they go into an image: paths, what is executable, content. Independent of
 * umask, owner and time.
 *
 * @returns SRI form, `sha256-…`
 */
export function hashFiles(
  root: string,
  files: readonly ScannedFile[],
  executables: ReadonlySet<string>,
): string {
  const buffer = Buffer.allocUnsafe(CHUNK_SIZE);
  const listed = files.map(({ path: place, isExecutable, link }) => [
    place,
    link ?? null,
    isExecutable || executables.has(place),
    link === undefined ? hashFile(path.join(root, place), buffer) : null,
  ]);
  return `sha256-${crypto.hash("sha256", JSON.stringify(listed), "base64")}`;
}

function hashFile(file: string, buffer: Buffer): string {
  const hash = crypto.createHash("sha256");
  const fd = fs.openSync(file, fs.constants.O_RDONLY | fs.constants.O_NOFOLLOW);
  try {
    for (;;) {
      const got = fs.readSync(fd, buffer);
      if (got === 0) return hash.digest("hex");
      hash.update(buffer.subarray(0, got));
    }
  } finally {
    fs.closeSync(fd);
  }
}
