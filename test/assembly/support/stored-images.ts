import { randomBytes } from "node:crypto";
import * as zlib from "node:zlib";
import { onTestFinished } from "vitest";
import { digestOf } from "../../../src/image/digest.ts";
import { describe as describeBytes, indexOf } from "../../../src/image/manifest.ts";
import { MEDIA_TYPE } from "../../../src/image/media-types.ts";
import { PATIENT } from "../../../src/registry/retry.ts";
import type { RegistriesOptions } from "../../../src/registry/registries.ts";
import { RegistrySettings } from "../../../src/registry/settings/registry-settings.ts";
import { byteStringOf } from "../../../src/tar/byte-string.ts";
import { endOfArchiveLength, HeaderWriter, paddingOf } from "../../../src/tar/header.ts";
import { FaultRegistry } from "../../registry/support/fault-registry.ts";
import type { FaultRegistryOptions } from "../../registry/support/fault-registry.ts";

/** How registries are reached in tests: at once, with nobody's password and nobody's settings. */
export const TEST_REGISTRY = {
  policy: { ...PATIENT, sleep: async (): Promise<void> => undefined },
  find: async (): Promise<undefined> => undefined,
  settings: new RegistrySettings([]),
} satisfies RegistriesOptions;

/** A tar of one file. */
export function tarOf(name: string, content: Buffer = randomBytes(5000)): Buffer {
  const headers = new HeaderWriter({ uid: 0, gid: 0, uname: "", gname: "", mtime: 1 });
  const size = content.length;
  const header = headers.bytes({
    name: byteStringOf(name),
    type: "file",
    mode: 0o644,
    size,
    link: "",
  });
  const length = header.length + size + paddingOf(size);
  const rest = Buffer.alloc(paddingOf(size) + endOfArchiveLength(length));
  return Buffer.concat([header, content, rest]);
}

const CODINGS = {
  none: { mediaType: MEDIA_TYPE.layer, encode: (tar: Buffer): Buffer => tar },
  gzip: { mediaType: MEDIA_TYPE.layerGzip, encode: (tar: Buffer): Buffer => zlib.gzipSync(tar) },
  zstd: {
    mediaType: MEDIA_TYPE.layerZstd,
    encode: (tar: Buffer): Buffer => zlib.zstdCompressSync(tar),
  },
  docker: {
    mediaType: MEDIA_TYPE.dockerLayerGzip,
    encode: (tar: Buffer): Buffer => zlib.gzipSync(tar),
  },
} as const;

export type Coding = keyof typeof CODINGS;

interface TestLayer {
  readonly tar: Buffer;
  readonly coding: Coding;
  /** Instead of the one that belongs to the coding. */
  readonly mediaType?: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

export interface TestImage {
  readonly layers?: readonly TestLayer[];
  readonly architecture?: string;
  /** Further keys of the config. */
  readonly config?: Readonly<Record<string, unknown>>;
  readonly configType?: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** A repository in a registry in memory. */
export class TestRepository {
  readonly registry: FaultRegistry;
  readonly path: string;

  constructor(registry: FaultRegistry, path = "team/base") {
    this.registry = registry;
    this.path = path;
  }

  static async start(options: FaultRegistryOptions = {}): Promise<TestRepository> {
    const registry = await FaultRegistry.start(options);
    onTestFinished(() => {
      registry.close();
    });
    return new TestRepository(registry);
  }

  /** `127.0.0.1:PORT/team/base`. */
  get name(): string {
    return `${this.registry.host}/${this.path}`;
  }

  /** Blobs that were fetched so far, by digest. */
  fetched(): string[] {
    return this.registry.requests
      .filter(({ method, path }) => method === "GET" && path.includes("/blobs/"))
      .map(({ path }) => path.slice(path.lastIndexOf("/") + 1));
  }

  /** Puts an image; without a tag it is known by its digest only. */
  put(image: TestImage, tag?: string): string {
    const { layers = [], architecture = "amd64", config = {}, configType, annotations } = image;
    const descriptors = layers.map(({ tar, coding, mediaType, annotations: own }) => {
      const blob = CODINGS[coding].encode(tar);
      this.registry.put(this.path, blob);
      const type = mediaType ?? CODINGS[coding].mediaType;
      return { ...describeBytes(type, blob), ...(own === undefined ? {} : { annotations: own }) };
    });
    const diffIds = layers.map(({ tar }) => digestOf(tar));
    const rootfs = { type: "layers", diff_ids: diffIds };
    const bytes = Buffer.from(JSON.stringify({ architecture, os: "linux", rootfs, ...config }));
    this.registry.put(this.path, bytes);
    const manifest = {
      schemaVersion: 2,
      mediaType: MEDIA_TYPE.manifest,
      config: describeBytes(configType ?? MEDIA_TYPE.config, bytes),
      layers: descriptors,
      ...(annotations === undefined ? {} : { annotations }),
    };
    return this.#putManifest(Buffer.from(JSON.stringify(manifest)), tag);
  }

  /** Puts an index of images that are there; a platform is `linux/arm64`. */
  putIndex(
    images: ReadonlyArray<readonly [digest: string, platform?: string]>,
    tag: string,
  ): string {
    const manifests = images.map(([digest, platform]) => {
      const bytes = this.registry.manifests.get(`${this.path}@${digest}`)!;
      const [os, architecture, variant] = platform?.split("/") ?? [];
      return {
        ...describeBytes(MEDIA_TYPE.manifest, bytes),
        ...(platform === undefined ? {} : { platform: { os, architecture, variant } }),
      };
    });
    return this.#putManifest(indexOf(manifests), tag);
  }

  #putManifest(bytes: Buffer, tag: string | undefined): string {
    const digest = digestOf(bytes);
    this.registry.manifests.set(`${this.path}@${digest}`, bytes);
    if (tag !== undefined) this.registry.manifests.set(`${this.path}:${tag}`, bytes);
    return digest;
  }
}

export async function bytesOf(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const all: Uint8Array[] = [];
  for await (const chunk of chunks) all.push(chunk);
  return Buffer.concat(all);
}
