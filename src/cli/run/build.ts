import { deliverArchive } from "../../destinations/delivery.ts";
import { writeWholeFile } from "../../destinations/output-file.ts";
import { writeArchive } from "../../destinations/write-archive.ts";
import { UsageError } from "../../errors.ts";
import { compressionByName } from "../../packing/codec/compression.ts";
import type { Delivery } from "../../destinations/delivery.ts";
import type { BuildFlags } from "../commands/build.ts";
import type { VarveContext } from "../context.ts";
import { writeMetadata } from "../metadata-file.ts";
import { openImage } from "../open-image.ts";
import { inSession } from "../session.ts";
import type { Session } from "../session.ts";
import { stream } from "./stream.ts";

const HIGHEST_LEVEL = { gzip: 9, zstd: 19 } as const;

export async function build(
  this: VarveContext,
  flags: BuildFlags,
  ...sources: string[]
): Promise<void> {
  const { output } = flags;
  if (output === undefined) {
    throw new UsageError("varve build needs to know where the image goes", {
      hint: "-o image.tar.gz writes a file; varve load loads it into Docker; varve stream pipes it",
    });
  }
  if (output === "-") return stream.call(this, flags, ...sources);
  checkLevel(flags, output);
  const delivery = await inSession(flags, (session) => buildFile(session, flags, output, sources));
  if (flags.metadataFile !== undefined) await writeMetadata(flags.metadataFile, delivery);
  this.process.stdout.write(`${output}\n`);
}

async function buildFile(
  session: Session,
  flags: BuildFlags,
  output: string,
  sources: readonly string[],
): Promise<Delivery> {
  const opened = await openImage(flags, sources, session);
  try {
    return await deliverArchive(opened.image, opened.references, session.report, async (parts) => {
      let written = 0;
      await writeWholeFile(output, async (fd) => {
        written = await writeArchive(parts, fd, {
          compression: flags.compression ?? compressionByName(output),
          level: flags.compressionLevel,
          codecPool: () => session.codecPool(),
          onWritten: (bytes) => session.report({ kind: "bytes", written: bytes }),
        });
      });
      return written;
    });
  } finally {
    opened.close();
  }
}

function checkLevel(flags: BuildFlags, output: string): void {
  const { compressionLevel: level } = flags;
  if (level === undefined) return;
  const compression = flags.compression ?? compressionByName(output);
  if (compression === "none") {
    throw new UsageError("--compression-level is given, but nothing is compressed", {
      hint: "add --compression gzip or zstd",
    });
  }
  if (level > HIGHEST_LEVEL[compression]) {
    throw new UsageError(`${compression} has levels 1 to ${HIGHEST_LEVEL[compression]}`);
  }
}
