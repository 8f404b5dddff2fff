import { compareComponents } from "./components.ts";
import type { ComponentDifference } from "./components.ts";
import { compareConfigs } from "./compare-configs.ts";
import { compareLayers } from "./compare-layers.ts";
import type { LayerDifference, LayersDifference } from "./compare-layers.ts";
import type { FieldDifference } from "./entry-fields.ts";
import type { ImageFacts } from "./image-facts.ts";

/** What is different between two images; told without a byte of their layers. */
export interface ImageDifference {
  /** Whether they are the same image: their configs, and so their layers, have the same digest. */
  readonly same: boolean;
  readonly a: ImageSummary;
  readonly b: ImageSummary;
  readonly config: readonly FieldDifference[];
  readonly layers: LayersDifference;
  /** Components by the history of the configs; undefined when one of them does not tell. */
  readonly components: readonly ComponentDifference[] | undefined;
  /** What goes over the wire to somebody who has A and needs B. */
  readonly toSend: Bytes;
  /** What is different though config and layers say the same: history, or the spelling. */
  readonly otherwise?: "history" | "config-bytes";
}

export interface ImageSummary {
  readonly name: string;
  readonly imageId: string;
  readonly layers: number;
  /** Of the layers, as they lie there. */
  readonly size: Bytes;
}

export interface Bytes {
  readonly bytes: number;
  /** Whether all of them are counted compressed. */
  readonly compressed: boolean;
  /** Layers whose size nothing tells. */
  readonly unknown: number;
}

export function compareImages(a: ImageFacts, b: ImageFacts): ImageDifference {
  const same = a.imageId === b.imageId;
  const config = compareConfigs(a.config, b.config);
  const layers = compareLayers(a.layers, b.layers);
  const difference = {
    same,
    a: summary(a),
    b: summary(b),
    config,
    layers,
    components: componentsOf(a, b),
    toSend: sum(layers.onlyInB),
  };
  if (same || config.length > 0 || !sameLayers(layers)) return difference;
  const otherwise = historyOf(a) === historyOf(b) ? "config-bytes" : "history";
  return { ...difference, otherwise };
}

function historyOf({ config }: ImageFacts): string {
  return JSON.stringify(config["history"]);
}

/** Whether the layers are the same and in the same order. */
export function sameLayers({ onlyInA, onlyInB, sameOrder }: LayersDifference): boolean {
  return onlyInA.length === 0 && onlyInB.length === 0 && sameOrder;
}

function componentsOf(a: ImageFacts, b: ImageFacts): ComponentDifference[] | undefined {
  const [left, right] = [a, b].map(({ layers }) =>
    layers.flatMap(({ paths }) => paths ?? []).filter((id) => !BASE_LAYER.test(id)),
  );
  if (left!.length === 0 || right!.length === 0) return undefined;
  return compareComponents(left!, right!);
}

/** A layer of a base image is told by the name that it had in its archive. */
const BASE_LAYER = /\/layer\.tar$|^(?:sha256:|blobs\/sha256\/)?[0-9a-f]{64}(?:\.tar)?$/;

function summary({ name, imageId, layers }: ImageFacts): ImageSummary {
  return { name, imageId, layers: layers.length, size: sum(layers) };
}

/** A layer that occurs twice is sent once. */
function sum(
  layers: ReadonlyArray<Pick<LayerDifference, "diffId" | "size" | "isCompressed">>,
): Bytes {
  const distinct = [...new Map(layers.map((layer) => [layer.diffId, layer])).values()];
  return {
    bytes: distinct.reduce((total, { size }) => total + (size ?? 0), 0),
    compressed: distinct.length > 0 && distinct.every(({ isCompressed }) => isCompressed),
    unknown: distinct.filter(({ size }) => size === undefined).length,
  };
}
