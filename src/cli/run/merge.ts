import { mergedArchive } from "../../archives/docker-archive.ts";
import type { NamedArchiveImage } from "../../archives/docker-archive.ts";
import { countImages } from "../../archives/read-archive.ts";
import { parsePlatform } from "../../image/platform.ts";
import { compressionByName } from "../../packing/codec/compression.ts";
import type { Compression } from "../../packing/codec/compression.ts";
import { parseLocation } from "../../transports/location.ts";
import type { Location } from "../../transports/location.ts";
import type { VarveContext } from "../context.ts";
import { namesAt } from "../delivery/names-at.ts";
import { withPlaces } from "../delivery/places.ts";
import { writeOutput } from "../delivery/write-output.ts";
import type { ConnectionFlags, EngineFlags, TransferFlags } from "../flags.ts";
import { inSession } from "../session.ts";

export interface MergeFlags extends TransferFlags, ConnectionFlags, EngineFlags {
  readonly output?: string;
  readonly platform?: string;
  readonly compression?: Compression;
}

export async function merge(
  this: VarveContext,
  flags: MergeFlags,
  ...sources: string[]
): Promise<void> {
  const { output: file = "-", compression = compressionByName(file) } = flags;
  const platform = flags.platform === undefined ? undefined : parsePlatform(flags.platform);
  const locations = sources.map(parseLocation);
  await inSession(
    { ...flags, noCache: false },
    (session) =>
      withPlaces(flags, session, async (places) => {
        const images: NamedArchiveImage[] = [];
        for (const location of (await Promise.all(locations.map(allIn))).flat()) {
          const { image, repoTags } = await places.image(location, platform);
          images.push({ image, references: namesAt(location, repoTags) ?? [] });
        }
        await writeOutput(file, mergedArchive(images), compression, session);
      }),
    { warmUp: false },
  );
}

/** Each image of a Docker archive, when none is named. */
async function allIn(location: Location): Promise<readonly Location[]> {
  const { kind } = location;
  if ((kind !== "docker-archive" && kind !== "any-archive") || location.version !== "") {
    return [location];
  }
  const count = await countImages(location.file);
  return count === undefined
    ? [location]
    : Array.from({ length: count }, (_, index) => ({ ...location, version: `@${index}` }));
}
