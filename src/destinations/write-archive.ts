import { archiveBytes } from "../archives/docker-archive.ts";
import type { ArchivePart } from "../archives/docker-archive.ts";
import { writeFully } from "../io/write-fully.ts";
import type { Compression } from "../packing/codec/compression.ts";
import type { Compressor } from "../packing/codec/compressor.ts";

export interface WriteArchiveOptions {
  readonly compression: Compression;
  /** Level of the codec; its own default when absent. */
  readonly level?: number | undefined;
  /** Workers to compress on. */
  readonly compressor: () => Compressor;
  /** Told the bytes written so far, from time to time. */
  readonly onWritten: (bytes: number) => void;
}

/**
 * Writes an archive to an open file descriptor: a file, a pipe or a device.
 * Uncompressed, layers are written by the workers that make them, without a copy.
 *
 * @returns bytes written
 */
export async function writeArchive(
  parts: AsyncIterable<ArchivePart>,
  fd: number,
  options: WriteArchiveOptions,
): Promise<number> {
  let written = 0;
  const add = (bytes: number): void => {
    written += bytes;
    options.onWritten(written);
  };
  const put = async (bytes: Uint8Array): Promise<void> => {
    await writeFully(fd, bytes);
    add(bytes.length);
  };
  if (options.compression === "none") {
    // Padding and header between two layers are one write.
    let framing: Uint8Array[] = [];
    const putFraming = async (): Promise<void> => {
      if (framing.length > 0) await put(Buffer.concat(framing));
      framing = [];
    };
    for await (const part of parts) {
      if (part instanceof Uint8Array) {
        framing.push(part);
        continue;
      }
      await putFraming();
      if (part.layer.writeTo === undefined) {
        for await (const chunk of archiveBytes(only(part))) await put(chunk);
      } else {
        await part.layer.writeTo(fd);
        add(part.size);
      }
    }
    await putFraming();
    return written;
  }
  const { compress } = await import("../packing/codec/compress.ts");
  const { compression, level } = options;
  const bytes = archiveBytes(parts, { lent: true });
  const compressor = options.compressor();
  for await (const chunk of compress(bytes, compression, compressor, { level, lent: true })) {
    await put(chunk);
  }
  return written;
}

async function* only(part: ArchivePart): AsyncGenerator<ArchivePart, void, undefined> {
  yield part;
}
