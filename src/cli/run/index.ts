import { membersOf } from "../../destinations/copy/join-index.ts";
import type { IndexMember } from "../../destinations/copy/join-index.ts";
import { putIndex } from "../../destinations/copy/put-index.ts";
import type { PutIndex } from "../../destinations/copy/put-index.ts";
import { UsageError } from "../../errors.ts";
import { readRoot } from "../../image/content-node.ts";
import { isDigest } from "../../image/digest.ts";
import { parsePlatform } from "../../image/platform.ts";
import { parseLocation } from "../../transports/location.ts";
import { isStoreLocation } from "../../transports/open-store.ts";
import type { StoreLocation } from "../../transports/open-store.ts";
import type { VarveContext } from "../context.ts";
import { deliverCopy } from "../delivery/deliver-copy.ts";
import { writeMetadata } from "../delivery/metadata-file.ts";
import { withPlaces } from "../delivery/places.ts";
import type { Places } from "../delivery/places.ts";
import type { ConnectionFlags, EngineFlags, TransferFlags } from "../flags.ts";
import { inSession } from "../session.ts";
import type { Session } from "../session.ts";

export interface IndexFlags extends TransferFlags, ConnectionFlags, EngineFlags {
  readonly tag?: readonly string[];
  readonly update: boolean;
  readonly remove?: readonly string[];
  readonly annotation?: readonly string[];
  readonly metadataFile?: string;
  readonly dryRun: boolean;
}

/** How an image without a manifest gets one. */
const AS_IT_IS = {
  platform: undefined,
  all: true,
  dryRun: false,
  compression: "gzip",
  level: undefined,
} as const;

interface Joined {
  readonly line: string;
  readonly put: PutIndex;
}

export async function index(
  this: VarveContext,
  flags: IndexFlags,
  ...sources: string[]
): Promise<void> {
  const remove = (flags.remove ?? []).map(parsePlatform);
  const annotations = annotationsFrom(flags.annotation ?? []);
  const targets = targetsFrom(flags.tag ?? []);
  const update = flags.update || remove.length > 0;
  const isChange = remove.length > 0 || (update && Object.keys(annotations).length > 0);
  if (sources.length === 0 && !isChange) {
    throw new UsageError("nothing says which images to join", {
      hint: "give images: varve index -t NAME:TAG IMAGE...",
    });
  }
  const { dryRun } = flags;
  const joined = await inSession(
    { ...flags, noCache: false },
    (session) =>
      withPlaces(flags, session, async (places) => {
        const { report } = session;
        const members: IndexMember[] = [];
        for (const source of sources) members.push(...(await membersFrom(source, places, session)));
        const done: Joined[] = [];
        for (const target of targets) {
          const { store, version, byDigest } = await places.store(target);
          const versions = [version];
          const options = { versions, update, remove, annotations, dryRun, report };
          for (const put of await putIndex(members, store, options)) {
            done.push({ line: byDigest(put.digest), put });
          }
        }
        return done;
      }),
    { warmUp: false },
  );
  const told = joined.map(({ put }) => put);
  if (flags.metadataFile !== undefined) await writeMetadata(flags.metadataFile, told);
  if (dryRun) return;
  for (const line of new Set(joined.map((each) => each.line))) {
    this.process.stdout.write(`${line}\n`);
  }
}

/** What has no manifest to be listed gets one: in a layout that is there meanwhile. */
async function membersFrom(
  source: string,
  places: Places,
  session: Session,
): Promise<IndexMember[]> {
  const location = parseLocation(source);
  let opened = await places.open(location);
  if (opened.kind !== "content") {
    const layout = { kind: "oci-layout", folder: places.temporaryFolder(), version: "" } as const;
    await deliverCopy(location, layout, { places, session, ...AS_IT_IS });
    opened = { ...(await places.open(layout)), name: opened.name };
  }
  if (opened.kind !== "content") throw new Error("a layout has manifests");
  const node = await readRoot(opened.source, opened.version);
  return membersOf(opened.source, node, opened.name);
}

function targetsFrom(names: readonly string[]): StoreLocation[] {
  if (names.length === 0) {
    throw new UsageError("nothing says where the index goes", {
      hint: "give its name: -t registry.example/team/app:1.0",
    });
  }
  return names.map((name) => {
    const location = parseLocation(name);
    if (!isStoreLocation(location)) {
      throw new UsageError(`${name} cannot hold an index that is put together`, {
        hint: "give a name in a registry, or oci:DIR:TAG; varve copy brings it elsewhere",
      });
    }
    const version = location.kind === "registry" ? location.reference.version : location.version;
    if (isDigest(version)) {
      throw new UsageError(`"${name}" names a digest; an index gets its own`, {
        hint: "give name:tag",
      });
    }
    return location;
  });
}

function annotationsFrom(entries: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    entries.map((entry) => {
      const [key = "", ...value] = entry.split("=");
      if (key === "" || value.length === 0) {
        throw new UsageError(`--annotation: "${entry}" has not the form NAME=VALUE`, {
          hint: "for example org.opencontainers.image.source=https://example.com/app",
        });
      }
      return [key, value.join("=")];
    }),
  );
}
