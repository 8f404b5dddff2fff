import { factsFrom } from "../image/layer-annotations.ts";
import { compareConfigs } from "./compare-configs.ts";
import { compareTars } from "./compare-tars.ts";
import type { TarDifference } from "./compare-tars.ts";
import type { FieldDifference } from "./entry-fields.ts";
import { isDamage, shortDigest } from "./finding.ts";
import type { Finding } from "./finding.ts";
import type { ImageFacts, LayerFacts } from "./image-facts.ts";

/** How an image compares to what its sources give. */
export interface RebuildComparison {
  /** Whether it is, bit for bit, what its sources give, and says nothing wrong of itself. */
  readonly verified: boolean;
  /** Digest of the image's config, and of the rebuilt one's. */
  readonly imageId: string;
  readonly rebuiltId: string;
  readonly config: readonly FieldDifference[];
  readonly layers: readonly RebuiltLayer[];
  /** What the image's annotations say wrongly. */
  readonly findings: readonly Finding[];
}

/** A layer beside the one that was rebuilt for its place. */
export interface RebuiltLayer {
  /** From 0, bottom first; undefined where the image has no such layer. */
  readonly index: number | undefined;
  readonly diffId: string | undefined;
  /** Undefined where the sources give no such layer. */
  readonly rebuilt: string | undefined;
  readonly paths: readonly string[];
  readonly same: boolean;
  /** What differs, for a layer that has a counterpart. */
  readonly difference?: TarDifference;
}

/**
 * Compares an image, where A is the image as it is kept and B as it was made anew. Only layers
 * whose digests differ are read, to find what is different in them.
 *
 * @param onLayer told of each pair once it is compared
 */
export async function compareRebuild(
  kept: ImageFacts,
  rebuilt: ImageFacts,
  onLayer: (layer: RebuiltLayer) => void = () => undefined,
): Promise<RebuildComparison> {
  const findings: Finding[] = [];
  const layers: RebuiltLayer[] = [];
  for (const [index, other] of paired(kept.layers, rebuilt.layers)) {
    const own = index === undefined ? undefined : kept.layers[index];
    const layer = await compareLayer(index, own, other, findings);
    layers.push(layer);
    onLayer(layer);
  }
  const config = compareConfigs(kept.config, rebuilt.config);
  return {
    verified: kept.imageId === rebuilt.imageId && findings.length === 0,
    imageId: kept.imageId,
    rebuiltId: rebuilt.imageId,
    config,
    layers,
    findings,
  };
}

async function compareLayer(
  index: number | undefined,
  own: LayerFacts | undefined,
  other: LayerFacts | undefined,
  findings: Finding[],
): Promise<RebuiltLayer> {
  const layer = {
    index,
    diffId: own?.diffId,
    rebuilt: other?.diffId,
    paths: other?.layer.paths ?? own?.paths ?? [],
    same: own !== undefined && own.diffId === other?.diffId,
  };
  if (own === undefined || other === undefined) return layer;
  const place = `layer ${index! + 1} ${shortDigest(own.diffId)}`;
  checkAnnotations(own, other, place, findings);
  if (layer.same) return layer;
  try {
    const difference = await compareTars(
      () => own.layer.stream(),
      () => other.layer.stream(),
    );
    return { ...layer, difference };
  } catch (error) {
    if (!isDamage(error)) throw error;
    findings.push({ place, problem: error.message });
    return layer;
  }
}

/** A content key promises what comes of it: who trusts it skips packing. */
function checkAnnotations(
  own: LayerFacts,
  other: LayerFacts,
  place: string,
  findings: Finding[],
): void {
  const descriptor = own.layer.blob?.descriptor;
  const facts = descriptor === undefined ? undefined : factsFrom(descriptor);
  if (facts === undefined) return;
  const find = (problem: string): void => {
    findings.push({ place, problem });
  };
  if (facts.diffId !== own.diffId) {
    find(`is annotated as ${facts.diffId}, but the config lists ${own.diffId}`);
  }
  const key = other.layer.contentKey;
  if (facts.contentKey !== undefined && facts.contentKey === key && facts.diffId !== other.diffId) {
    find(`is annotated with the content key of other bytes: those of ${other.diffId}`);
  }
  if (own.diffId === other.diffId && facts.contentKey !== key && facts.contentKey !== undefined) {
    find(
      key === undefined
        ? "is annotated with a content key, but its content has no known hash here"
        : `is annotated with the content key ${facts.contentKey}, not ${key}`,
    );
  }
}

/**
 * Which layer was rebuilt for which: the same ones, then those of the same components, then those
 * of the same place; what is left stands alone.
 */
function paired(
  kept: readonly LayerFacts[],
  rebuilt: readonly LayerFacts[],
): Array<[number | undefined, LayerFacts | undefined]> {
  const left = new Set(rebuilt.keys());
  const partners: Array<number | undefined> = kept.map(() => undefined);
  const match = (fits: (a: LayerFacts, b: LayerFacts, i: number, j: number) => boolean): void => {
    for (const [index, own] of kept.entries()) {
      if (partners[index] !== undefined) continue;
      const found = [...left].find((other) => fits(own, rebuilt[other]!, index, other));
      if (found === undefined) continue;
      partners[index] = found;
      left.delete(found);
    }
  };
  match((a, b) => a.diffId === b.diffId);
  match((a, b) => a.paths !== undefined && JSON.stringify(a.paths) === JSON.stringify(b.paths));
  match((_a, _b, index, other) => index === other);
  const pairs = kept.map((_, index): [number, LayerFacts | undefined] => {
    const partner = partners[index];
    return [index, partner === undefined ? undefined : rebuilt[partner]];
  });
  return [
    ...pairs,
    ...[...left].map((other): [undefined, LayerFacts] => [undefined, rebuilt[other]!]),
  ];
}
