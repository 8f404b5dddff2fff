import type { EngineClient } from "../../engine/client.ts";
import type { EngineImage, ListedImage } from "../../engine/images.ts";
import { VarveError } from "../../errors.ts";
import type { Image } from "../../image/image.ts";
import type { Layer } from "../../image/layer.ts";
import { familiarName } from "../../image/reference.ts";
import type { Reference } from "../../image/reference.ts";
import { aheadOf } from "../watched-layer.ts";
import type { EngineMemory } from "./engine-memory.ts";
import { Holdings } from "./holdings.ts";
import type { ImageStore } from "./image-store.ts";

/** Bytes that are sent rather than looked for any longer: it takes about as long. */
const NOT_WORTH_SEARCHING = 8e6;
/** Remembered images that are asked for before the engine's list, which is slow when long. */
const MOST_RECALLED = 2;
/** An inspection takes about 10 ms: the search ends before it costs more than it may spare. */
const MOST_INSPECTED = 64;
const INSPECTED_AT_ONCE = 8;
const SEARCH_MILLISECONDS = 1000;
/** Tools that build reproducibly date images here or before, in seconds since 1970. */
const REPRODUCIBLE_DATE = 1;

/** What is known to begin with. */
export interface DiscoveryInput {
  readonly image: Image;
  readonly references: readonly Reference[];
  /** The images that have these names now. */
  readonly named: ReadonlyArray<EngineImage | undefined>;
  readonly store: ImageStore;
  readonly memory: EngineMemory;
}

/**
 * Finds out cheaply which layers of an image an engine has, by their positions: from the images of the same names, from what was
 * loaded into it lately, then from a bounded search among its other images. All that is found has
 * been confirmed by the engine in this call.
 */
export async function discover(
  client: EngineClient,
  { image, references, named, store, memory }: DiscoveryInput,
): Promise<Set<number>> {
  const { layers } = image;
  const holdings = new Holdings(store.rule);
  const seen = new Set<string>();
  const take = (found: EngineImage | undefined): void => {
    if (found === undefined || seen.has(found.id)) return;
    seen.add(found.id);
    const diffIds = store.layersOf(found, memory);
    if (diffIds !== undefined) holdings.add(diffIds);
  };
  const lookAt = async (id: string): Promise<void> => {
    take(await inspectIfPossible(client, id));
  };
  const lookAtAll = (ids: readonly string[]): Promise<unknown> => Promise.all(ids.map(lookAt));
  const isEnough = async (): Promise<boolean> =>
    atMost(NOT_WORTH_SEARCHING, layers, await holdings.positions(layers));

  for (const found of named) take(found);
  if (!(await isEnough())) {
    const unseen = ({ id }: { readonly id: string }): boolean => !seen.has(id);
    const recalled = mostAlike(memory, layers).filter(unseen).slice(0, MOST_RECALLED);
    await lookAtAll(recalled.map(({ id }) => id));
  }
  if (!(await isEnough())) {
    const signal = AbortSignal.timeout(SEARCH_MILLISECONDS);
    const listed = await client.listImages({ signal }).catch(() => []);
    // What is both listed and remembered needs no inspection: from an ID the layers follow.
    for (const { id } of listed) {
      const diffIds = seen.has(id) ? undefined : memory.get(id);
      if (diffIds === undefined) continue;
      seen.add(id);
      holdings.add(diffIds);
    }
    const left = store.searchable ? likeliestFirst(listed, references) : [];
    const ids = left.map(({ id }) => id).filter((id) => !seen.has(id));
    for (let from = 0; from < Math.min(ids.length, MOST_INSPECTED); from += INSPECTED_AT_ONCE) {
      if (signal.aborted || (await isEnough())) break;
      await lookAtAll(ids.slice(from, from + INSPECTED_AT_ONCE));
    }
  }
  return holdings.positions(layers);
}

/** The images that have the names now. */
export function inspectNames(
  client: EngineClient,
  references: readonly Reference[],
): Promise<Array<EngineImage | undefined>> {
  return Promise.all(references.map((name) => inspectIfPossible(client, familiarName(name))));
}

/** An image that the engine cannot describe, since its store is damaged, is none to build upon. */
export async function inspectIfPossible(
  client: EngineClient,
  reference: string,
): Promise<EngineImage | undefined> {
  try {
    return await client.inspectImage(reference);
  } catch (error) {
    if (error instanceof VarveError && error.code === "ENGINE_REFUSED") return undefined;
    throw error;
  }
}

/** Whether the layers that are not known come to so few bytes. */
async function atMost(
  bytes: number,
  layers: readonly Layer[],
  known: ReadonlySet<number>,
): Promise<boolean> {
  let total = 0;
  for (const [index, layer] of layers.entries()) {
    if (known.has(index)) continue;
    // One by one: measuring the rest can wait until it is sent.
    total += (await aheadOf(layer)) ?? 0;
    if (total > bytes) return false;
  }
  return true;
}

/** Remembered images that share layers with this one, those that share most first. */
function mostAlike(memory: EngineMemory, layers: readonly Layer[]): Array<{ id: string }> {
  const diffIds = new Set(layers.map((layer) => layer.knownDiffId()));
  return memory.images
    .map((image) => ({
      id: image.id,
      shared: image.diffIds.filter((diffId) => diffIds.has(diffId)).length,
    }))
    .filter(({ shared }) => shared > 0)
    .toSorted((a, b) => b.shared - a.shared);
}

/** Other tags of the same repositories, then what reproducible tools built, then the newest. */
function likeliestFirst(
  listed: readonly ListedImage[],
  references: readonly Reference[],
): ListedImage[] {
  const repositories = references.map(({ repository }) => `${repository}:`);
  const rank = ({ tags, created }: ListedImage): number => {
    if (tags.some((tag) => repositories.some((prefix) => tag.startsWith(prefix)))) return 0;
    return created <= REPRODUCIBLE_DATE ? 1 : 2;
  };
  return listed.toSorted((a, b) => rank(a) - rank(b) || b.created - a.created);
}
