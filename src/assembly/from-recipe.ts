import { openDockerArchive } from "../archives/read-archive.ts";
import type { ArchivedImage } from "../archives/read-archive.ts";
import type { Closure } from "../closure/closure.ts";
import { environmentOf, inheritEnvironment, sortedKeys } from "../image/config.ts";
import { orderedJson } from "../image/ordered-json.ts";
import type { JsonObject } from "../image/ordered-json.ts";
import { parseTimestamp, timestampOfSeconds } from "../image/timestamp.ts";
import type { Timestamp } from "../image/timestamp.ts";
import { assertLoadable, layerSlots } from "../layering/slots.ts";
import { planLayers } from "../layering/strategies.ts";
import type { Plan } from "../layering/plan.ts";
import type { Packer } from "../packing/packer.ts";
import type { Recipe } from "../recipe/recipe.ts";
import { AssembledImage } from "./assembled-image.ts";
import type { OpenImage } from "./from-conf.ts";
import { storeLayer } from "./store-layers.ts";
import type { StoreView } from "./store-layers.ts";

/** Layers of the whole image unless the recipe says otherwise: room is left to build upon it. */
const DEFAULT_MOST_LAYERS = 100;
/** File times: 1, since some programs take 0 for missing (reference: reproducibility, section 3). */
const DEFAULT_TIME = 1;
/** Node.js' names of processors → those of images. */
const ARCHITECTURES: Readonly<Record<string, string>> = {
  x64: "amd64",
  ia32: "386",
  arm64: "arm64",
};

export interface RecipeImageOptions {
  /** Folders that begin the image's PATH, unless the recipe says what PATH is. */
  readonly programFolders?: readonly string[];
  /** Its `SOURCE_DATE_EPOCH` is heeded. */
  readonly env?: NodeJS.ProcessEnv;
}

/** Groups the closure's components into layers as the recipe says. */
export function planFor(recipe: Recipe, closure: Closure, baseLayers: number): Plan {
  const { max, strategy, pipeline, ignore } = recipe.layers;
  const plan = planLayers(closure, {
    maxLayers: layerSlots({ maxLayers: max ?? DEFAULT_MOST_LAYERS, baseLayers, ownLayers: 0 }),
    strategy,
    pipeline,
    ignore: new Set(ignore),
  });
  assertLoadable(baseLayers, plan.layers.length);
  return plan;
}

/**
 * An image of a closure: its layers as planned, on the base if there is one, whose environment it
 * inherits.
 *
 * @throws VarveError for a base that cannot be used, too few layers, a wrong date
 */
export async function imageFromRecipe(
  recipe: Recipe,
  closure: Closure,
  packer: Packer,
  store: StoreView,
  options: RecipeImageOptions = {},
): Promise<OpenImage> {
  const base = recipe.base === undefined ? undefined : await openDockerArchive(recipe.base);
  try {
    return assemble(recipe, closure, base, packer, store, options);
  } catch (error) {
    base?.close();
    throw error;
  }
}

function assemble(
  recipe: Recipe,
  closure: Closure,
  base: ArchivedImage | undefined,
  packer: Packer,
  store: StoreView,
  { programFolders = [], env = process.env }: RecipeImageOptions,
): OpenImage {
  const mtime = parseTimestamp(recipe.mtime ?? "1970-01-01T00:00:01Z", "mtime").seconds;
  const { uid = 0, gid = 0, uname = "root", gname = "root" } = recipe.owner;
  const common = { uid, gid, uname, gname, mtime };
  const plan = planFor(recipe, closure, base?.layers.length ?? 0);
  const image = new AssembledImage({
    architecture: (recipe.platform ?? hostPlatform()).split("/")[1]!,
    os: "linux",
    created: createdOf(recipe, env).text,
    runtime: runtimeOf(recipe, base, programFolders),
    layers: [
      ...(base?.layers ?? []),
      ...plan.layers.map((planned) => storeLayer(planned, common, store, packer)),
    ],
    archiveTime: mtime,
  });
  return { image, close: () => base?.close() };
}

function runtimeOf(
  recipe: Recipe,
  base: ArchivedImage | undefined,
  programFolders: readonly string[],
): JsonObject {
  const inherited = runtimeOfBase(base);
  const env = [...pathFrom(programFolders, environmentOf(inherited)), ...(recipe.config.Env ?? [])];
  const config = env.length === 0 ? recipe.config : { ...recipe.config, Env: env };
  const own = sortedKeys(orderedJson(config));
  return inheritEnvironment(inherited, own instanceof Map ? own : new Map());
}

function runtimeOfBase(base: ArchivedImage | undefined): JsonObject {
  const runtime = base?.config.get("config");
  return runtime instanceof Map ? runtime : new Map();
}

/** PATH with the image's own programs before those of its base. */
function pathFrom(programFolders: readonly string[], inherited: readonly string[]): string[] {
  if (programFolders.length === 0) return [];
  const path = inherited.find((entry) => entry.startsWith("PATH="))?.slice("PATH=".length);
  const folders = path === undefined ? programFolders : [...programFolders, path];
  return [`PATH=${folders.join(":")}`];
}

/** The recipe's date, else `SOURCE_DATE_EPOCH`, else one second after 1970. */
function createdOf(recipe: Recipe, env: NodeJS.ProcessEnv): Timestamp {
  if (recipe.created !== undefined) return parseTimestamp(recipe.created, "created");
  const epoch = env["SOURCE_DATE_EPOCH"];
  return timestampOfSeconds(
    epoch !== undefined && /^\d{1,11}$/.test(epoch) ? Number(epoch) : DEFAULT_TIME,
  );
}

function hostPlatform(): string {
  return `linux/${ARCHITECTURES[process.arch] ?? process.arch}`;
}
