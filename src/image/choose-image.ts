import * as v from "valibot";
import { VarveError } from "../errors.ts";
import type { LinkedDescriptor } from "./content-links.ts";
import { childNode } from "./content-node.ts";
import type { ContentNode } from "./content-node.ts";
import type { ContentSource } from "./content-store.ts";
import { indexPlatformText, isSamePlace } from "./index-platform.ts";
import type { IndexPlatform } from "./index-platform.ts";
import { isIndexType, isManifestType } from "./media-types.ts";
import { choosePlatform, hostPlatform, isPlatform } from "./platform.ts";
import type { Platform } from "./platform.ts";

/** Marks attestations, which BuildKit lists beside the images (reference: supply-chain). */
const COMPANION = "vnd.docker.reference.type";

const configSchema = v.looseObject({
  os: v.optional(v.string(), ""),
  architecture: v.optional(v.string(), ""),
  variant: v.optional(v.string()),
  "os.version": v.optional(v.string()),
  "os.features": v.optional(v.array(v.string())),
});

/**
 * An image itself; of an index, its image for a platform.
 *
 * @param platform Linux on this machine's processor, if none is wanted
 * @throws VarveError `PLATFORM_ABSENT` that says which platforms there are, `IMAGE_INCOMPLETE`
 */
export async function imageIn(
  source: ContentSource,
  root: ContentNode,
  platform?: Platform,
): Promise<ContentNode> {
  if (!root.links.isIndex) return root;
  if (platform !== undefined) return imageForPlatform(source, root, platform);
  const [only, ...others] = imagesOf(root);
  // What says nothing of its platform is taken if there is no choice.
  return only !== undefined && others.length === 0 && isOfNoPlatform(only)
    ? imageIn(source, await childNode(source, root, only))
    : imageForPlatform(source, root, hostPlatform());
}

/** The same, where an image that is no index must be for the platform, too. */
export async function imageForPlatform(
  source: ContentSource,
  root: ContentNode,
  wanted: Platform,
): Promise<ContentNode> {
  if (!root.links.isIndex) {
    const own = await platformOfImage(source, root);
    if (own === undefined || isPlatform(own, wanted)) return root;
    const has = indexPlatformText(own);
    throw new VarveError(
      "PLATFORM_ABSENT",
      `${root.name} is for ${has}, not for ${indexPlatformText(wanted)}`,
      { hint: `name another image, or give --platform ${has}` },
    );
  }
  const images = imagesOf(root);
  const chosen = choosePlatform(images, wanted, ({ platform }) => platform ?? undefined);
  if (chosen !== undefined) {
    const node = await childNode(source, root, chosen);
    return imageIn(source, node, wanted);
  }
  // An index in an index names no platform, nor do some tools name that of an only image.
  for (const child of images.filter(isOfNoPlatform)) {
    if (!isManifestType(child.mediaType) && !isIndexType(child.mediaType)) continue;
    const node = await childNode(source, root, child);
    if (!node.links.isIndex && node.links.config === undefined) continue;
    const found = await imageForPlatform(source, node, wanted).catch((error: unknown) => {
      if (images.length > 1 && isAbsent(error)) return undefined;
      throw error;
    });
    if (found !== undefined) return found;
  }
  throw absent(root.name, wanted, images);
}

/** What an image's config says that it runs on; undefined when it is no image of a container. */
export async function platformOfImage(
  source: ContentSource,
  { links }: ContentNode,
): Promise<IndexPlatform | undefined> {
  if (links.config === undefined) return undefined;
  const bytes = await source.readBlob(links.config.digest);
  if (bytes === undefined) return undefined;
  let parsed: v.InferOutput<typeof configSchema>;
  try {
    parsed = v.parse(configSchema, JSON.parse(bytes.toString("utf8")));
  } catch {
    return undefined;
  }
  const { os, architecture, variant } = parsed;
  if (os === "" || architecture === "") return undefined;
  const version = parsed["os.version"];
  const features = parsed["os.features"];
  return {
    architecture,
    os,
    ...(version === undefined || version === "" ? {} : { "os.version": version }),
    ...(features === undefined ? {} : { "os.features": features }),
    ...(variant === undefined || variant === "" ? {} : { variant }),
  };
}

/** What an index lists beside attestations and artifacts. */
function imagesOf({ links }: ContentNode): LinkedDescriptor[] {
  return links.manifests.filter(
    ({ annotations, artifactType }) =>
      artifactType === undefined && annotations?.[COMPANION] === undefined,
  );
}

function isOfNoPlatform({ platform }: LinkedDescriptor): boolean {
  return platform === undefined || platform === null || platform.os === "";
}

function isAbsent(error: unknown): boolean {
  return error instanceof VarveError && error.code === "PLATFORM_ABSENT";
}

function absent(name: string, wanted: Platform, images: readonly LinkedDescriptor[]): VarveError {
  const known = images
    .flatMap(({ platform }) => platform ?? [])
    .filter(({ os }) => os !== "" && os !== "unknown");
  const distinct = known.filter(
    (one, index) => known.findIndex((other) => isSamePlace(one, other)) === index,
  );
  const names = distinct.map(indexPlatformText).join(", ");
  const message = `${name} has no image for ${indexPlatformText(wanted)}`;
  return new VarveError("PLATFORM_ABSENT", message, {
    hint: names === "" ? "it names no platforms" : `choose with --platform; it has ${names}`,
  });
}
