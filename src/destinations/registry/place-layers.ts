import type { Layer } from "../../image/layer.ts";
import type { ContentSource } from "../../image/content-store.ts";
import type { BlobDigests } from "../../packing/blob-digests.ts";
import { compress } from "../../packing/codec/compress.ts";
import type { WorkerPool } from "../../packing/workers/pool.ts";
import { mountBlob } from "../../registry/mount.ts";
import { Repository } from "../../registry/repository.ts";
import { uploadBlob } from "../../registry/upload.ts";
import type { Candidate, Knowledge, LayerCoding } from "../layers/knowledge.ts";
import { foundLayer, madeLayer } from "../layers/placed-layer.ts";
import type { PlacedLayer } from "../layers/placed-layer.ts";

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
  const elsewhere = candidates.find(({ source }) => isNeighbour(source, repository));
  return elsewhere === undefined ? undefined : { candidate: elsewhere, way: "mountable" };
}

function isNeighbour(from: ContentSource | undefined, to: Repository): from is Repository {
  return (
    from instanceof Repository &&
    from.client.registry === to.client.registry &&
    from.name !== to.name
  );
}

/** Takes a layer as it was found; undefined when it could not be mounted. */
export async function takeFound(
  layer: Layer,
  { candidate, way }: Found,
  repository: Repository,
): Promise<PlacedLayer | undefined> {
  const begun = performance.now();
  if (way === "mountable") {
    const from = candidate.source;
    const mounted =
      isNeighbour(from, repository) &&
      (await mountBlob(repository, candidate.blob.digest, from.name));
    if (!mounted) return undefined;
  }
  const seconds = (performance.now() - begun) / 1000;
  return foundLayer(layer, candidate, {
    way: way === "present" ? "present" : "mounted",
    sent: 0,
    seconds,
  });
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
  const { present, ...blob } = await uploadBlob(repository, source, upload);
  const way = present ? "present" : "sent";
  const seconds = (performance.now() - begun) / 1000;
  return madeLayer(layer, blob, options, { way, sent, seconds });
}
