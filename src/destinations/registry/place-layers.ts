import type { Layer } from "../../image/layer.ts";
import type { Descriptor } from "../../image/descriptor.ts";
import type { BlobDigests } from "../../packing/blob-digests.ts";
import { codecId } from "../../packing/codec/codec-id.ts";
import { compress } from "../../packing/codec/compress.ts";
import type { WorkerPool } from "../../packing/workers/pool.ts";
import { mountBlob } from "../../registry/mount.ts";
import type { Repository } from "../../registry/repository.ts";
import { uploadBlob } from "../../registry/upload.ts";
import { annotationsOf } from "../../image/layer-annotations.ts";
import { mediaTypeOf } from "./knowledge.ts";
import type { Candidate, Knowledge, LayerCoding } from "./knowledge.ts";

/** How a layer got to where it is wanted. */
export type Way = "present" | "mounted" | "sent";

/** A layer that is in the repository. */
export interface PlacedLayer {
  readonly layer: Layer;
  readonly way: Way;
  readonly descriptor: Descriptor;
  readonly diffId: string;
  /** Bytes, uncompressed. */
  readonly size: number;
  /** Bytes that went over the network for it. */
  readonly sent: number;
  readonly seconds: number;
}

/** Where a layer could be taken from without its bytes. */
export interface Found {
  readonly candidate: Candidate;
  readonly way: "present" | "mountable";
}

/**
 * Looks for a blob that holds the layer: in the repository itself, else in another repository of
 * the registry, from which it can be mounted. What earlier images say is believed only of blobs
 * that are there.
 *
 * @param distrusted digests that the registry says to have, and has not
 */
export async function findLayer(
  layer: Layer,
  repository: Repository,
  knowledge: Knowledge,
  distrusted: ReadonlySet<string>,
): Promise<Found | undefined> {
  const candidates = (await knowledge.candidates(layer)).filter(
    ({ blob }) => !distrusted.has(blob.digest),
  );
  const asked = new Set<string>();
  for (const candidate of candidates) {
    const { digest } = candidate.blob;
    if (asked.has(digest)) continue;
    asked.add(digest);
    if (await repository.hasBlob(digest)) return { candidate, way: "present" };
  }
  const elsewhere = candidates.find(({ repository: from }) => isNeighbour(from, repository));
  return elsewhere === undefined ? undefined : { candidate: elsewhere, way: "mountable" };
}

function isNeighbour(from: Repository | undefined, to: Repository): boolean {
  return from !== undefined && from.client.registry === to.client.registry && from.name !== to.name;
}

/** Takes a layer as it was found; undefined when it could not be mounted. */
export async function takeFound(
  layer: Layer,
  { candidate, way }: Found,
  repository: Repository,
): Promise<PlacedLayer | undefined> {
  const begun = performance.now();
  const { diffId, size, codec, blob } = candidate;
  if (way === "mountable") {
    const from = candidate.repository!.name;
    if (!(await mountBlob(repository, blob.digest, from))) return undefined;
  }
  layer.adopt?.({ diffId, size });
  const annotations = annotationsOf({ contentKey: layer.contentKey, diffId, size, codec });
  return {
    layer,
    way: way === "present" ? "present" : "mounted",
    descriptor: { ...blob, annotations },
    diffId,
    size,
    sent: 0,
    seconds: (performance.now() - begun) / 1000,
  };
}

export interface SendOptions extends LayerCoding {
  readonly codecPool: () => WorkerPool;
  readonly blobs: BlobDigests | undefined;
  /** Told of bytes handed to the network. */
  readonly onSent: (bytes: number) => void;
  /** Whether to believe the registry when it says to have a blob. */
  readonly ask: boolean;
}

/** Makes, compresses and uploads a layer in one pass; its digests are found on the way. */
export async function sendLayer(
  layer: Layer,
  repository: Repository,
  options: SendOptions,
): Promise<PlacedLayer> {
  const begun = performance.now();
  const { compression, level } = options;
  let sent = 0;
  const source = {
    known:
      compression === "none" && layer.knownDiffId() !== undefined
        ? { digest: layer.knownDiffId()!, size: await layer.size() }
        : undefined,
    open: (): AsyncIterable<Uint8Array> =>
      compression === "none"
        ? layer.stream()
        : compress(layer.stream(), compression, options.codecPool(), level),
  };
  const onSent = (bytes: number): void => {
    sent += bytes;
    options.onSent(bytes);
  };
  const upload = { onSent, ask: options.ask };
  const { digest, size, present } = await uploadBlob(repository, source, upload);
  const identity = await layer.identity();
  const codec = codecId(compression, level);
  if (compression !== "none") options.blobs?.put(identity.diffId, codec, { digest, size });
  const facts = { contentKey: layer.contentKey, codec, ...identity };
  return {
    layer,
    way: present ? "present" : "sent",
    descriptor: {
      mediaType: mediaTypeOf(compression),
      digest,
      size,
      annotations: annotationsOf(facts),
    },
    diffId: identity.diffId,
    size: identity.size,
    sent,
    seconds: (performance.now() - begun) / 1000,
  };
}
