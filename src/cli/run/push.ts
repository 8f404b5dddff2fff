import { imageFromArchive } from "../../assembly/from-archive.ts";
import type { OpenArchive } from "../../assembly/from-archive.ts";
import { imageAt } from "../../assembly/image-at.ts";
import { pushImage } from "../../destinations/registry/push-image.ts";
import type { Pushed } from "../../destinations/registry/push-run.ts";
import { UsageError, VarveError } from "../../errors.ts";
import { parsePlatform } from "../../image/platform.ts";
import { namesRegistry, parseReference, parseRemoteReference } from "../../image/reference.ts";
import { BlobDigests } from "../../packing/blob-digests.ts";
import type { Compression } from "../../packing/codec/compression.ts";
import { DigestStore } from "../../packing/digest-store.ts";
import type { Location } from "../../transports/location.ts";
import { connectionOf } from "../connection.ts";
import type { VarveContext } from "../context.ts";
import { checkLevel } from "../delivery/compression-level.ts";
import { writeMetadata } from "../delivery/metadata-file.ts";
import { pushIndex } from "../delivery/push-index.ts";
import type { PushedImage, PushedIndex } from "../delivery/push-index.ts";
import type { ConnectionFlags, ImageFlags, WorkFlags } from "../flags.ts";
import { inSession } from "../session.ts";
import type { Session } from "../session.ts";
import { basePlaces } from "../sources/base-places.ts";
import type { NamedImage } from "../sources/named-image.ts";
import { imageLocation } from "../sources/names-image.ts";
import { openImage } from "../sources/open-image.ts";
import { flagsFor, flagsForOne, targetsOf } from "../sources/targets.ts";

export interface PushFlags extends ImageFlags, WorkFlags, ConnectionFlags {
  readonly compression: Compression;
  readonly compressionLevel?: number;
  readonly cacheFrom?: readonly string[];
  readonly metadataFile?: string;
  readonly dryRun: boolean;
}

export async function push(
  this: VarveContext,
  flags: PushFlags,
  ...sources: string[]
): Promise<void> {
  checkLevel(flags.compressionLevel, flags.compression);
  const cacheFrom = (flags.cacheFrom ?? []).map(parseRemoteReference);
  const targets = await targetsOf(flags, sources);
  const work = async (session: Session): Promise<PushedTarget[]> => {
    const pushOne = async (own: PushFlags, isPart: boolean): Promise<PushedImage> => {
      const opened = await openAny(own, sources, session);
      const { image, references } = opened;
      try {
        checkNames(references);
        const pushed = await pushImage(image, references, {
          compression: flags.compression,
          level: flags.compressionLevel,
          compressor: () => session.compressor(),
          blobs: new BlobDigests(new DigestStore()),
          learn: !flags.noCache,
          isPart,
          cacheFrom,
          connection: connectionOf(flags),
          dryRun: flags.dryRun,
          report: session.report,
        });
        return { pushed, references };
      } finally {
        opened.close();
      }
    };
    const all: PushedTarget[] = [];
    for (const target of targets) {
      if (target.platforms.length <= 1) {
        all.push((await pushOne(flagsForOne(flags, target), false)).pushed);
        continue;
      }
      const parts: PushedImage[] = [];
      for (const platform of target.platforms) {
        parts.push(await pushOne(flagsFor(flags, target, platform), true));
      }
      all.push(await pushIndex(parts, flags, session));
    }
    return all;
  };
  const options = { warmUp: false, compresses: flags.compression !== "none" };
  const pushed = await inSession(flags, work, options);
  if (flags.metadataFile !== undefined) {
    await writeMetadata(flags.metadataFile, pushed.length === 1 ? pushed[0]! : pushed);
  }
  for (const digest of pushed.flatMap(({ digests }) => digests)) {
    this.process.stdout.write(`${digest}\n`);
  }
}

type PushedTarget = Pushed | PushedIndex;

/** An image in a file or an engine is taken as it is; everything else is built. */
async function openAny(
  flags: PushFlags,
  sources: readonly string[],
  session: Session,
): Promise<NamedImage> {
  const [only] = sources;
  const isOne = sources.length === 1 && flags.conf === undefined && flags.graph === undefined;
  const location = only === undefined || !isOne ? undefined : imageLocation(only);
  // Images that are in a registry already are what `copy` is for.
  if (location === undefined || location.kind === "registry") {
    return openImage(flags, sources, session);
  }
  const { image, repoTags, close } = await openFinished(location, flags, session);
  return { image, references: (flags.tag ?? repoTags).map(parseReference), close };
}

/** A hybrid archive is read as Docker's, which says what its image is called. */
async function openFinished(
  location: Location,
  flags: PushFlags,
  session: Session,
): Promise<OpenArchive> {
  const platform = flags.platform === undefined ? undefined : parsePlatform(flags.platform);
  const find = (): Promise<OpenArchive> =>
    imageAt(location, { ...basePlaces(flags, session.announcer), platform });
  if (location.kind !== "any-archive" || location.version !== "") return find();
  try {
    return await imageFromArchive(location.file);
  } catch (error) {
    if (error instanceof VarveError && error.code === "ARCHIVE_FOREIGN") return find();
    throw error;
  }
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
