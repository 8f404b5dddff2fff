import * as v from "valibot";
import { VarveError } from "../../errors.ts";
import { contentLinks } from "../../image/content-links.ts";
import type { ContentSource } from "../../image/content-store.ts";
import { choosePlatform, indexPlatformText, isSamePlace } from "../../image/index-platform.ts";
import type { IndexPlatform } from "../../image/index-platform.ts";
import { isIndexType, isManifestType } from "../../image/media-types.ts";
import type { Platform } from "../../image/platform.ts";
import type { ContentNode } from "./content-graph.ts";

const configSchema = v.looseObject({
  os: v.optional(v.string(), ""),
  architecture: v.optional(v.string(), ""),
  variant: v.optional(v.string()),
  "os.version": v.optional(v.string()),
  "os.features": v.optional(v.array(v.string())),
});

/**
 * The one image of an index that runs on a platform; an image that is no index, if it does.
 *
 * @throws VarveError `PLATFORM_ABSENT` that says which platforms there are
 */
export async function nodeForPlatform(
  source: ContentSource,
  root: ContentNode,
  wanted: Platform,
): Promise<ContentNode> {
  const where = `${source.fullName}@${root.manifest.digest}`;
  if (!root.links.isIndex) {
    const own = await platformOfImage(source, root);
    if (own === undefined || choosePlatform([own], wanted, (each) => each) !== undefined) {
      return root;
    }
    throw absent(where, wanted, [own]);
  }
  const { manifests } = root.links;
  const chosen = choosePlatform(manifests, wanted, ({ platform }) => platform ?? undefined);
  if (chosen === undefined) {
    // An index in an index names no platform.
    const unnamed = manifests.filter(({ platform }) => platform === undefined);
    for (const child of unnamed.filter(({ mediaType }) => isImage(mediaType))) {
      const manifest = await source.readManifest(child.digest);
      if (manifest === undefined) continue;
      const node = { manifest, links: contentLinks(manifest, where) };
      if (!node.links.isIndex && node.links.config === undefined) continue;
      const found = await nodeForPlatform(source, node, wanted).catch(isAbsent);
      if (found !== undefined) return found;
    }
    throw absent(
      where,
      wanted,
      manifests.flatMap(({ platform }) => platform ?? []),
    );
  }
  const manifest = await source.readManifest(chosen.digest);
  if (manifest === undefined) {
    throw new VarveError(
      "IMAGE_INCOMPLETE",
      `${where} lists ${chosen.digest}, which is not there`,
      {
        hint: "push or copy the image there again",
      },
    );
  }
  const node = { manifest, links: contentLinks(manifest, where) };
  return node.links.isIndex ? nodeForPlatform(source, node, wanted) : node;
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

function isImage(mediaType: string): boolean {
  return isManifestType(mediaType) || isIndexType(mediaType);
}

function isAbsent(error: unknown): undefined {
  if (error instanceof VarveError && error.code === "PLATFORM_ABSENT") return undefined;
  throw error;
}

function absent(where: string, wanted: Platform, there: readonly IndexPlatform[]): VarveError {
  const known = there.filter(({ os }) => os !== "" && os !== "unknown");
  const distinct = known.filter(
    (one, index) => known.findIndex((other) => isSamePlace(one, other)) === index,
  );
  const names = distinct.map(indexPlatformText).join(", ");
  return new VarveError("PLATFORM_ABSENT", `${where} is not for ${indexPlatformText(wanted)}`, {
    hint: names === "" ? "it names no platform" : `it is for ${names}: --platform`,
  });
}
