import type { EngineClient } from "../../engine/client.ts";
import type { Image } from "../../image/image.ts";
import type { Reference } from "../../image/reference.ts";
import { discover, inspectIfPossible, inspectNames } from "./discovery.ts";
import { EngineMemory } from "./engine-memory.ts";
import { imageStoreOf, isComplete } from "./image-store.ts";
import type { ImageStore } from "./image-store.ts";

/**
 * How an image comes into an engine. `unchanged`: it has this very image under these names.
 * `tagged`: it has the image, and gets names for it. `partial`: it gets the layers that it lacks.
 * `whole`: it gets all.
 */
export type LoadWay = "unchanged" | "tagged" | "partial" | "whole";

export interface LoadPlan {
  readonly way: LoadWay;
  readonly store: ImageStore;
  readonly memory: EngineMemory;
  /** Positions of the layers that the engine has. */
  readonly known: ReadonlySet<number>;
  /** What is to be tagged: names that the engine does not have for the image yet. */
  readonly untagged: readonly Reference[];
  /** The engine's ID of the image, when it has it. */
  readonly id: string | undefined;
}

export interface LoadPlanOptions {
  /** Send everything, whatever the engine has. */
  readonly full?: boolean | undefined;
  /** Where it is remembered what an engine has; varve's cache folder by default. */
  readonly cacheFolder?: string | undefined;
}

/** Asks an engine what it has of an image. Changes nothing. */
export async function planLoad(
  image: Image,
  references: readonly Reference[],
  client: EngineClient,
  options: LoadPlanOptions = {},
): Promise<LoadPlan> {
  const full = options.full === true;
  const [info, named] = await Promise.all([
    client.info(),
    full ? [] : inspectNames(client, references),
  ]);
  const store = imageStoreOf(info);
  const memory = EngineMemory.of(client.endpoint.shown, info, options.cacheFolder);
  const nothing = { store, memory, known: new Set<number>(), untagged: references, id: undefined };
  if (full) return { ...nothing, way: "whole" };
  const known = await discover(client, { image, references, named, store, memory });
  if (image.layers.every((layer) => layer.knownDiffId() !== undefined)) {
    const id = await store.idOf(image);
    const present =
      named.find((found) => found?.id === id) ??
      (known.size === image.layers.length ? await inspectIfPossible(client, id) : undefined);
    if (present?.id === id && isComplete(present)) {
      const all = new Set(image.layers.keys());
      const untagged = references.filter((_, index) => named[index]?.id !== id);
      const way = untagged.length === 0 ? "unchanged" : "tagged";
      return { way, store, memory, known: all, untagged, id };
    }
  }
  return { ...nothing, way: known.size === 0 ? "whole" : "partial", known };
}
