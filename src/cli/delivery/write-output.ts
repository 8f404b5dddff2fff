import type { ArchivePart } from "../../archives/docker-archive.ts";
import { writeWholeFile } from "../../destinations/output-file.ts";
import { writeArchive } from "../../destinations/write-archive.ts";
import type { Compression } from "../../packing/codec/compression.ts";
import type { Session } from "../session.ts";
import { standardOutputForImage } from "./standard-output.ts";

/** Writes to a file, whole or not at all, or to standard output, `-`; bytes written. */
export async function writeOutput(
  file: string,
  parts: AsyncIterable<ArchivePart>,
  compression: Compression,
  session: Session,
): Promise<number> {
  let total = 0;
  const write = async (fd: number): Promise<void> => {
    total = await writeArchive(parts, fd, {
      compression,
      compressor: () => session.compressor(),
      onWritten: (written) => {
        session.report({ kind: "bytes", written });
      },
    });
  };
  await (file === "-" ? write(standardOutputForImage()) : writeWholeFile(file, write));
  return total;
}
