import { writeWholeFile } from "../destinations/output-file.ts";
import type { Delivery } from "../destinations/delivery.ts";
import { writeFully } from "../io/write-fully.ts";

/** Writes what was delivered as JSON, for scripts (`--metadata-file`). */
export async function writeMetadata(file: string, delivery: Delivery): Promise<void> {
  await writeWholeFile(file, (fd) =>
    writeFully(fd, Buffer.from(`${JSON.stringify(delivery, undefined, 2)}\n`)),
  );
}
