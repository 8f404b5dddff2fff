import { imageFromArchive } from "../../assembly/from-archive.ts";
import { pushImage } from "../../destinations/registry/push-image.ts";
import type { Pushed } from "../../destinations/registry/push-run.ts";
import { UsageError } from "../../errors.ts";
import { namesRegistry, parseReference, parseRemoteReference } from "../../image/reference.ts";
import { BlobDigests } from "../../packing/blob-digests.ts";
import { DigestStore } from "../../packing/digest-store.ts";
import { checkLevel } from "../compression-level.ts";
import type { PushFlags } from "../commands/push.ts";
import { connectionOf } from "../connection.ts";
import type { VarveContext } from "../context.ts";
import { writeMetadata } from "../metadata-file.ts";
import { openImage } from "../open-image.ts";
import type { NamedImage } from "../open-image.ts";
import { inSession } from "../session.ts";
import type { Session } from "../session.ts";
import { isArchive } from "../sources-argument.ts";

export async function push(
  this: VarveContext,
  flags: PushFlags,
  ...sources: string[]
): Promise<void> {
  checkLevel(flags.compressionLevel, flags.compression);
  const cacheFrom = (flags.cacheFrom ?? []).map(parseRemoteReference);
  const work = async (session: Session): Promise<Pushed> => {
    const opened = await openAny(flags, sources, session);
    try {
      checkNames(opened.references);
      return await pushImage(opened.image, opened.references, {
        compression: flags.compression,
        level: flags.compressionLevel,
        codecPool: () => session.codecPool(),
        blobs: new BlobDigests(new DigestStore()),
        learn: !flags.noCache,
        cacheFrom,
        connection: connectionOf(flags),
        dryRun: flags.dryRun,
        report: session.report,
      });
    } finally {
      opened.close();
    }
  };
  const pushed = await inSession(flags, work, { warmUp: false });
  if (flags.metadataFile !== undefined) await writeMetadata(flags.metadataFile, pushed);
  for (const digest of pushed.digests) this.process.stdout.write(`${digest}\n`);
}

/** An archive is taken as it is; everything else is built. */
async function openAny(
  flags: PushFlags,
  sources: readonly string[],
  session: Session,
): Promise<NamedImage> {
  const [only] = sources;
  if (only === undefined || sources.length > 1 || flags.conf !== undefined || !isArchive(only)) {
    return openImage(flags, sources, session);
  }
  const archive = await imageFromArchive(only);
  const references = (flags.tag ?? archive.repoTags).map(parseReference);
  return {
    image: archive.image,
    references,
    close: () => {
      archive.close();
    },
  };
}

/** A name without a registry would be Docker Hub's own, which nobody may push to. */
function checkNames(references: NamedImage["references"]): void {
  if (references.length === 0) {
    throw new UsageError("nothing says where to push to", {
      hint: "give a name with its registry: -t registry.example/team/app:1.0",
    });
  }
  for (const reference of references) {
    if (namesRegistry(reference) || reference.repository.includes("/")) continue;
    throw new UsageError(`${reference.repository}:${reference.tag} does not name a registry`, {
      hint: `give one: -t registry.example/${reference.repository}:${reference.tag}; Docker Hub is docker.io/USER/NAME`,
    });
  }
}
