import * as crypto from "node:crypto";
import * as fs from "node:fs";
import path from "node:path";
import { byteStringOf } from "../../../tar/byte-string.ts";
import type { StatCache } from "../../files/stat-cache.ts";
import type { ScannedFile } from "./scan.ts";

const CHUNK_SIZE = 1 << 20;

/**
 * Hash of files as they go into an image: paths, what is executable, content. Independent of
 * umask, owner and time.
 *
 * @param cache knows files that have not changed since they were hashed last
 * @returns SRI form, `sha256-…`
 */
export function hashFiles(
  root: string,
  files: readonly ScannedFile[],
  executables: ReadonlySet<string>,
  cache?: StatCache,
): string {
  const buffer = Buffer.allocUnsafe(CHUNK_SIZE);
  const contentOf = (file: ScannedFile): string => {
    const name = byteStringOf(file.path);
    const known = cache?.get(name, file);
    if (known !== undefined) return known;
    const hash = hashFile(path.join(root, file.path), buffer);
    cache?.put(name, file, hash);
    return hash;
  };
  const listed = files.map((file) => [
    file.path,
    file.link ?? null,
    file.isExecutable || executables.has(file.path),
    file.link === undefined ? contentOf(file) : null,
  ]);
  cache?.save();
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
