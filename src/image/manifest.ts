import type { Descriptor } from "./descriptor.ts";
import { digestOf } from "./digest.ts";
import type { LayerIdentity } from "./layer.ts";
import { MEDIA_TYPE } from "./media-types.ts";

/** Describes bytes at hand. */
export function describe(mediaType: string, bytes: Uint8Array): Descriptor {
  return { mediaType, digest: digestOf(bytes), size: bytes.length };
}

/** The manifest of an image whose layers are plain tars (OCI image-spec, manifest.md). */
export function manifestOf(
  config: Uint8Array,
  layers: readonly LayerIdentity[],
  annotations?: Readonly<Record<string, string>>,
): Buffer {
  const plain = layers.map(({ diffId, size }) => ({
    mediaType: MEDIA_TYPE.layer,
    digest: diffId,
    size,
  }));
  return manifestWith(config, plain, annotations);
}

/** The manifest of an image whose layers are described already (OCI image-spec, manifest.md). */
export function manifestWith(
  config: Uint8Array,
  layers: readonly Descriptor[],
  annotations: Readonly<Record<string, string>> = {},
): Buffer {
  return jsonBytes({
    schemaVersion: 2,
    mediaType: MEDIA_TYPE.manifest,
    config: describe(MEDIA_TYPE.config, config),
    layers,
    ...(Object.keys(annotations).length === 0 ? {} : { annotations }),
  });
}

/** An index of manifests (OCI image-spec, image-index.md). */
export function indexOf(manifests: readonly Descriptor[]): Buffer {
  return jsonBytes({ schemaVersion: 2, mediaType: MEDIA_TYPE.index, manifests });
}

function jsonBytes(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value), "utf8");
}
