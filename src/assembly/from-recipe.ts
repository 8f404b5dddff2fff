import type { Closure } from "../closure/closure.ts";
import { environmentOf, inheritEnvironment, sortedKeys } from "../image/config.ts";
import { inheritRuntime } from "../image/inherit.ts";
import { orderedJson } from "../image/ordered-json.ts";
import type { JsonObject } from "../image/ordered-json.ts";
import { hostPlatform, parsePlatform } from "../image/platform.ts";
import type { Platform } from "../image/platform.ts";
import { parseTimestamp, timestampOfSeconds } from "../image/timestamp.ts";
import type { Timestamp } from "../image/timestamp.ts";
import { assertLoadable, layerSlots } from "../layering/slots.ts";
import { planLayers } from "../layering/strategies.ts";
import type { Plan } from "../layering/plan.ts";
import type { Packer } from "../packing/packer.ts";
import type { Recipe } from "../recipe/recipe.ts";
import { AssembledImage } from "./assembled-image.ts";
import { NO_BASE, openBase } from "./base-image.ts";
import type { BaseImage, PlannedOn } from "./base-image.ts";
import type { OpenImage } from "./from-conf.ts";
import type { ImageAtOptions } from "./image-at.ts";
import { storeLayer } from "./store-layers.ts";
import type { StoreView } from "./store-layers.ts";

/** Layers of the whole image unless the recipe says otherwise: room is left to build upon it. */
const DEFAULT_MOST_LAYERS = 100;
/** File times: 1, since some programs take 0 for missing (reference: reproducibility, section 3). */
const DEFAULT_TIME = 1;
/** Where programs are when an image does not say it, as engines take it. */
const USUAL_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

export interface RecipeImageOptions {
  /** Folders that begin the image's PATH, unless the recipe says what PATH is. */
  readonly programFolders?: readonly string[];
  /** Its `SOURCE_DATE_EPOCH` is heeded. */
  readonly env?: NodeJS.ProcessEnv;
  /** How the base is reached. */
  readonly places?: ImageAtOptions | undefined;
}

/**
 * Groups the closure's components into layers as the recipe says; those that the base has already
 * go into none.
 */
export function planFor(recipe: Recipe, closure: Closure, base: PlannedOn = NO_BASE): Plan {
  const { max, strategy, pipeline, ignore } = recipe.layers;
  const baseLayers = base.layers.length;
  const plan = planLayers(closure, {
    maxLayers: layerSlots({ maxLayers: max ?? DEFAULT_MOST_LAYERS, baseLayers, ownLayers: 0 }),
    strategy,
    pipeline,
    ignore: new Set([...(ignore ?? []), ...base.storePaths]),
  });
  assertLoadable(baseLayers, plan.layers.length);
  return plan;
}

/** What a recipe's image runs on: this machine's processor, unless it says more. */
export function platformFor({ platform }: Pick<Recipe, "platform">): Platform {
  return platform === undefined ? hostPlatform() : parsePlatform(platform);
}

/**
 * An image of a closure: its layers as planned, on the base if there is one, whose config it
 * inherits as `FROM` of a Dockerfile does.
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
  const platform = platformFor(recipe);
  const base =
    recipe.base === undefined
      ? undefined
      : await openBase(recipe.base, { ...options.places, platform });
  try {
    return assemble(recipe, platform.architecture, closure, base, packer, store, options);
  } catch (error) {
    base?.close();
    throw error;
  }
}

function assemble(
  recipe: Recipe,
  architecture: string,
  closure: Closure,
  base: BaseImage | undefined,
  packer: Packer,
  store: StoreView,
  { programFolders = [], env = process.env }: RecipeImageOptions,
): OpenImage {
  const mtime = parseTimestamp(recipe.mtime ?? "1970-01-01T00:00:01Z", "mtime").seconds;
  const { uid = 0, gid = 0, uname = "root", gname = "root" } = recipe.owner;
  const common = { uid, gid, uname, gname, mtime };
  const plan = planFor(recipe, closure, base);
  const image = new AssembledImage({
    architecture,
    os: "linux",
    created: createdOf(recipe, env).text,
    runtime: runtimeOf(recipe, base, programFolders),
    layers: [
      ...(base?.layers ?? []),
      ...plan.layers.map((planned) => storeLayer(planned, common, store, packer)),
    ],
    archiveTime: mtime,
    base: base?.content,
    annotations: base?.annotations,
  });
  return { image, close: () => base?.close() };
}

function runtimeOf(
  recipe: Recipe,
  base: BaseImage | undefined,
  programFolders: readonly string[],
): JsonObject {
  const inherited = base?.runtime ?? new Map();
  const path = base === undefined ? undefined : (pathIn(inherited) ?? USUAL_PATH);
  const env = [...pathFrom(programFolders, path), ...(recipe.config.Env ?? [])];
  const config = env.length === 0 ? recipe.config : { ...recipe.config, Env: env };
  const json = sortedKeys(orderedJson(config));
  const own = json instanceof Map ? json : new Map();
  if (base === undefined) return inheritEnvironment(new Map(), own);
  const runtime = sortedKeys(inheritRuntime(inherited, own));
  return runtime instanceof Map ? runtime : new Map();
}

function pathIn(runtime: JsonObject): string | undefined {
  const path = environmentOf(runtime).find((entry) => entry.startsWith("PATH="));
  return path?.slice("PATH=".length);
}

/** PATH with the image's own programs before those of its base. */
function pathFrom(programFolders: readonly string[], inherited: string | undefined): string[] {
  if (programFolders.length === 0) return [];
  const folders = inherited === undefined ? programFolders : [...programFolders, inherited];
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
