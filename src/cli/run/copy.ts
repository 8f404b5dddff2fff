import { UsageError } from "../../errors.ts";
import { parsePlatform } from "../../image/platform.ts";
import { parseLocation } from "../../transports/location.ts";
import type { VarveContext } from "../context.ts";
import type { ArchiveForm } from "../delivery/archive-form.ts";
import { checkLevel } from "../delivery/compression-level.ts";
import { deliverCopy } from "../delivery/deliver-copy.ts";
import { writeMetadata } from "../delivery/metadata-file.ts";
import { withPlaces } from "../delivery/places.ts";
import type { CompressionFlags, ConnectionFlags, EngineFlags, TransferFlags } from "../flags.ts";
import { inSession } from "../session.ts";

export interface CopyFlags extends TransferFlags, ConnectionFlags, CompressionFlags, EngineFlags {
  readonly platform?: string;
  readonly all: boolean;
  readonly referrers: boolean;
  readonly archiveForm: ArchiveForm;
  readonly metadataFile?: string;
  readonly dryRun: boolean;
}

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
