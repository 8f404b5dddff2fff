import * as fs from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { messageOf, systemCodeOf, VarveError } from "../errors.ts";
import { writeFully } from "../io/write-fully.ts";
import { decompress } from "./compression/decompress.ts";
import { MAGIC_LENGTH, sniffCompression } from "./compression/sniff.ts";
import { fileBytes, readAt } from "../io/file-bytes.ts";

/** An open file without compression, of which any part can be read. */
export interface SeekableFile {
  readonly fd: number;
  readonly size: number;
  close(): void;
}

/**
 * Opens a file for reading at any place. A compressed one is decompressed once into a temporary
 * file that has no name any more when this returns, so that nothing is left behind however the
 * process ends.
 *
 * @throws VarveError `ARCHIVE_UNREADABLE`, `ARCHIVE_DAMAGED`
 */
export async function openSeekable(file: string): Promise<SeekableFile> {
  const { fd, size } = openFile(file);
  const compressed = sniffCompression(readAt(fd, 0, MAGIC_LENGTH));
  if (compressed === "none") return seekable(fd, size);
  try {
    const temporary = openNameless();
    try {
      let written = 0;
      for await (const chunk of decompress(fileBytes(fd, 0, size), compressed, file)) {
        await writeFully(temporary, chunk);
        written += chunk.length;
      }
      return seekable(temporary, written);
    } catch (error) {
      fs.closeSync(temporary);
      throw error;
    }
  } finally {
    fs.closeSync(fd);
  }
}

function openFile(file: string): { fd: number; size: number } {
  try {
    const fd = fs.openSync(file, "r");
    const stats = fs.fstatSync(fd);
    if (stats.isFile()) return { fd, size: stats.size };
    fs.closeSync(fd);
  } catch (error) {
    const why = systemCodeOf(error) === "ENOENT" ? "there is no such file" : messageOf(error);
    throw new VarveError("ARCHIVE_UNREADABLE", `${file} cannot be read: ${why}`, {
      cause: error,
      hint: "give the path of an image archive",
    });
  }
  throw new VarveError("ARCHIVE_UNREADABLE", `${file} is not a regular file`, {
    hint: "give the path of an image archive",
  });
}

function seekable(fd: number, size: number): SeekableFile {
  let open = true;
  return {
    fd,
    size,
    close() {
      if (open) fs.closeSync(fd);
      open = false;
    },
  };
}

function openNameless(): number {
  const folder = fs.mkdtempSync(path.join(tmpdir(), "varve-"));
  try {
    return fs.openSync(path.join(folder, "archive.tar"), "wx+", 0o600);
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}
