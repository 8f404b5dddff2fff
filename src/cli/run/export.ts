import { flatTar } from "../../archives/flat-tar.ts";
import { parsePlatform } from "../../image/platform.ts";
import { parseTimestamp } from "../../image/timestamp.ts";
import { compressionByName } from "../../packing/codec/compression.ts";
import type { Compression } from "../../packing/codec/compression.ts";
import { parseLocation } from "../../transports/location.ts";
import type { VarveContext } from "../context.ts";
import { withPlaces } from "../delivery/places.ts";
import { writeOutput } from "../delivery/write-output.ts";
import type { ConnectionFlags, EngineFlags, TransferFlags } from "../flags.ts";
import { inSession } from "../session.ts";

export interface ExportFlags extends TransferFlags, ConnectionFlags, EngineFlags {
  readonly output?: string;
  readonly platform?: string;
  readonly mtime?: string;
  readonly compression?: Compression;
}

export async function exportRoot(
  this: VarveContext,
  flags: ExportFlags,
  from: string,
): Promise<void> {
  const { output: file = "-", compression = compressionByName(file) } = flags;
  const platform = flags.platform === undefined ? undefined : parsePlatform(flags.platform);
  const mtime =
    flags.mtime === undefined ? undefined : parseTimestamp(flags.mtime, "--mtime").seconds;
  const location = parseLocation(from);
  await inSession(
    { ...flags, noCache: false },
    (session) =>
      withPlaces(flags, session, async (places) => {
        const { image } = await places.image(location, platform);
        await writeOutput(file, flatTar(image.layers, { mtime }), compression, session);
      }),
    { warmUp: false },
  );
}
