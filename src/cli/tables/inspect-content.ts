import type { KnownSizes } from "../../archives/stored-layer.ts";
import { imageFromStore } from "../../assembly/stored-image.ts";
import { imageForPlatform } from "../../image/choose-image.ts";
import { readRoot } from "../../image/content-node.ts";
import type { ContentNode } from "../../image/content-node.ts";
import type { ContentSource } from "../../image/content-store.ts";
import { digestOf } from "../../image/digest.ts";
import { indexPlatformText } from "../../image/index-platform.ts";
import type { Layer } from "../../image/layer.ts";
import { MEDIA_TYPE } from "../../image/media-types.ts";
import { plainJson } from "../../image/ordered-json.ts";
import type { Platform } from "../../image/platform.ts";
import type { Inspection, InspectedManifest } from "./inspection-table.ts";

/** What `varve inspect` shows of an index. */
export interface IndexInspection {
  readonly references: readonly string[];
  readonly manifest: InspectedManifest;
  readonly manifests: readonly InspectedMember[];
}

/** Something that an index lists. */
interface InspectedMember extends InspectedManifest {
  readonly platform: string | undefined;
  readonly artifactType: string | undefined;
}

/** What `varve inspect` shows of what is no image: a chart, a signature, a list of packages. */
export interface ArtifactInspection {
  readonly references: readonly string[];
  readonly manifest: InspectedManifest;
  readonly artifactType: string | undefined;
  readonly blobs: ReadonlyArray<{
    readonly digest: string;
    readonly mediaType: string;
    readonly size: number;
    readonly title: string | undefined;
  }>;
}

const TITLE = "org.opencontainers.image.title";
const CONFIG_TYPES: ReadonlySet<string> = new Set(["", MEDIA_TYPE.config, MEDIA_TYPE.dockerConfig]);

/** The manifest that is meant: of an index, the one for a platform if there is one wanted. */
export async function inspectedNode(
  source: ContentSource,
  version: string,
  platform: Platform | undefined,
): Promise<ContentNode> {
  const root = await readRoot(source, version);
  return platform === undefined ? root : imageForPlatform(source, root, platform);
}

/** What a manifest or an index says, and the config of an image; no layer is fetched. */
export async function inspectContent(
  source: ContentSource,
  node: ContentNode,
  name: string,
  sizes?: KnownSizes,
): Promise<Inspection | IndexInspection | ArtifactInspection> {
  const { manifest, links } = node;
  const references = [name];
  const told = {
    digest: manifest.digest,
    mediaType: manifest.mediaType,
    size: manifest.bytes.length,
    annotations: links.annotations,
  };
  if (links.isIndex) {
    const manifests = links.manifests.map((member): InspectedMember => {
      const { digest, mediaType, size, platform, artifactType, annotations = {} } = member;
      const text =
        platform === undefined || platform === null ? undefined : indexPlatformText(platform);
      return { digest, mediaType, size, platform: text, artifactType, annotations };
    });
    return { references, manifest: told, manifests };
  }
  const { config } = links;
  if (config === undefined || !CONFIG_TYPES.has(config.mediaType)) {
    const blobs = links.layers.map(({ digest, mediaType, size, annotations }) => ({
      digest,
      mediaType,
      size,
      title: annotations?.[TITLE],
    }));
    const artifactType = links.artifactType ?? config?.mediaType;
    return { references, manifest: told, artifactType, blobs };
  }
  const stored = await imageFromStore(source, manifest.digest, undefined, sizes);
  try {
    return {
      references,
      imageId: digestOf(stored.configBytes),
      config: plainJson(stored.config) as Record<string, unknown>,
      layers: stored.image.layers.map(inspectedLayer),
      manifest: told,
    };
  } finally {
    stored.close();
  }
}

/** Without its bytes nothing may be known of its length. */
function inspectedLayer(layer: Layer): Inspection["layers"][number] {
  const { digest, mediaType, size: blobSize } = layer.blob!.descriptor;
  const isNamed = layer.paths.length === 1 && layer.paths[0] === digest;
  return {
    diffId: layer.knownDiffId()!,
    size: layer.knownSize?.(),
    paths: isNamed ? [] : layer.paths,
    reason: layer.reason === "base image" ? "" : layer.reason,
    digest,
    mediaType,
    blobSize,
  };
}
