import { copyFrom } from "../../destinations/copy/copy-content.ts";
import { connectEngine } from "../../engine/client.ts";
import { UsageError, VarveError } from "../../errors.ts";
import { readRoot } from "../../image/content-node.ts";
import { familiarName, namesRegistry, parseReference } from "../../image/reference.ts";
import type { Reference } from "../../image/reference.ts";
import { parseLocation } from "../../transports/location.ts";
import type { Location } from "../../transports/location.ts";
import { isStoreLocation } from "../../transports/open-store.ts";
import type { StoreLocation } from "../../transports/open-store.ts";
import type { VarveContext } from "../context.ts";
import { withPlaces } from "../delivery/places.ts";
import type { ConnectionFlags, EngineFlags, TransferFlags } from "../flags.ts";
import { inSession } from "../session.ts";

export interface TagFlags extends TransferFlags, ConnectionFlags, EngineFlags {
  readonly dryRun: boolean;
}

/** A tag, where a name cannot be meant. */
const TAG = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/;
const DAEMON = "docker-daemon:";

export async function tag(
  this: VarveContext,
  flags: TagFlags,
  image: string,
  ...names: string[]
): Promise<void> {
  const location = parseLocation(image);
  const lines =
    location.kind === "docker-daemon"
      ? await tagInEngine(location.name, names, flags)
      : await tagInStore(storeOf(location, image), names, flags);
  this.process.stdout.write(lines.map((line) => `${line}\n`).join(""));
}

async function tagInEngine(
  source: string,
  names: readonly string[],
  flags: TagFlags,
): Promise<string[]> {
  const references = names.map((name): Reference => {
    return parseReference(name.startsWith(DAEMON) ? name.slice(DAEMON.length) : name);
  });
  const client = await connectEngine({ host: flags.host, context: flags.context });
  try {
    if ((await client.inspectImage(source)) === undefined) {
      throw new VarveError("ENGINE_NO_IMAGE", `the engine has no image ${source}`, {
        hint: "docker images lists what it has",
      });
    }
    if (!flags.dryRun) {
      for (const reference of references) await client.tagImage({ source, ...reference });
    }
    return flags.dryRun ? [] : references.map(familiarName);
  } finally {
    client.close();
  }
}

async function tagInStore(
  from: StoreLocation,
  names: readonly string[],
  flags: TagFlags,
): Promise<string[]> {
  const targets = names.map((name) => targetOf(name, from));
  return inSession(
    { ...flags, noCache: false },
    (session) =>
      withPlaces(flags, session, async (places) => {
        // Mirrors are no place to look for what is changed.
        const source = await places.store(from);
        const root = await readRoot(source.store, source.version);
        const lines = new Set<string>();
        for (const target of targets) {
          const { store, version, byDigest } = await places.store(target);
          const { dryRun } = flags;
          const { report } = session;
          await copyFrom(source.store, root, store, { versions: [version], dryRun, report });
          lines.add(byDigest(root.manifest.digest));
        }
        return flags.dryRun ? [] : [...lines];
      }),
    { warmUp: false },
  );
}

/** A name without a registry is more likely an engine's than Docker Hub's. */
function storeOf(location: Location, image: string): StoreLocation {
  const isUnclear =
    location.kind === "registry" &&
    !image.startsWith("docker://") &&
    !namesRegistry(parseReference(location.name.split("@", 1)[0]!));
  if (isUnclear) {
    throw new UsageError(`${image} may be in an engine or in a registry`, {
      hint: `give docker-daemon:${image}, or its registry: docker.io/${image}`,
    });
  }
  if (isStoreLocation(location)) return location;
  throw new UsageError(`${image} is a file, whose images keep their names`, {
    hint: "varve copy SRC DST copies an image to another name",
  });
}

/** Where a new name points: it must be where the image is. */
function targetOf(name: string, from: StoreLocation): StoreLocation {
  if (TAG.test(name)) return withVersion(from, name);
  if (from.kind === "oci-layout") {
    const isPlace = name.startsWith("oci:");
    const target = isPlace ? parseLocation(name) : withVersion(from, name);
    if (target.kind === "oci-layout" && target.folder === from.folder) return target;
    throw elsewhere(name);
  }
  const target = parseLocation(name);
  const isNear =
    target.kind === "registry" && target.reference.registry === from.reference.registry;
  if (!isNear) throw elsewhere(name);
  if (!target.reference.version.includes(":")) return target;
  throw new UsageError(`"${name}" names a digest, which is no new name`, {
    hint: "give a tag",
  });
}

function withVersion(from: StoreLocation, version: string): StoreLocation {
  if (from.kind === "oci-layout") return { ...from, version };
  const reference = { ...from.reference, version };
  return {
    kind: "registry",
    reference,
    name: `${reference.registry}/${reference.path}:${version}`,
  };
}

function elsewhere(name: string): UsageError {
  return new UsageError(`${name} is not where the image is`, {
    hint: "varve copy SRC DST brings it elsewhere",
  });
}
