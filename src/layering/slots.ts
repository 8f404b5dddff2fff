import { VarveError } from "../errors.ts";
import { count } from "../wording/format.ts";

/** The most layers that Docker's classic store takes; with one more `docker load` fails. */
const LAYER_LIMIT = 125;

/** What an image's layers are spent on besides the closure. */
export interface LayerBudget {
  /** Layers of the whole image, as `maxLayers` of dockerTools counts them. */
  readonly maxLayers: number;
  /** Layers of the base image. */
  readonly baseLayers: number;
  /** Layers of the image's own besides those of the closure. dockerTools has one, the customisation layer. */
  readonly ownLayers: number;
}

/**
 * How many layers remain for the closure (reference: layering, section 1).
 *
 * @throws VarveError `MAX_LAYERS_TOO_SMALL` when there is none
 */
export function layerSlots({ maxLayers, baseLayers, ownLayers }: LayerBudget): number {
  assertLayerCount(maxLayers, "maxLayers");
  const slots = maxLayers - baseLayers - ownLayers;
  if (slots >= 1) return slots;
  const spent = [
    ...(baseLayers > 0 ? [`the base image has ${count(baseLayers, "layer")}`] : []),
    ...(ownLayers > 0 ? [`the image's own files take ${count(ownLayers, "layer")}`] : []),
  ];
  throw new VarveError(
    "MAX_LAYERS_TOO_SMALL",
    `no layer is left for the closure: at most ${maxLayers} are allowed, ${spent.join(" and ")}`,
    { hint: `raise the limit (--max-layers) to ${baseLayers + ownLayers + 1} or more` },
  );
}

/** @throws VarveError `MAX_LAYERS_INVALID` unless it is a positive whole number */
export function assertLayerCount(value: number, name: string): void {
  if (Number.isSafeInteger(value) && value >= 1) return;
  throw new VarveError("MAX_LAYERS_INVALID", `${name} must be a whole number from 1, not ${value}`);
}

/**
 * Refuses an image that Docker could not load (reference: layering, section 10).
 *
 * @param baseLayers layers of the base image
 * @param ownLayers all layers on top of it
 * @throws VarveError `TOO_MANY_LAYERS`
 */
export function assertLoadable(baseLayers: number, ownLayers: number): void {
  const total = baseLayers + ownLayers;
  if (total <= LAYER_LIMIT) return;
  const parts = baseLayers > 0 ? ` (${baseLayers} of the base image, ${ownLayers} on top)` : "";
  throw new VarveError(
    "TOO_MANY_LAYERS",
    `the image would have ${total} layers${parts}, and Docker loads at most ${LAYER_LIMIT}`,
    {
      hint:
        baseLayers >= LAYER_LIMIT
          ? "take a base image with fewer layers"
          : `lower the limit (--max-layers) to ${LAYER_LIMIT}; a layeringPipeline needs ["limit_layers", n]`,
    },
  );
}
