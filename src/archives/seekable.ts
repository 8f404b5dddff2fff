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
 * @throws VarveError `ARCHIVE_UNREADABLE`, `ARCHIVE_DAMAGED`, `TEMPORARY_UNWRITABLE`
 */
export async function openSeekable(file: string): Promise<SeekableFile> {
  const { fd, size } = openFile(file);
  let isReady = false;
  try {
    const compressed = sniffCompression(readAt(fd, 0, MAGIC_LENGTH));
    isReady = compressed === "none";
    if (compressed === "none") return seekable(fd, size);
    return await seekableStream(decompress(fileBytes(fd, 0, size), compressed, file));
  } finally {
    if (!isReady) fs.closeSync(fd);
  }
}

/**
 * Keeps bytes that come as a stream in such a temporary file.
 *
 * @throws VarveError `TEMPORARY_UNWRITABLE`; whatever the stream throws
 */
export async function seekableStream(chunks: AsyncIterable<Uint8Array>): Promise<SeekableFile> {
  const temporary = openNameless();
  try {
    let size = 0;
    for await (const chunk of chunks) {
      await writeFully(temporary, chunk).catch(refuseTemporary);
      size += chunk.length;
    }
    return seekable(temporary, size);
  } catch (error) {
    fs.closeSync(temporary);
    throw error;
  }
}

function openFile(file: string): { fd: number; size: number } {
  try {
    // Without waiting, should it be a pipe.
    const fd = fs.openSync(file, fs.constants.O_RDONLY | fs.constants.O_NONBLOCK);
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
  let folder: string;
  try {
    folder = fs.mkdtempSync(path.join(tmpdir(), "varve-"));
  } catch (error) {
    return refuseTemporary(error);
  }
  try {
    return fs.openSync(path.join(folder, "archive.tar"), "wx+", 0o600);
  } catch (error) {
    return refuseTemporary(error);
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

function refuseTemporary(error: unknown): never {
  // A full destination is worded for images; here it is the folder for temporary files.
  const reason = error instanceof VarveError ? error.cause : error;
  throw new VarveError(
    "TEMPORARY_UNWRITABLE",
    `an archive cannot be unpacked in ${tmpdir()}: ${messageOf(reason)}`,
    {
      cause: error,
      hint: "set TMPDIR to a folder with enough space, or decompress a compressed archive first",
    },
  );
}
