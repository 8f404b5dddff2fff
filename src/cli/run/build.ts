import { writeWholeFile } from "../../destinations/output-file.ts";
import { UsageError } from "../../errors.ts";
import { compressionByName } from "../../packing/codec/compression.ts";
import type { Compression } from "../../packing/codec/compression.ts";
import type { VarveContext } from "../context.ts";
import { buildArchive } from "../delivery/build-archive.ts";
import { buildIndex, buildLayout } from "../delivery/build-layout.ts";
import { checkLevel } from "../delivery/compression-level.ts";
import { writeMetadata } from "../delivery/metadata-file.ts";
import { parseOutput } from "../delivery/output-place.ts";
import type { OutputRequest } from "../delivery/output-place.ts";
import { standardOutputForImage } from "../delivery/standard-output.ts";
import type { ConnectionFlags, ImageFlags, WorkFlags } from "../flags.ts";
import { flagsForOne, targetsOf } from "../sources/targets.ts";
import type { Target } from "../sources/targets.ts";

export interface BuildFlags extends ImageFlags, WorkFlags, ConnectionFlags {
  readonly output?: string;
  readonly compression?: Compression;
  readonly compressionLevel?: number;
  readonly metadataFile?: string;
}

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
  const targets = await targetsOf(flags, sources);
  const delivered: object[] = [];
  for (const target of targets) {
    const output = outputFor(flags.output, target, targets.length);
    const { line, delivery } =
      output.place.kind === "archive"
        ? await intoArchive(flagsForOne(flags, target), sources, output, output.place.file)
        : await intoLayout(flags, sources, target, output, output.place);
    if (line !== undefined) this.process.stdout.write(`${line}\n`);
    delivered.push(delivery);
  }
  if (flags.metadataFile === undefined) return;
  await writeMetadata(flags.metadataFile, targets.length === 1 ? delivered[0]! : delivered);
}

/** Stands for an image's name where each of several needs a place of its own. */
const IMAGE = "{image}";

/**
 * Where one of several images goes: to a place with its name in it, or beside the others into one
 * layout.
 */
function outputFor(text: string, { name }: Target, count: number): OutputRequest {
  const output = parseOutput(text.replaceAll(IMAGE, name));
  if (count === 1 || text.includes(IMAGE)) return output;
  const { place } = output;
  if (place.kind === "oci-layout" && place.version === "") {
    return { ...output, place: { ...place, isShared: true } };
  }
  throw new UsageError(`the recipe has ${count} images, and -o ${text} takes one`, {
    hint: `-o '${IMAGE}.tar.gz' names each; or choose one: --image ${name}`,
  });
}

interface Built {
  /** What to print: nothing when the image itself went to standard output. */
  readonly line: string | undefined;
  readonly delivery: object;
}

async function intoArchive(
  flags: BuildFlags,
  sources: readonly string[],
  output: OutputRequest,
  file: string,
): Promise<Built> {
  const compression = flags.compression ?? output.compression ?? compressionByName(file);
  const compressionLevel = flags.compressionLevel ?? output.compressionLevel;
  checkLevel(compressionLevel, compression);
  const isStandardOutput = file === "-";
  const fd = isStandardOutput ? standardOutputForImage() : undefined;
  const withLevel = compressionLevel === undefined ? flags : { ...flags, compressionLevel };
  const delivery = await buildArchive(withLevel, sources, compression, (write) =>
    fd === undefined ? writeWholeFile(file, write) : write(fd),
  );
  return { line: isStandardOutput ? undefined : file, delivery };
}

async function intoLayout(
  flags: BuildFlags,
  sources: readonly string[],
  target: Target,
  output: OutputRequest,
  place: Exclude<OutputRequest["place"], { kind: "archive" }>,
): Promise<Built> {
  const compression = flags.compression ?? output.compression ?? "gzip";
  const level = flags.compressionLevel ?? output.compressionLevel;
  checkLevel(level, compression);
  const coding = { compression, level };
  const delivery =
    target.platforms.length > 1
      ? await buildIndex(flags, sources, target, place, coding)
      : await buildLayout(flagsForOne(flags, target), sources, place, coding);
  return { line: `${delivery.place}@${delivery.digest}`, delivery };
}
