import { gzipSync } from "node:zlib";
import type { ContentSource, StoredManifest } from "../../../src/image/content-store.ts";
import type { Descriptor } from "../../../src/image/descriptor.ts";
import { digestOf } from "../../../src/image/digest.ts";
import { MEDIA_TYPE } from "../../../src/image/media-types.ts";
import { tarOf } from "./tars.ts";
import type { Entry } from "./tars.ts";

/** Manifests and blobs in memory, whose bytes a test may spoil. */
export class MemorySource implements ContentSource {
  readonly fullName = "memory";
  readonly blobs = new Map<string, Buffer>();
  readonly manifests = new Map<string, StoredManifest>();

  async readManifest(version: string): Promise<StoredManifest | undefined> {
    return this.manifests.get(version);
  }

  async hasBlob(digest: string): Promise<boolean> {
    return this.blobs.has(digest);
  }

  async readBlob(digest: string): Promise<Buffer | undefined> {
    return this.blobs.get(digest);
  }

  async *openBlob({ digest }: Pick<Descriptor, "digest">): AsyncGenerator<Uint8Array> {
    const blob = this.blobs.get(digest)!;
    for (let at = 0; at < blob.length; at += 100) yield blob.subarray(at, at + 100);
  }

  add(bytes: Buffer, mediaType: string, annotations?: Record<string, string>): Descriptor {
    const digest = digestOf(bytes);
    this.blobs.set(digest, bytes);
    const descriptor = { mediaType, digest, size: bytes.length };
    return annotations === undefined ? descriptor : { ...descriptor, annotations };
  }

  put(content: unknown, mediaType: string = MEDIA_TYPE.manifest): StoredManifest {
    const bytes = Buffer.isBuffer(content) ? content : Buffer.from(JSON.stringify(content));
    const manifest = { bytes, digest: digestOf(bytes), mediaType };
    this.manifests.set(manifest.digest, manifest);
    return manifest;
  }

  /** A whole image of one layer a list of entries, gzipped. */
  image(
    layers: ReadonlyArray<readonly Entry[]>,
    change: {
      readonly config?: (config: Record<string, unknown>) => unknown;
      readonly manifest?: (manifest: ImageManifest) => unknown;
    } = {},
  ): StoredManifest {
    const tars = layers.map(tarOf);
    const config = {
      architecture: "amd64",
      os: "linux",
      config: { Env: ["A=1"] },
      rootfs: { type: "layers", diff_ids: tars.map(digestOf) },
      history: tars.map(() => ({ created_by: "test" })),
    };
    const written = change.config?.(config) ?? config;
    const manifest = {
      schemaVersion: 2,
      mediaType: MEDIA_TYPE.manifest,
      config: this.add(Buffer.from(JSON.stringify(written)), MEDIA_TYPE.config),
      layers: tars.map((tar) =>
        this.add(gzipSync(tar), MEDIA_TYPE.layerGzip, {
          "dev.varve.layer.diff-id": digestOf(tar),
          "dev.varve.layer.size": String(tar.length),
        }),
      ),
    };
    return this.put(change.manifest?.(manifest) ?? manifest);
  }
}

export interface ImageManifest {
  readonly schemaVersion: number;
  readonly mediaType: string;
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
}
