import * as tty from "node:tty";
import { deliverArchive } from "../../destinations/delivery.ts";
import { writeArchive } from "../../destinations/write-archive.ts";
import { UsageError } from "../../errors.ts";
import type { StreamFlags } from "../commands/stream.ts";
import type { VarveContext } from "../context.ts";
import { openImage } from "../open-image.ts";
import { inSession } from "../session.ts";

const STDOUT = 1;

/**
 * Writes to the descriptor itself and never touches `process.stdout`, which would make a pipe
 * non-blocking for every process that shares it.
 */
export async function stream(
  this: VarveContext,
  flags: StreamFlags,
  ...sources: string[]
): Promise<void> {
  if (tty.isatty(STDOUT)) {
    throw new UsageError("an image is not for a terminal: standard output is one", {
      hint: "pipe it: varve stream … | docker load; or write a file: varve build … -o image.tar",
    });
  }
  await inSession(flags, async (session) => {
    const opened = await openImage(flags, sources, session);
    try {
      await deliverArchive(opened.image, opened.references, session.report, (parts) =>
        writeArchive(parts, STDOUT, {
          compression: "none",
          codecPool: () => session.codecPool(),
          onWritten: (written) => session.report({ kind: "bytes", written }),
        }),
      );
    } finally {
      opened.close();
    }
  });
}
