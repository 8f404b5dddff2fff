import { VarveError } from "../../errors.ts";
import type { LinkedDescriptor } from "../../image/content-links.ts";
import type { ContentSource } from "../../image/content-store.ts";
import { indexPlatformText, isSamePlace } from "../../image/index-platform.ts";
import type { IndexPlatform } from "../../image/index-platform.ts";
import { MEDIA_TYPE } from "../../image/media-types.ts";
import { platformOfImage } from "../../image/choose-image.ts";
import { childNode } from "../../image/content-node.ts";
import type { ContentNode } from "../../image/content-node.ts";

/** Says which image something in an index belongs to: BuildKit's attestations. */
const COMPANION_OF = "vnd.docker.reference.digest";
const LAYOUT_NAMES = new Set(["org.opencontainers.image.ref.name", "io.containerd.image.name"]);
/** Attestations have a platform that is none. */
const NO_PLATFORM = "unknown";

/** A descriptor as it stands in an index, with all that it says. */
interface MemberDescriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly annotations?: Readonly<Record<string, string>> | undefined;
  readonly platform?: IndexPlatform | null | undefined;
  readonly [key: string]: unknown;
}

/** An image of an index, or what accompanies one there. */
export interface IndexMember {
  readonly descriptor: MemberDescriptor;
  /** Undefined for a companion. */
  readonly platform: IndexPlatform | undefined;
  /** Digest of the image that it accompanies. */
  readonly companionOf: string | undefined;
  /** Where it comes from, for people. */
  readonly from: string;
  readonly source: ContentSource;
}

/** What an index consists of. */
export interface JoinedIndex {
  readonly members: readonly IndexMember[];
  readonly annotations: Readonly<Record<string, string>>;
}

/**
 * The images of a source, each for its platform: of an image one, of an index all, of an index of
 * indexes all of theirs. What accompanies an image comes along.
 *
 * @throws VarveError `PLATFORM_UNKNOWN` for what is not for any platform
 */
export async function membersOf(
  source: ContentSource,
  node: ContentNode,
  from: string,
): Promise<IndexMember[]> {
  const { manifest, links } = node;
  if (!links.isIndex) {
    const descriptor = {
      mediaType: manifest.mediaType,
      digest: manifest.digest,
      size: manifest.bytes.length,
    };
    return [await imageMember(source, node, descriptor, from)];
  }
  const members: IndexMember[] = [];
  for (const descriptor of links.manifests.map(withoutLayoutNames)) {
    const companionOf = descriptor.annotations?.[COMPANION_OF];
    if (companionOf !== undefined || descriptor.platform?.os === NO_PLATFORM) {
      members.push({ descriptor, platform: undefined, companionOf, from, source });
      continue;
    }
    const inside = await childNode(source, node, descriptor);
    if (inside.links.isIndex) members.push(...(await membersOf(source, inside, from)));
    else members.push(await imageMember(source, inside, descriptor, from));
  }
  return members;
}

/** Names that belong into a layout's `index.json` alone. */
function withoutLayoutNames(descriptor: LinkedDescriptor): LinkedDescriptor {
  const { annotations, ...rest } = descriptor;
  const kept = Object.entries(annotations ?? {}).filter(([key]) => !LAYOUT_NAMES.has(key));
  return kept.length === 0 ? rest : { ...rest, annotations: Object.fromEntries(kept) };
}

/** The platform as the config says it; what else an index has said of it stays. */
async function imageMember(
  source: ContentSource,
  node: ContentNode,
  descriptor: MemberDescriptor,
  from: string,
): Promise<IndexMember> {
  const told = descriptor.platform ?? undefined;
  const platform = told ?? (await platformOfImage(source, node));
  if (platform === undefined) {
    throw new VarveError("PLATFORM_UNKNOWN", `${from} is not for any platform`, {
      hint: "an index joins images; what is signed or attested comes along with its image",
    });
  }
  const described = { ...descriptor, platform };
  return { descriptor: described, platform, companionOf: undefined, from, source };
}

/**
 * Refuses two images for one platform: whoever pulls would get the first.
 *
 * @throws VarveError `PLATFORM_TWICE`
 */
export function refuseTwins(members: readonly IndexMember[]): void {
  const seen: IndexMember[] = [];
  for (const member of members) {
    const twin = seen.find((other) => isTwin(other, member));
    if (twin === undefined) seen.push(member);
    else if (twin.descriptor.digest !== member.descriptor.digest) {
      const platform = indexPlatformText(member.platform!);
      const places = [...new Set([twin.from, member.from])].join(" and from ");
      throw new VarveError("PLATFORM_TWICE", `two images for ${platform} come from ${places}`, {
        hint: "an index has one image a platform: leave one of them out",
      });
    }
  }
}

/** An index with further members, which replace those of their platforms. */
export function withMembers(index: JoinedIndex, added: readonly IndexMember[]): JoinedIndex {
  const kept = index.members.filter(
    (member) => !added.some((other) => isTwin(other, member) || isSameThing(other, member)),
  );
  return { ...index, members: distinct(withoutOrphans([...kept, ...added])) };
}

/** An index without the images that a platform chooses, by their variant if it names one. */
export function withoutPlatform(
  index: JoinedIndex,
  removed: IndexPlatform,
): { readonly index: JoinedIndex; readonly count: number } {
  const kept = index.members.filter(
    ({ platform }) =>
      platform === undefined ||
      !isSamePlace(
        { ...platform, "os.version": undefined, "os.features": undefined },
        removed.variant === undefined ? { ...removed, variant: platform.variant } : removed,
      ),
  );
  const count = index.members.length - kept.length;
  return { index: { ...index, members: withoutOrphans(kept) }, count };
}

/** Images by their platforms, then what accompanies them: whoever came first does not count. */
export function inOrder(members: readonly IndexMember[]): IndexMember[] {
  const images = members
    .filter(({ platform }) => platform !== undefined)
    .toSorted((one, other) => compare(keyOf(one), keyOf(other)));
  const places = new Map(images.map(({ descriptor }, index) => [descriptor.digest, index]));
  const place = ({ companionOf }: IndexMember): number => places.get(companionOf ?? "") ?? 0;
  const companions = members
    .filter(({ platform }) => platform === undefined)
    .toSorted(
      (one, other) =>
        place(one) - place(other) || compare(one.descriptor.digest, other.descriptor.digest),
    );
  return [...images, ...companions];
}

/** The order of keys that Go's tools write (OCI image-spec, specs-go/v1/descriptor.go). */
const DESCRIPTOR_KEYS = ["mediaType", "digest", "size", "urls", "annotations", "data", "platform"];
const PLATFORM_KEYS = ["architecture", "os", "os.version", "os.features", "variant"];

/** A descriptor in the one way to write it: whoever reads and writes it again changes nothing. */
function written({ annotations, platform, ...rest }: MemberDescriptor): object {
  const parts = {
    ...rest,
    ...(annotations === undefined ? {} : { annotations: inKeyOrder(annotations, []) }),
    ...(platform === undefined || platform === null
      ? {}
      : { platform: inKeyOrder(platform, PLATFORM_KEYS) }),
  };
  return inKeyOrder(parts, DESCRIPTOR_KEYS);
}

/** The keys that are known in their order, then the others by name. */
function inKeyOrder(object: object, keys: readonly string[]): object {
  const rank = (key: string): number => (keys.includes(key) ? keys.indexOf(key) : keys.length);
  return Object.fromEntries(
    Object.entries(object).toSorted(
      ([one], [other]) => rank(one) - rank(other) || compare(one, other),
    ),
  );
}

/** The index' bytes: the same for the same members. */
export function indexBytes({ members, annotations }: JoinedIndex): Buffer {
  const sorted = Object.entries(annotations).toSorted(([one], [other]) => compare(one, other));
  return Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: MEDIA_TYPE.index,
      manifests: inOrder(members).map(({ descriptor }) => written(descriptor)),
      ...(sorted.length === 0 ? {} : { annotations: Object.fromEntries(sorted) }),
    }),
  );
}

function keyOf({ platform, descriptor }: IndexMember): string {
  return `${indexPlatformText(platform!)} ${descriptor.digest}`;
}

function isTwin(one: IndexMember, other: IndexMember): boolean {
  if (one.platform === undefined || other.platform === undefined) return false;
  return isSamePlace(one.platform, other.platform);
}

function isSameThing(one: IndexMember, other: IndexMember): boolean {
  return one.descriptor.digest === other.descriptor.digest;
}

/** What accompanies an image goes with it. */
function withoutOrphans(members: readonly IndexMember[]): IndexMember[] {
  const digests = new Set(members.map(({ descriptor }) => descriptor.digest));
  return members.filter(({ companionOf }) => companionOf === undefined || digests.has(companionOf));
}

function distinct(members: readonly IndexMember[]): IndexMember[] {
  return members.filter(
    (member, index) => members.findIndex((other) => isSameThing(other, member)) === index,
  );
}

function compare(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}
