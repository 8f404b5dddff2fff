import { deliverArchive } from "../../destinations/delivery.ts";
import type { Delivery } from "../../destinations/delivery.ts";
import { writeArchive } from "../../destinations/write-archive.ts";
import type { Compression } from "../../packing/codec/compression.ts";
import type { ImageFlags, WorkFlags } from "../flags.ts";
import { inSession } from "../session.ts";
import type { Session } from "../session.ts";
import { openImage } from "../sources/open-image.ts";

export interface ArchiveFlags extends ImageFlags, WorkFlags {
  readonly compressionLevel?: number;
}

/**
 * Builds what the arguments describe into an archive.
 *
 * @param place opens the destination and has the archive written to its descriptor
 */
export async function buildArchive(
  flags: ArchiveFlags,
  sources: readonly string[],
  compression: Compression,
  place: (write: (fd: number) => Promise<void>) => Promise<void>,
): Promise<Delivery> {
  const work = async (session: Session): Promise<Delivery> => {
    const opened = await openImage(flags, sources, session);
    const { image, references } = opened;
    try {
      return await deliverArchive(image, references, session.report, async (parts) => {
        let total = 0;
        await place(async (fd) => {
          total = await writeArchive(parts, fd, {
            compression,
            level: flags.compressionLevel,
            compressor: () => session.compressor(),
            onWritten: (written) => {
              session.report({ kind: "bytes", written });
            },
          });
        });
        return total;
      });
    } finally {
      opened.close();
    }
  };
  return inSession(flags, work, { compresses: compression !== "none" });
}
