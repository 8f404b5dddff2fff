import type { ContentSource, StoredManifest } from "../image/content-store.ts";
import type { Descriptor } from "../image/descriptor.ts";
import { digestOf } from "../image/digest.ts";
import { factsFrom } from "../image/layer-annotations.ts";
import { checkBlob } from "./check-layer.ts";
import { checkManifest } from "./check-manifest.ts";
import type { WellFormed } from "./check-manifest.ts";
import { checkConfig } from "./check-config.ts";
import { isDamage, shortDigest } from "./finding.ts";
import type { Finding } from "./finding.ts";

export interface CheckOptions {
  /** Whether layers' blobs are read; otherwise it is asked whether they are there. */
  readonly deep: boolean;
  /** Told of layers that are about to be read, and of one while it is read. */
  readonly onAhead?: (layers: number, bytes: number) => void;
  readonly onRead?: (
    layer: Pick<CheckedLayer, "index" | "of" | "digest" | "size">,
    bytes: number,
  ) => void;
  /** Told of each layer once it is checked. */
  readonly onLayer?: (layer: CheckedLayer) => void;
}

export interface CheckedLayer {
  /** From 0, bottom first, of its image. */
  readonly index: number;
  readonly of: number;
  readonly digest: string;
  /** Bytes of its blob. */
  readonly size: number;
  readonly isRight: boolean;
  readonly seconds: number;
}

/** What was looked at. */
export interface CheckedContent {
  readonly findings: readonly Finding[];
  /** Images; an index has several. */
  readonly images: number;
  readonly layers: number;
  /** Bytes of layers that were read. */
  readonly read: number;
}

/**
 * Checks that an image, or all images of an index, are whole and consistent where they are:
 * manifest and config are well-formed by the OCI image-spec, every blob is there, of the size and
 * digest that it is named by, and the layers are those that the config lists.
 */
export async function checkContent(
  manifest: StoredManifest,
  source: ContentSource,
  options: CheckOptions,
): Promise<CheckedContent> {
  const check = new ContentCheck(source, options);
  await check.manifest(manifest, "manifest");
  const { findings, images, layers, read } = check;
  return { findings, images, layers, read };
}

class ContentCheck {
  readonly findings: Finding[] = [];
  images = 0;
  layers = 0;
  read = 0;
  readonly #source: ContentSource;
  readonly #options: CheckOptions;
  /** A blob of several images is read once; what it should be can differ. */
  readonly #seen = new Set<string>();

  constructor(source: ContentSource, options: CheckOptions) {
    this.#source = source;
    this.#options = options;
  }

  async manifest({ bytes, digest, mediaType }: StoredManifest, place: string): Promise<void> {
    if (digestOf(bytes) !== digest) {
      this.#find(place, `has the digest ${digestOf(bytes)}, not ${digest}`);
    }
    const content = checkManifest(bytes, mediaType, place, this.findings);
    if (content?.kind === "index") await this.#index(content, place);
    else if (content !== undefined) await this.#image(content, place);
  }

  async #index(
    { manifests }: Extract<WellFormed, { kind: "index" }>,
    place: string,
  ): Promise<void> {
    for (const { digest, size, mediaType, platform } of manifests) {
      const name = `manifest ${platform ?? shortDigest(digest)}`;
      const found = await this.#attempt(name, () => this.#source.readManifest(digest));
      if (found === "failed") continue;
      if (found === undefined) {
        this.#find(
          place,
          `names ${digest}${platform ? ` for ${platform}` : ""}, which is not there`,
        );
        continue;
      }
      if (found.bytes.length !== size) {
        this.#find(name, `is ${found.bytes.length} bytes long, not ${size} as the index says`);
      }
      await this.manifest({ ...found, mediaType }, name);
    }
  }

  async #image(
    { config, layers }: Extract<WellFormed, { kind: "manifest" }>,
    place: string,
  ): Promise<void> {
    this.images += 1;
    this.layers += layers.length;
    const of = place === "manifest" ? "" : ` of ${place}`;
    const bytes = await this.#attempt(`config${of}`, () => this.#source.readBlob(config.digest));
    let diffIds: readonly string[] | undefined;
    if (bytes === undefined) this.#find(`config${of}`, `is missing: ${config.digest}`);
    else if (bytes !== "failed") {
      if (bytes.length !== config.size) {
        this.#find(`config${of}`, `is ${bytes.length} bytes long, not ${config.size}`);
      }
      diffIds = checkConfig(bytes, layers.length, this.findings, `config${of}`);
    }
    const present = layers.map(({ digest, isForeign }) =>
      isForeign ? true : this.#isThere(digest),
    );
    if (this.#options.deep) {
      this.#options.onAhead?.(
        layers.length,
        layers.reduce((sum, { size, isForeign }) => sum + (isForeign ? 0 : size), 0),
      );
    }
    for (const [index, blob] of layers.entries()) {
      const begun = performance.now();
      const before = this.findings.length;
      const name = `layer ${index + 1}${of} ${shortDigest(blob.digest)}`;
      const diffId = diffIds?.[index];
      const told = factsFrom(blob)?.diffId;
      if (told !== undefined && diffId !== undefined && told !== diffId) {
        this.#find(name, `is annotated as ${told}, but the config lists ${diffId}`);
      }
      const key = JSON.stringify([blob.digest, diffId]);
      if (!blob.isForeign && !this.#seen.has(key)) {
        this.#seen.add(key);
        const layer = { index, of: layers.length, digest: blob.digest, size: blob.size };
        const onRead = (read: number): void => this.#options.onRead?.(layer, read);
        await this.#layer(blob, diffId, name, await present[index]!, onRead);
      }
      const { digest, size } = blob;
      const isRight = this.findings.length === before;
      const seconds = (performance.now() - begun) / 1000;
      this.#options.onLayer?.({ index, of: layers.length, digest, size, isRight, seconds });
    }
  }

  async #layer(
    blob: Descriptor,
    diffId: string | undefined,
    name: string,
    isThere: boolean,
    onRead: (bytes: number) => void,
  ): Promise<void> {
    if (!isThere) this.#find(name, "is missing");
    else if (this.#options.deep) {
      this.read += blob.size;
      await checkBlob(blob, diffId, this.#source, name, this.findings, onRead);
    }
  }

  /** Asked of all layers at once; a failure is told when its turn comes. */
  #isThere(digest: string): Promise<boolean> {
    const answer = this.#source.hasBlob(digest);
    answer.catch(() => undefined);
    return answer;
  }

  #find(place: string, problem: string): void {
    this.findings.push({ place, problem });
  }

  /** What is damaged at its place is one finding; the rest is looked at all the same. */
  async #attempt<Result>(place: string, read: () => Promise<Result>): Promise<Result | "failed"> {
    try {
      return await read();
    } catch (error) {
      if (!isDamage(error)) throw error;
      this.#find(place, error.message);
      return "failed";
    }
  }
}
