import type { Layer, LayerBlob, LayerIdentity, StreamOptions } from "../image/layer.ts";
import type { ReportProgress } from "../progress/events.ts";

/** Which layer of an image it is. */
interface Place {
  readonly index: number;
  readonly of: number;
}

/** A layer that tells how much of it has gone through while its bytes are taken. */
export class WatchedLayer implements Layer {
  readonly #layer: Layer;
  readonly #place: Place;
  readonly #report: ReportProgress;
  /** Only where the layer can do so. */
  writeTo?: (fd: number) => Promise<void>;
  /** Only where the layer may be far. */
  knownSize?: () => number | undefined;

  constructor(layer: Layer, place: Place, report: ReportProgress) {
    this.#layer = layer;
    this.#place = place;
    this.#report = report;
    if (layer.knownSize !== undefined) this.knownSize = () => layer.knownSize?.();
    if (layer.writeTo !== undefined) this.writeTo = (fd) => this.#write(layer, fd);
  }

  get name(): string {
    return this.#layer.name;
  }

  get paths(): readonly string[] {
    return this.#layer.paths;
  }

  get reason(): string {
    return this.#layer.reason;
  }

  get contentKey(): string | undefined {
    return this.#layer.contentKey;
  }

  get blob(): LayerBlob | undefined {
    return this.#layer.blob;
  }

  identity(): Promise<LayerIdentity> {
    return this.#layer.identity();
  }

  knownDiffId(): string | undefined {
    return this.#layer.knownDiffId();
  }

  size(): Promise<number> {
    return this.#layer.size();
  }

  adopt(digest: Pick<LayerIdentity, "diffId" | "size">): void {
    this.#layer.adopt?.(digest);
  }

  async *stream(options?: StreamOptions): AsyncGenerator<Uint8Array, void, undefined> {
    const total = await sizeIfNear(this.#layer);
    let done = 0;
    for await (const chunk of this.#layer.stream(options)) {
      yield chunk;
      done += chunk.length;
      this.moved(done, total);
    }
  }

  async #write(layer: Layer, fd: number): Promise<void> {
    const size = await layer.size();
    this.moved(0, size);
    await layer.writeTo?.(fd);
    this.moved(size, size);
  }

  /** Tells that so much of the layer, or of the blob that it is, has gone through. */
  moved(done: number, total: number | undefined): void {
    this.#report({ kind: "moving", ...this.#place, done, total, paths: this.paths });
  }
}

/** Tells how much is ahead, as soon as it is known; nothing waits for it. */
export function announceAhead(layers: readonly Layer[], report: ReportProgress): void {
  Promise.all(layers.map(aheadOf)).then(
    (sizes) => {
      const bytes = sizes.reduce<number>((sum, size = 0) => sum + size, 0);
      if (bytes > 0) report({ kind: "ahead", layers: layers.length, bytes });
    },
    // Whoever takes the bytes is told.
    () => undefined,
  );
}

/** What exists as a blob may go as it is; then its length is that of the blob. */
export async function aheadOf(layer: Layer): Promise<number | undefined> {
  return layer.blob?.descriptor.size ?? sizeIfNear(layer);
}

/**
 * A layer's identity as it is told to people: of one that is far and has not been wanted, the
 * length is its blob's. For that alone it is not fetched.
 */
export async function shownIdentity(layer: Layer): Promise<LayerIdentity> {
  const diffId = layer.knownDiffId();
  const blobSize = layer.blob?.descriptor.size;
  if (diffId === undefined || blobSize === undefined || !isFar(layer)) return layer.identity();
  return { diffId, size: blobSize, remembered: true };
}

/** Whether a layer would have to be fetched to learn its length. */
export function isFar(layer: Layer): boolean {
  return layer.knownSize !== undefined && layer.knownSize() === undefined;
}

/** A layer's length, unless it would have to be fetched to learn it. */
async function sizeIfNear(layer: Layer): Promise<number | undefined> {
  return layer.knownSize === undefined ? layer.size() : layer.knownSize();
}
