import * as v from "valibot";
import { StoredLayer } from "../archives/stored-layer.ts";
import type { KnownSizes } from "../archives/stored-layer.ts";
import { messageOf, VarveError } from "../errors.ts";
import { imageIn } from "../image/choose-image.ts";
import { readRoot } from "../image/content-node.ts";
import type { ContentSource, StoredManifest } from "../image/content-store.ts";
import { isDigest } from "../image/digest.ts";
import type { Image } from "../image/image.ts";
import { layerHistory, pathsInComment } from "../image/history.ts";
import { MEDIA_TYPE } from "../image/media-types.ts";
import { parseOrderedJson, plainJson } from "../image/ordered-json.ts";
import type { JsonObject } from "../image/ordered-json.ts";
import type { Platform } from "../image/platform.ts";
import type { OpenImage } from "./open-image.ts";

/** An image in a registry or an OCI layout, of which only manifest and config have been read. */
export interface StoredImage extends OpenImage {
  /** The image's own: of an index, the one for the platform. */
  readonly manifest: StoredManifest;
  readonly configBytes: Buffer;
  /** The config, its order and numbers kept. */
  readonly config: JsonObject;
}

const configSchema = v.object({
  architecture: v.optional(v.string(), ""),
  os: v.optional(v.string(), ""),
  config: v.nullish(v.record(v.string(), v.unknown())),
  rootfs: v.object({
    diff_ids: v.nullish(v.array(v.pipe(v.string(), v.check(isDigest, "no sha256 digest"))), []),
  }),
});

const CONFIG_TYPES: ReadonlySet<string> = new Set(["", MEDIA_TYPE.config, MEDIA_TYPE.dockerConfig]);

/**
 * An image where manifests and blobs are kept. Its layers are fetched only when somebody wants
 * their bytes; whoever can copies their blobs as they are.
 *
 * @param version tag or digest; in a layout, empty for its only image
 * @param platform which image of an index; Linux on this machine's processor, if absent
 * @param sizes remembers lengths, so that no layer is fetched for its length alone
 * @throws VarveError `IMAGE_UNKNOWN`, `PLATFORM_ABSENT`, `IMAGE_INCOMPLETE`, `IMAGE_FOREIGN`,
 *   `LAYER_FOREIGN`, `MANIFEST_INVALID`; whatever the place throws
 */
export async function imageFromStore(
  source: ContentSource,
  version: string,
  platform?: Platform,
  sizes?: KnownSizes,
): Promise<StoredImage> {
  const root = await readRoot(source, version);
  const { name: where, manifest, links } = await imageIn(source, root, platform);
  if (links.config === undefined || !CONFIG_TYPES.has(links.config.mediaType)) {
    throw foreign(where, links.artifactType ?? links.config?.mediaType ?? "an unknown kind");
  }
  const configBytes = await source.readBlob(links.config.digest);
  if (configBytes === undefined) {
    throw new VarveError("IMAGE_INCOMPLETE", `${where} lacks its config ${links.config.digest}`, {
      hint: "push or copy the image there again",
    });
  }
  const { plain, config } = parseConfig(configBytes, where);
  const diffIds = plain.rootfs.diff_ids ?? [];
  if (diffIds.length !== links.layers.length) {
    throw invalid(where, `it has ${links.layers.length} layers but ${diffIds.length} diffIDs`);
  }
  const steps = layerHistory(config, diffIds.length);
  const layers = links.layers.map(({ mediaType, digest, size, annotations }, index) => {
    const descriptor = { mediaType, digest, size };
    const paths = pathsInComment(steps?.[index]?.comment ?? "");
    const createdBy = steps?.[index]?.createdBy ?? "";
    return new StoredLayer({
      blob: {
        descriptor: annotations === undefined ? descriptor : { ...descriptor, annotations },
        source,
      },
      diffId: diffIds[index]!,
      paths: paths.length > 0 ? paths : [digest],
      reason: createdBy === "" ? "base image" : createdBy,
      sizes,
    });
  });
  const image: Image = {
    architecture: plain.architecture,
    os: plain.os,
    runtime: plain.config ?? {},
    layers,
    archiveTime: 0,
    annotations: links.annotations,
    config: () => Promise.resolve(configBytes),
  };
  const close = (): void => {
    for (const layer of layers) layer.close();
  };
  return { image, manifest, configBytes, config, close };
}

function parseConfig(
  bytes: Buffer,
  where: string,
): { plain: v.InferOutput<typeof configSchema>; config: JsonObject } {
  let config;
  try {
    config = parseOrderedJson(bytes.toString("utf8"));
  } catch (error) {
    throw invalid(where, `its config is not JSON: ${messageOf(error)}`);
  }
  const result = v.safeParse(configSchema, plainJson(config));
  if (!result.success) {
    const [issue] = result.issues;
    throw invalid(where, `its config, ${v.getDotPath(issue) ?? "the whole"}: ${issue.message}`);
  }
  return { plain: result.output, config: config instanceof Map ? config : new Map() };
}

function invalid(where: string, why: string): VarveError {
  return new VarveError("MANIFEST_INVALID", `${where} makes no sense: ${why}`, {
    hint: "the image is damaged, or is of a kind that varve does not know",
  });
}

function foreign(where: string, kind: string): VarveError {
  return new VarveError("IMAGE_FOREIGN", `${where} is not a container image, but ${kind}`, {
    hint: "name an image that can be run",
  });
}
