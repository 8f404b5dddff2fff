import { writeWholeFile } from "../../destinations/output-file.ts";
import { UsageError } from "../../errors.ts";
import { compressionByName } from "../../packing/codec/compression.ts";
import { buildArchive } from "../build-archive.ts";
import type { BuildFlags } from "../commands/build.ts";
import { checkLevel } from "../compression-level.ts";
import type { VarveContext } from "../context.ts";
import { writeMetadata } from "../metadata-file.ts";
import { standardOutputForImage } from "../standard-output.ts";

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
  const compression = flags.compression ?? compressionByName(output);
  checkLevel(flags.compressionLevel, compression);
  const isStandardOutput = output === "-";
  const fd = isStandardOutput ? standardOutputForImage() : undefined;
  const delivery = await buildArchive(flags, sources, compression, (write) =>
    fd === undefined ? writeWholeFile(output, write) : write(fd),
  );
  if (flags.metadataFile !== undefined) await writeMetadata(flags.metadataFile, delivery);
  if (!isStandardOutput) this.process.stdout.write(`${output}\n`);
}
