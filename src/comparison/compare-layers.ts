import type { LayerFacts } from "./image-facts.ts";

/** A layer of two images, or of one. */
export interface LayerDifference {
  readonly diffId: string;
  /** Positions from 0, bottom first; undefined where an image does not have it. */
  readonly a: number | undefined;
  readonly b: number | undefined;
  /** Bytes to send of it: compressed where it is; undefined if unknown. */
  readonly size: number | undefined;
  readonly isCompressed: boolean;
  readonly paths: readonly string[] | undefined;
  readonly what: string;
}

export interface LayersDifference {
  /** In B's order. */
  readonly common: readonly LayerDifference[];
  readonly onlyInA: readonly LayerDifference[];
  readonly onlyInB: readonly LayerDifference[];
  /** Whether the common layers come in the same order. */
  readonly sameOrder: boolean;
}

/** Which layers two images share, by diffID: a layer twice in an image is two layers. */
export function compareLayers(
  a: readonly LayerFacts[],
  b: readonly LayerFacts[],
): LayersDifference {
  const left = Map.groupBy(a.keys(), (index) => a[index]!.diffId);
  const common: LayerDifference[] = [];
  const onlyInB: LayerDifference[] = [];
  for (const [index, facts] of b.entries()) {
    const other = left.get(facts.diffId)?.shift();
    (other === undefined ? onlyInB : common).push(placed(facts, other, index));
  }
  const rest = [...left.values()].flat().toSorted((one, two) => one - two);
  const onlyInA = rest.map((index) => placed(a[index]!, index, undefined));
  const positions = common.map((layer) => layer.a!);
  const sameOrder = positions.every((position, index) => position > (positions[index - 1] ?? -1));
  return { common, onlyInA, onlyInB, sameOrder };
}

function placed(
  { diffId, size, isCompressed, paths, what }: LayerFacts,
  a: number | undefined,
  b: number | undefined,
): LayerDifference {
  return { diffId, a, b, size, isCompressed, paths, what };
}
