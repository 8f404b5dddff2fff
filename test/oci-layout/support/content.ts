import * as fc from "fast-check";
import type { ContentStore, StoredManifest } from "../../../src/image/content-store.ts";
import { digestOf } from "../../../src/image/digest.ts";
import { describe as descriptorOf } from "../../../src/image/manifest.ts";
import { MEDIA_TYPE } from "../../../src/image/media-types.ts";

/** An image, or an index of such, that a test makes up. */
export type Content =
  | { readonly kind: "image"; readonly config: Uint8Array; readonly layers: readonly Uint8Array[] }
  | { readonly kind: "index"; readonly children: readonly Content[] };

/** Small trees of content; the same blobs occur in several images. */
export const arbitraryContent: fc.Arbitrary<Content> = fc.letrec<{ content: Content }>((tie) => {
  const bytes = fc.uint8Array({ maxLength: 40 });
  const image = fc.record({
    kind: fc.constant("image" as const),
    config: bytes,
    layers: fc.array(bytes, { maxLength: 4 }),
  });
  const index = fc.record({
    kind: fc.constant("index" as const),
    children: fc.array(tie("content"), { maxLength: 3 }),
  });
  return { content: fc.oneof({ maxDepth: 3, depthSize: "small" }, image, index) };
}).content;

/** All bytes of a piece of content: what is put where. */
export interface Laid {
  readonly manifest: StoredManifest;
  /** Children's manifests and indexes. */
  readonly inner: readonly StoredManifest[];
  readonly blobs: readonly Buffer[];
}

export function lay(content: Content): Laid {
  if (content.kind === "image") {
    const config = Buffer.from(content.config);
    const layers = content.layers.map((layer) => Buffer.from(layer));
    return {
      manifest: stored(MEDIA_TYPE.manifest, {
        schemaVersion: 2,
        mediaType: MEDIA_TYPE.manifest,
        config: descriptorOf(MEDIA_TYPE.config, config),
        layers: layers.map((layer) => descriptorOf(MEDIA_TYPE.layer, layer)),
      }),
      inner: [],
      blobs: [config, ...layers],
    };
  }
  const children = content.children.map(lay);
  const manifests = children.map(({ manifest }) => ({
    mediaType: manifest.mediaType,
    digest: manifest.digest,
    size: manifest.bytes.length,
  }));
  return {
    manifest: stored(MEDIA_TYPE.index, {
      schemaVersion: 2,
      mediaType: MEDIA_TYPE.index,
      manifests,
    }),
    inner: children.flatMap(({ manifest, inner }) => [...inner, manifest]),
    blobs: children.flatMap(({ blobs }) => blobs),
  };
}

function stored(mediaType: string, value: unknown): StoredManifest {
  const bytes = Buffer.from(JSON.stringify(value));
  return { mediaType, bytes, digest: digestOf(bytes) };
}

/** Puts content into a store, its name last. */
export async function put(store: ContentStore, name: string, laid: Laid): Promise<void> {
  for (const blob of laid.blobs) await store.putBlob(blob);
  for (const { digest, bytes, mediaType } of laid.inner) {
    await store.putManifest(digest, bytes, mediaType);
  }
  await store.putManifest(name, laid.manifest.bytes, laid.manifest.mediaType);
}
