import { writeWholeFile } from "../../destinations/output-file.ts";
import { writeFully } from "../../io/write-fully.ts";

/** Writes what was delivered as JSON, for scripts (`--metadata-file`). */
export async function writeMetadata(file: string, delivered: object): Promise<void> {
  await writeWholeFile(file, (fd) =>
    writeFully(fd, Buffer.from(`${JSON.stringify(delivered, undefined, 2)}\n`)),
  );
}
