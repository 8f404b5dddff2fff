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
  const all = new Set(image.layers.keys());
  const none = new Set<number>();
  const lacking = { store, memory, untagged: references, id: undefined };
  if (full) return { ...lacking, way: "whole", known: none };

  const asItIs = async (): Promise<LoadPlan | undefined> => {
    if (image.layers.some((layer) => layer.knownDiffId() === undefined)) return undefined;
    const id = await store.idOf(image);
    const found =
      named.find((candidate) => candidate?.id === id) ?? (await inspectIfPossible(client, id));
    if (found?.id !== id || !isComplete(found)) return undefined;
    const untagged = references.filter((_, index) => named[index]?.id !== id);
    const way = untagged.length === 0 ? "unchanged" : "tagged";
    return { store, memory, way, known: all, untagged, id };
  };
  const before = await asItIs();
  if (before !== undefined) return before;
  const known = await discover(client, { image, references, named, store, memory });
  // Digests may have been found on the way.
  const after = known.size === all.size ? await asItIs() : undefined;
  return after ?? { ...lacking, way: known.size === 0 ? "whole" : "partial", known };
}
