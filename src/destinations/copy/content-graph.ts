import { VarveError } from "../../errors.ts";
import { contentLinks } from "../../image/content-links.ts";
import type { LinkedDescriptor } from "../../image/content-links.ts";
import { nameIn } from "../../image/content-node.ts";
import type { ContentNode } from "../../image/content-node.ts";
import type { ContentSource } from "../../image/content-store.ts";
import { isIndexType, isManifestType } from "../../image/media-types.ts";
import { inParallel } from "../layers/parallel.ts";

/** Manifests that are read at a time. */
const PARALLEL_READS = 8;
/** No registry takes longer manifests (reference: registry-protocol, section 2.2). */
const LONGEST_MANIFEST = 8 << 20;

/** All that belongs to an image, an index or an artifact. */
export interface ContentGraph {
  readonly root: ContentNode;
  /** What leads to nothing first, the root last: each of a step needs only steps before. */
  readonly steps: ReadonlyArray<readonly ContentNode[]>;
  /** Each blob once. */
  readonly blobs: readonly LinkedDescriptor[];
}

/** Finds everything that a manifest or index leads to; only manifests are read. */
export async function readGraph(source: ContentSource, root: ContentNode): Promise<ContentGraph> {
  const seen = new Map<string, Promise<number>>();
  const nodes: Array<{ node: ContentNode; height: number }> = [];
  const blobs = new Map<string, LinkedDescriptor>();
  const visit = async (node: ContentNode): Promise<number> => {
    const { links } = node;
    for (const blob of [links.config, ...links.layers]) {
      if (blob !== undefined && !blobs.has(blob.digest)) blobs.set(blob.digest, blob);
    }
    const heights = await inParallel(links.manifests, PARALLEL_READS, (child) => {
      let pending = seen.get(child.digest);
      if (pending === undefined) {
        pending = readChild(source, node, child).then((found) => {
          if (found !== undefined) return visit(found);
          blobs.set(child.digest, child);
          return -1;
        });
        seen.set(child.digest, pending);
      }
      return pending;
    });
    const height = Math.max(-1, ...heights) + 1;
    nodes.push({ node, height });
    return height;
  };
  const top = await visit(root);
  const steps = Array.from({ length: top + 1 }, (_, height) =>
    nodes.filter((each) => each.height === height).map(({ node }) => node),
  );
  return { root, steps, blobs: [...blobs.values()] };
}

/** A manifest that an index lists; undefined for what turns out to be a blob. */
async function readChild(
  source: ContentSource,
  parent: ContentNode,
  child: LinkedDescriptor,
): Promise<ContentNode | undefined> {
  if (child.size > LONGEST_MANIFEST) return undefined;
  const manifest = await source.readManifest(child.digest);
  const name = nameIn(source, child.digest);
  if (manifest !== undefined) {
    const mediaType = child.mediaType === "" ? manifest.mediaType : child.mediaType;
    const isKnown = isManifestType(mediaType) || isIndexType(mediaType);
    // A layout gives out every blob when it is asked for it.
    if (!isKnown && !isJson(manifest.bytes)) return undefined;
    return { name, manifest: { ...manifest, mediaType }, links: contentLinks(manifest, name) };
  }
  if (await source.hasBlob(child.digest)) return undefined;
  throw new VarveError(
    "IMAGE_INCOMPLETE",
    `${parent.name} lists ${child.digest}, which is not there`,
    { hint: "copy the platform that you need: --platform" },
  );
}

function isJson(bytes: Buffer): boolean {
  try {
    return typeof JSON.parse(bytes.toString("utf8")) === "object";
  } catch {
    return false;
  }
}
