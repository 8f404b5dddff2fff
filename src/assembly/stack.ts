import type { Plan, PlannedLayer } from "../layering/plan.ts";
import { planLayers } from "../layering/strategies.ts";
import type { LayeringOptions } from "../layering/strategies.ts";
import { assertLoadable, layerSlots } from "../layering/slots.ts";
import type { LayerSource } from "./layer-source.ts";

/** A planned layer and whose components it holds. */
export interface StackedLayer {
  readonly planned: PlannedLayer;
  readonly source: LayerSource;
}

export interface StackOptions extends Omit<LayeringOptions, "maxLayers"> {
  /** Most layers of the whole image, the base's included. */
  readonly maxLayers: number;
  readonly baseLayers: number;
}

/**
 * Plans several sources' components, one source above the other as they are listed: a layer never
 * holds components of two. Each source gets as many layers as it has components, if there are
 * enough for all; those with the most components share what the others leave.
 *
 * @throws VarveError `MAX_LAYERS_TOO_SMALL`, `TOO_MANY_LAYERS`; UsageError for an unknown strategy
 */
export function planStack(
  sources: readonly LayerSource[],
  { maxLayers, baseLayers, ...layering }: StackOptions,
): StackedLayer[] {
  const inUse = sources.filter(({ closure }) => closure.count > 0);
  if (inUse.length === 0) return [];
  const needed = inUse.map(leastLayers);
  const least = needed.reduce((sum, each) => sum + each, 0);
  const spare = layerSlots({ maxLayers, baseLayers, ownLayers: least - 1 }) - 1;
  const wanted = inUse.map(({ closure }, index) => closure.count - needed[index]!);
  const shares = shareOut(wanted, spare).map((share, index) => share + needed[index]!);
  const layers = inUse.flatMap((source, index) =>
    planOf(source, shares[index]!, layering).layers.map((planned) => ({ planned, source })),
  );
  assertLoadable(baseLayers, layers.length);
  return layers;
}

/** The whole stack as one plan. */
export function planOfStack(layers: readonly StackedLayer[]): Plan {
  return { layers: layers.map(({ planned }) => planned) };
}

/** Layers that a source needs: one for each component that stands apart, one for the others. */
function leastLayers({ closure, apart = [] }: LayerSource): number {
  return apart.length + (closure.count > apart.length ? 1 : 0);
}

function planOf(
  { closure, apart = [] }: LayerSource,
  maxLayers: number,
  layering: Omit<LayeringOptions, "maxLayers">,
): Plan {
  const alone = apart.filter((id) => layering.ignore?.has(id) !== true);
  const above = alone.map((id): PlannedLayer => ({ paths: [id], reason: "a layer of its own" }));
  if (closure.count === apart.length) return { layers: above };
  const ignore = new Set([...(layering.ignore ?? []), ...apart]);
  const below = planLayers(closure, { ...layering, maxLayers: maxLayers - apart.length, ignore });
  return { layers: [...below.layers, ...above] };
}

/**
 * Shares slots among sources that want some: whoever wants no more than an equal part gets it, and
 * the others share the rest. What cannot be divided goes to the first.
 */
export function shareOut(wanted: readonly number[], slots: number): number[] {
  const shares = wanted.map(() => 0);
  let left = slots;
  const open = wanted
    .map((want, index) => ({ want, index }))
    .toSorted((a, b) => a.want - b.want || b.index - a.index);
  while (open.length > 0) {
    const { want, index } = open.shift()!;
    const share = Math.min(want, Math.floor(left / (open.length + 1)));
    shares[index] = share;
    left -= share;
  }
  return shares;
}
