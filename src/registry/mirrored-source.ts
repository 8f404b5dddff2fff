import { createHash } from "node:crypto";
import { messageOf } from "../errors.ts";
import type { ContentSource, StoredManifest } from "../image/content-store.ts";
import type { Descriptor } from "../image/descriptor.ts";
import { RegistryError } from "./registry-error.ts";

/** A repository's name inside a registry. */
export interface RepositoryPlace {
  readonly registry: string;
  readonly name: string;
}

/** A place to read from, connected to when it is needed. */
export interface OpenSource {
  /** For people. */
  readonly name: string;
  open(): Promise<ContentSource>;
}

/**
 * An image's mirrors and, last, its own repository, read as one. What a mirror lacks or cannot
 * give is read from the next place; one that fails is left aside from then on. Every digest is
 * checked, wherever the bytes come from.
 */
export class MirroredSource implements ContentSource {
  readonly fullName: string;
  /** The repository that the image belongs to. */
  readonly origin: RepositoryPlace;
  readonly #sources: readonly OpenSource[];
  readonly #note: (message: string) => void;
  readonly #failed = new Set<OpenSource>();

  /** @param sources in order; the errors of the last one are errors */
  constructor(
    fullName: string,
    origin: RepositoryPlace,
    sources: readonly OpenSource[],
    note: (message: string) => void = (): void => undefined,
  ) {
    this.fullName = fullName;
    this.origin = origin;
    this.#sources = sources;
    this.#note = note;
  }

  readManifest(version: string): Promise<StoredManifest | undefined> {
    return this.#first((source) => source.readManifest(version));
  }

  async hasBlob(digest: string): Promise<boolean> {
    const has = async (source: ContentSource): Promise<true | undefined> =>
      (await source.hasBlob(digest)) ? true : undefined;
    return (await this.#first(has)) ?? false;
  }

  readBlob(digest: string): Promise<Buffer | undefined> {
    return this.#first((source) => source.readBlob(digest));
  }

  /** A blob that one place breaks off is read on from the next one. */
  async *openBlob(
    blob: Pick<Descriptor, "digest" | "size">,
  ): AsyncGenerator<Uint8Array, void, undefined> {
    const hash = createHash("sha256");
    let passed = 0;
    for (const place of this.#sources) {
      if (this.#failed.has(place)) continue;
      let at = 0;
      try {
        for await (const chunk of (await place.open()).openBlob(blob)) {
          const known = Math.min(chunk.length, Math.max(0, passed - at));
          at += chunk.length;
          if (known === chunk.length) continue;
          const fresh = chunk.subarray(known);
          hash.update(fresh);
          passed += fresh.length;
          yield fresh;
        }
        break;
      } catch (error) {
        this.#leave(place, error, lacks(error));
      }
    }
    const found = `sha256:${hash.digest("hex")}`;
    if (found === blob.digest) return;
    throw new RegistryError(
      "REGISTRY_DIGEST",
      `${this.fullName}: a mirror has sent other bytes than those of ${blob.digest}`,
      { temporary: true, hint: "the mirror is damaged; without it the image can be read" },
    );
  }

  /** What the first place that has it says. */
  async #first<Result>(
    ask: (source: ContentSource) => Promise<Result | undefined>,
  ): Promise<Result | undefined> {
    for (const place of this.#sources) {
      if (this.#failed.has(place)) continue;
      try {
        const result = await ask(await place.open());
        if (result !== undefined) return result;
      } catch (error) {
        this.#leave(place, error, lacks(error));
      }
    }
    return undefined;
  }

  /** Goes on to the next place. @throws the error when there is none */
  #leave(place: OpenSource, error: unknown, onlyLacks: boolean): void {
    if (place === this.#sources.at(-1)) throw error;
    if (onlyLacks) return;
    this.#failed.add(place);
    this.#note(`the mirror ${place.name} is left aside: ${messageOf(error)}`);
  }
}

function lacks(error: unknown): boolean {
  return error instanceof RegistryError && error.status === 404;
}
