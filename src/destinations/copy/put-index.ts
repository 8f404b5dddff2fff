import { setTimeout as sleep } from "node:timers/promises";
import { VarveError } from "../../errors.ts";
import type { ContentStore } from "../../image/content-store.ts";
import { digestOf } from "../../image/digest.ts";
import { MEDIA_TYPE } from "../../image/media-types.ts";
import type { IndexPlatform } from "../../image/index-platform.ts";
import { indexPlatformText } from "../../image/index-platform.ts";
import type { ReportProgress } from "../../progress/events.ts";
import { readRoot } from "../../image/content-node.ts";
import { copyFrom } from "./copy-content.ts";
import {
  indexBytes,
  inOrder,
  membersOf,
  refuseTwins,
  withMembers,
  withoutPlatform,
} from "./join-index.ts";
import type { IndexMember, JoinedIndex } from "./join-index.ts";

export interface PutIndexOptions {
  /** Tags, or names in a layout. */
  readonly versions: readonly string[];
  /** Whether what the name stands for is changed; otherwise it is replaced. */
  readonly update: boolean;
  readonly remove: readonly IndexPlatform[];
  readonly annotations: Readonly<Record<string, string>>;
  readonly dryRun: boolean;
  readonly report: ReportProgress;
  /** Milliseconds after which an updated index is looked at again. */
  readonly settleTime?: number;
}

/** An index that was put, or would be. */
export interface PutIndex {
  readonly name: string;
  readonly digest: string;
  readonly platforms: ReadonlyArray<{ readonly platform: string; readonly digest: string }>;
  readonly dryRun: boolean;
}

/** Times that an index is put when somebody else changes it, too. */
const MOST_ROUNDS = 20;
/**
 * Milliseconds. Registries cannot put an index on the condition that it is still the one that was
 * read: between another's last look and its putting there is the time of a request.
 */
const SETTLE_TIME = 1000;
/** How much longer than one's own look and putting may take others theirs. */
const SETTLE_SHARE = 8;

/**
 * Joins images into an index under its names. With `update`, images are added to the index that is
 * there, those of the same platform replaced: several machines may do so at a time, each looks
 * again before and after, and begins anew when another has been quicker.
 *
 * @throws VarveError `PLATFORM_TWICE`, `INDEX_EMPTY`, `INDEX_CONTENDED`
 */
export async function putIndex(
  members: readonly IndexMember[],
  store: ContentStore,
  options: PutIndexOptions,
): Promise<PutIndex[]> {
  refuseTwins(members);
  if (!options.dryRun) await bringContent(members, store, options.report);
  const put: PutIndex[] = [];
  for (const version of options.versions) {
    put.push(await putUnder(version, members, store, options));
  }
  return put;
}

async function bringContent(
  members: readonly IndexMember[],
  store: ContentStore,
  report: ReportProgress,
): Promise<void> {
  for (const { source, descriptor } of members) {
    const node = await readRoot(source, descriptor.digest);
    const manifest = { ...node.manifest, mediaType: descriptor.mediaType };
    await copyFrom(source, { ...node, manifest }, store, { versions: [], report });
  }
}

async function putUnder(
  version: string,
  members: readonly IndexMember[],
  store: ContentStore,
  options: PutIndexOptions,
): Promise<PutIndex> {
  const { update, dryRun, settleTime = SETTLE_TIME } = options;
  for (let round = 1; round <= MOST_ROUNDS; round += 1) {
    const before = update ? await currentIndex(store, version) : undefined;
    const wanted = changed(before?.index, members, options, `${store.fullName}:${version}`);
    const bytes = indexBytes(wanted);
    const own = { index: wanted, digest: digestOf(bytes) };
    if (dryRun) return told(own, version, store, dryRun);
    if (!update) {
      await store.putManifest(version, bytes, MEDIA_TYPE.index);
      return told(own, version, store, dryRun);
    }
    if (before?.digest === own.digest) return told(own, version, store, dryRun);
    if (await replace(store, version, bytes, before?.digest, settleTime)) {
      const after = await currentIndex(store, version);
      if (after !== undefined && holds(after.index, members, options)) {
        return told(after, version, store, dryRun);
      }
    }
    options.report({ kind: "note", message: `${version} was changed meanwhile: once more` });
    await sleep(settleTime * Math.random());
  }
  throw new VarveError(
    "INDEX_CONTENDED",
    `${store.fullName}:${version} is changed by others again and again`,
    { hint: "join the images when all are there: varve index -t NAME IMAGE..." },
  );
}

/**
 * Puts an index in another's place, unless there is yet another one by now.
 *
 * @returns whether it was put; others may have put theirs since, where one step cannot do both
 */
async function replace(
  store: ContentStore,
  version: string,
  bytes: Buffer,
  expected: string | undefined,
  settleTime: number,
): Promise<boolean> {
  if (store.exchangeManifest !== undefined) {
    return store.exchangeManifest(version, bytes, MEDIA_TYPE.index, expected);
  }
  const looked = performance.now();
  const now = await store.readManifest(version);
  if (now?.digest !== expected) return false;
  await store.putManifest(version, bytes, MEDIA_TYPE.index);
  // Whoever looked before this was put has put theirs by then.
  await sleep(Math.max(settleTime, SETTLE_SHARE * (performance.now() - looked)));
  return true;
}

/** An index, and the digest of its bytes as they are kept. */
interface PlacedIndex {
  readonly digest: string;
  readonly index: JoinedIndex;
}

/** What a name stands for until now; an image alone counts as an index of one. */
async function currentIndex(
  store: ContentStore,
  version: string,
): Promise<PlacedIndex | undefined> {
  if ((await store.readManifest(version)) === undefined) return undefined;
  const node = await readRoot(store, version);
  const members = await membersOf(store, node, `${store.fullName}:${version}`);
  const annotations = node.links.isIndex ? node.links.annotations : {};
  return { digest: node.manifest.digest, index: { members, annotations } };
}

function changed(
  before: JoinedIndex | undefined,
  members: readonly IndexMember[],
  { remove, annotations }: PutIndexOptions,
  name: string,
): JoinedIndex {
  let index: JoinedIndex = before ?? { members: [], annotations: {} };
  for (const platform of remove) {
    const { index: rest, count } = withoutPlatform(index, platform);
    if (count === 0 && !members.some((member) => member.platform !== undefined)) {
      throw new VarveError("PLATFORM_ABSENT", `${name} has no ${indexPlatformText(platform)}`, {
        hint: `varve inspect ${name} lists its platforms`,
      });
    }
    index = rest;
  }
  index = withMembers(index, members);
  if (index.members.length === 0) {
    throw new VarveError("INDEX_EMPTY", `${name} would have no image left`, {
      hint: "remove the tag instead, with the registry's own means",
    });
  }
  return { ...index, annotations: { ...index.annotations, ...annotations } };
}

function holds(
  index: JoinedIndex,
  members: readonly IndexMember[],
  { remove }: PutIndexOptions,
): boolean {
  const there = new Set(index.members.map(({ descriptor }) => descriptor.digest));
  return (
    members.every(({ descriptor }) => there.has(descriptor.digest)) &&
    remove.every((platform) => members.length > 0 || withoutPlatform(index, platform).count === 0)
  );
}

function told(
  { index, digest }: PlacedIndex,
  version: string,
  store: ContentStore,
  dryRun: boolean,
): PutIndex {
  const platforms = inOrder(index.members).flatMap(({ platform, descriptor }) =>
    platform === undefined
      ? []
      : [{ platform: indexPlatformText(platform), digest: descriptor.digest }],
  );
  return { name: `${store.fullName}:${version}`, digest, platforms, dryRun };
}
