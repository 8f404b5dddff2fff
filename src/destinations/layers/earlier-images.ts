import * as v from "valibot";
import type { Image } from "../../image/image.ts";
import type { Descriptor } from "../../image/descriptor.ts";
import { isIndexType } from "../../image/media-types.ts";
import type { ContentSource } from "../../image/content-store.ts";
import { factsFrom } from "../../image/layer-annotations.ts";
import type { LayerFacts } from "../../image/layer-annotations.ts";

/** A layer of an image that exists already, in a registry or a layout. */
export interface EarlierLayer {
  readonly diffId: string;
  /** Bytes, uncompressed; undefined when nothing says so. */
  readonly size: number | undefined;
  readonly contentKey: string | undefined;
  readonly codec: string | undefined;
  readonly blob: Descriptor;
  /** Where it was seen. */
  readonly source: ContentSource;
}

/** An image that exists, whose layers may be used again. */
export interface EarlierImage {
  readonly digest: string;
  readonly layers: readonly EarlierLayer[];
}

const descriptorSchema = v.object({
  mediaType: v.string(),
  digest: v.pipe(v.string(), v.regex(/^sha256:[0-9a-f]{64}$/)),
  size: v.pipe(v.number(), v.safeInteger(), v.minValue(0)),
  annotations: v.optional(v.record(v.string(), v.string())),
});

const manifestSchema = v.object({
  config: descriptorSchema,
  layers: v.array(descriptorSchema),
});

const indexSchema = v.object({
  manifests: v.array(
    v.object({
      digest: v.string(),
      platform: v.optional(v.object({ os: v.string(), architecture: v.string() })),
    }),
  ),
});

const configSchema = v.object({
  rootfs: v.object({ diff_ids: v.array(v.pipe(v.string(), v.regex(/^sha256:[0-9a-f]{64}$/))) }),
});

/**
 * Reads what an image that exists says about its layers: by their annotations, or by its config
 * for an image that another tool has made.
 *
 * @param version tag or digest
 * @returns undefined when there is no such image, or none of this platform
 */
export async function readEarlierImage(
  source: ContentSource,
  version: string,
  platform: Pick<Image, "os" | "architecture">,
): Promise<EarlierImage | undefined> {
  let manifest = await source.readManifest(version);
  if (manifest !== undefined && isIndexType(manifest.mediaType)) {
    const chosen = parsed(indexSchema, manifest.bytes)?.manifests.find(
      ({ platform: own }) => own?.os === platform.os && own.architecture === platform.architecture,
    );
    manifest = chosen === undefined ? undefined : await source.readManifest(chosen.digest);
  }
  const content = manifest === undefined ? undefined : parsed(manifestSchema, manifest.bytes);
  if (manifest === undefined || content === undefined) return undefined;
  const blobs: Descriptor[] = content.layers.map(({ annotations, ...blob }) =>
    annotations === undefined ? blob : { ...blob, annotations },
  );
  const facts = blobs.map(factsFrom);
  const told = facts.every((fact) => fact !== undefined);
  const diffIds = told ? [] : await diffIdsOf(source, content.config.digest);
  const layers = blobs.flatMap((blob, index): EarlierLayer[] => {
    const fact = facts[index] ?? fromConfig(blob, diffIds, blobs.length, index);
    return fact === undefined ? [] : [{ ...fact, blob, source }];
  });
  return { digest: manifest.digest, layers };
}

async function diffIdsOf(source: ContentSource, config: string): Promise<readonly string[]> {
  const bytes = await source.readBlob(config);
  return (bytes === undefined ? undefined : parsed(configSchema, bytes))?.rootfs.diff_ids ?? [];
}

function fromConfig(
  blob: Descriptor,
  diffIds: readonly string[],
  layers: number,
  index: number,
): (Omit<LayerFacts, "size"> & { readonly size: number | undefined }) | undefined {
  const diffId = diffIds[index];
  if (diffId === undefined || diffIds.length !== layers) return undefined;
  const size = blob.digest === diffId ? blob.size : undefined;
  return { diffId, size, contentKey: undefined, codec: undefined };
}

function parsed<Schema extends v.GenericSchema>(
  schema: Schema,
  bytes: Buffer,
): v.InferOutput<Schema> | undefined {
  try {
    return v.parse(schema, JSON.parse(bytes.toString("utf8")));
  } catch {
    return undefined;
  }
}
