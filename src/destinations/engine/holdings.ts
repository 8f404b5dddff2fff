import type { Layer } from "../../image/layer.ts";

/**
 * What an engine may be spared: layers at the bottom, as far as they are those of one image that
 * it has; or any layer that it has, wherever (reference: daemons-and-archives, section 7).
 */
export type SharingRule = "prefix" | "anywhere";

/** Digests that are found at a time once it has turned out that finding them pays. */
const HASHED_AHEAD = 3;

/** The layers that an engine has, as far as that has been found out. */
export class Holdings {
  readonly #rule: SharingRule;
  /** DiffIDs from the bottom up, per image. */
  readonly #images: Array<readonly string[]> = [];
  readonly #diffIds = new Set<string>();

  constructor(rule: SharingRule) {
    this.#rule = rule;
  }

  /** Adds an image that the engine has, by the diffIDs of its layers from the bottom up. */
  add(diffIds: readonly string[]): void {
    this.#images.push(diffIds);
    for (const diffId of diffIds) this.#diffIds.add(diffId);
  }

  /** Positions of the layers that the engine has, as far as their digests are known. */
  positionsNow(layers: readonly Layer[]): Set<number> {
    const diffIds = layers.map((layer) => layer.knownDiffId());
    if (this.#rule === "prefix") {
      const lengths = this.#images.map((image) => commonPrefix(image, diffIds));
      return new Set(Array.from({ length: Math.max(0, ...lengths) }, (_, index) => index));
    }
    const held = diffIds.flatMap((diffId, index) =>
      diffId !== undefined && this.#diffIds.has(diffId) ? [index] : [],
    );
    return new Set(held);
  }

  /**
   * The same, with digests found where it may help: only where the layer below turned out to be
   * there and the engine has something that may be this one. So a first load hashes nothing in
   * advance, and a changed layer costs one more pass over itself at most.
   */
  async positions(layers: readonly Layer[]): Promise<Set<number>> {
    const hashed = new Set<Layer>();
    for (;;) {
      const held = this.positionsNow(layers);
      const next = layers.findIndex(
        (layer, index) => layer.knownDiffId() === undefined && this.#mayHold(layers, index, held),
      );
      if (next === -1) return held;
      const pays = next > 0 && hashed.has(layers[next - 1]!);
      const unknown = layers
        .slice(next, next + (pays ? HASHED_AHEAD : 1))
        .filter((layer) => layer.knownDiffId() === undefined);
      for (const layer of unknown) hashed.add(layer);
      await Promise.all(unknown.map((layer) => layer.identity()));
    }
  }

  #mayHold(layers: readonly Layer[], index: number, held: ReadonlySet<number>): boolean {
    if (index > 0 && !held.has(index - 1)) return false;
    if (this.#rule === "anywhere") return this.#diffIds.size > 0;
    const below = layers.slice(0, index).map((layer) => layer.knownDiffId());
    return this.#images.some(
      (image) => image.length > index && commonPrefix(image, below) === index,
    );
  }
}

/** How many layers from the bottom up are the same; an unknown one is like none. */
function commonPrefix(
  image: readonly string[],
  diffIds: ReadonlyArray<string | undefined>,
): number {
  const differs = diffIds.findIndex(
    (diffId, index) => diffId === undefined || diffId !== image[index],
  );
  return differs === -1 ? diffIds.length : differs;
}
