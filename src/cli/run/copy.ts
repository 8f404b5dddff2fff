import { UsageError } from "../../errors.ts";
import { parsePlatform } from "../../image/platform.ts";
import { parseLocation } from "../../transports/location.ts";
import type { CopyFlags } from "../commands/copy.ts";
import { checkLevel } from "../compression-level.ts";
import type { VarveContext } from "../context.ts";
import { deliverCopy } from "../deliver-copy.ts";
import { writeMetadata } from "../metadata-file.ts";
import { withPlaces } from "../places.ts";
import { inSession } from "../session.ts";

export async function copy(
  this: VarveContext,
  flags: CopyFlags,
  from: string,
  to: string,
): Promise<void> {
  refuseBoth(flags);
  const { compression, compressionLevel: level, dryRun, metadataFile } = flags;
  const { referrers, archiveForm } = flags;
  checkLevel(level, compression);
  const platform = flags.platform === undefined ? undefined : parsePlatform(flags.platform);
  const [source, target] = [parseLocation(from), parseLocation(to)];
  const { reference, metadata } = await inSession(
    { ...flags, noCache: false },
    (session) =>
      withPlaces(flags, session, (places) => {
        const wanted = { platform, all: true, dryRun, compression, level, referrers, archiveForm };
        return deliverCopy(source, target, { places, session, ...wanted });
      }),
    { warmUp: false },
  );
  if (metadataFile !== undefined) await writeMetadata(metadataFile, metadata);
  if (reference !== undefined) this.process.stdout.write(`${reference}\n`);
}

/** @throws UsageError */
export function refuseBoth(flags: { readonly all: boolean; readonly platform?: string }): void {
  if (!flags.all || flags.platform === undefined) return;
  throw new UsageError("--all and --platform say different things", { hint: "give one of them" });
}
