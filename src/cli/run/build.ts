import { writeWholeFile } from "../../destinations/output-file.ts";
import { UsageError } from "../../errors.ts";
import { compressionByName } from "../../packing/codec/compression.ts";
import { buildArchive } from "../build-archive.ts";
import { buildLayout } from "../build-layout.ts";
import type { BuildFlags } from "../commands/build.ts";
import { checkLevel } from "../compression-level.ts";
import type { VarveContext } from "../context.ts";
import { writeMetadata } from "../metadata-file.ts";
import { parseOutput } from "../output-place.ts";
import type { OutputRequest } from "../output-place.ts";
import { standardOutputForImage } from "../standard-output.ts";

export async function build(
  this: VarveContext,
  flags: BuildFlags,
  ...sources: string[]
): Promise<void> {
  if (flags.output === undefined) {
    throw new UsageError("varve build needs to know where the image goes", {
      hint: "-o image.tar.gz writes a file; varve load loads it into Docker; varve stream pipes it",
    });
  }
  const output = parseOutput(flags.output);
  const result =
    output.place.kind === "archive"
      ? await intoArchive(flags, sources, output, output.place.file)
      : await intoLayout(flags, sources, output, output.place);
  if (result !== undefined) this.process.stdout.write(`${result}\n`);
}

/** @returns what to print: nothing when the image itself went to standard output */
async function intoArchive(
  flags: BuildFlags,
  sources: readonly string[],
  output: OutputRequest,
  file: string,
): Promise<string | undefined> {
  const compression = flags.compression ?? output.compression ?? compressionByName(file);
  const compressionLevel = flags.compressionLevel ?? output.compressionLevel;
  checkLevel(compressionLevel, compression);
  const isStandardOutput = file === "-";
  const fd = isStandardOutput ? standardOutputForImage() : undefined;
  const withLevel = compressionLevel === undefined ? flags : { ...flags, compressionLevel };
  const delivery = await buildArchive(withLevel, sources, compression, (write) =>
    fd === undefined ? writeWholeFile(file, write) : write(fd),
  );
  if (flags.metadataFile !== undefined) await writeMetadata(flags.metadataFile, delivery);
  return isStandardOutput ? undefined : file;
}

async function intoLayout(
  flags: BuildFlags,
  sources: readonly string[],
  output: OutputRequest,
  place: Exclude<OutputRequest["place"], { kind: "archive" }>,
): Promise<string> {
  const compression = flags.compression ?? output.compression ?? "gzip";
  const level = flags.compressionLevel ?? output.compressionLevel;
  checkLevel(level, compression);
  const delivery = await buildLayout(flags, sources, place, { compression, level });
  if (flags.metadataFile !== undefined) await writeMetadata(flags.metadataFile, delivery);
  return `${delivery.place}@${delivery.digest}`;
}
