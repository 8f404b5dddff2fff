import { environmentOf, inheritEnvironment, sortedKeys } from "../image/config.ts";
import { inheritRuntime } from "../image/inherit.ts";
import { orderedJson } from "../image/ordered-json.ts";
import type { JsonObject } from "../image/ordered-json.ts";
import { hostPlatform, parsePlatform } from "../image/platform.ts";
import type { Platform } from "../image/platform.ts";
import { parseTimestamp, timestampOfSeconds } from "../image/timestamp.ts";
import type { Timestamp } from "../image/timestamp.ts";
import type { Packer } from "../packing/packer.ts";
import type { Recipe } from "../recipe/recipe.ts";
import type { RuntimeConfigInput } from "../recipe/runtime-config.ts";
import { AssembledImage } from "./assembled-image.ts";
import type { BaseImage, PlannedOn } from "./base-image.ts";
import type { OpenImage } from "./open-image.ts";
import type { ImageAtOptions } from "./image-at.ts";
import type { ImageDefaults } from "./image-defaults.ts";
import type { LayerSource } from "./layer-source.ts";
import { LinksBelow } from "./links-below.ts";
import { planStack } from "./stack.ts";
import type { StackedLayer } from "./stack.ts";

/** Layers of the whole image unless the recipe says otherwise: room is left to build upon it. */
const DEFAULT_MOST_LAYERS = 100;
/** File times: 1, since some programs take 0 for missing (reference: reproducibility, section 3). */
const DEFAULT_TIME = 1;
/** Where programs are when an image does not say it, as engines take it. */
const USUAL_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

const NO_BASE: PlannedOn = { layers: [], storePaths: new Set() };

export interface RecipeImageOptions {
  /** What the contents say of the image, where the recipe says nothing. */
  readonly defaults?: ImageDefaults | undefined;
  /** Its `SOURCE_DATE_EPOCH` is heeded. */
  readonly env?: NodeJS.ProcessEnv;
  /** How the base is reached. */
  readonly places?: ImageAtOptions | undefined;
}

/**
 * Groups the components of each source into layers as the recipe says; those that the base has
 * already go into none.
 */
export function planFor(
  recipe: Recipe,
  sources: readonly LayerSource[],
  base: PlannedOn = NO_BASE,
): StackedLayer[] {
  const { max, strategy, pipeline, ignore } = recipe.layers;
  return planStack(sources, {
    maxLayers: max ?? DEFAULT_MOST_LAYERS,
    baseLayers: base.layers.length,
    strategy,
    pipeline,
    ignore: new Set([...(ignore ?? []), ...base.storePaths]),
  });
}

/** What a recipe's image runs on: this machine's processor, unless it says more. */
export function platformFor({ platform }: Pick<Recipe, "platform">): Platform {
  return platform === undefined ? hostPlatform() : parsePlatform(platform);
}

/**
 * An image of what a recipe lists: its layers as planned, on the base if there is one, whose config
 * it inherits as `FROM` of a Dockerfile does.
 *
 * @throws VarveError for a base that cannot be used, too few layers, a wrong date
 */
export async function imageFromRecipe(
  recipe: Recipe,
  sources: readonly LayerSource[],
  packer: Packer,
  options: RecipeImageOptions = {},
): Promise<OpenImage> {
  const platform = platformFor(recipe);
  const base = await baseOf(recipe, { ...options.places, platform });
  try {
    return await assemble(recipe, platform, sources, base, packer, options);
  } catch (error) {
    base?.close();
    throw error;
  }
}

/** What opens images is loaded for those that have a base. */
async function baseOf({ base }: Recipe, options: ImageAtOptions): Promise<BaseImage | undefined> {
  if (base === undefined) return undefined;
  const { openBase } = await import("./base-image.ts");
  return openBase(base, options);
}

async function assemble(
  recipe: Recipe,
  { architecture }: Platform,
  sources: readonly LayerSource[],
  base: BaseImage | undefined,
  packer: Packer,
  { defaults = {}, env = process.env }: RecipeImageOptions,
): Promise<OpenImage> {
  const mtime = parseTimestamp(recipe.mtime ?? "1970-01-01T00:00:01Z", "mtime").seconds;
  const { uid = 0, gid = 0, uname = "root", gname = "root" } = recipe.owner;
  const common = { uid, gid, uname, gname, mtime };
  const links = sources.flatMap((source) => [...(source.links ?? [])]);
  const below = new LinksBelow(base?.layers ?? [], new Map(links));
  const layers = [...(base?.layers ?? [])];
  for (const { source, planned: each } of planFor(recipe, sources, base)) {
    layers.push(await source.layer(each, common, packer, below));
  }
  const image = new AssembledImage({
    architecture,
    os: "linux",
    created: createdOf(recipe, env).text,
    runtime: runtimeOf(recipe, base, defaults),
    layers,
    archiveTime: mtime,
    base: base?.content,
    annotations: base?.annotations,
  });
  return { image, close: () => base?.close() };
}

function runtimeOf(
  recipe: Recipe,
  base: BaseImage | undefined,
  defaults: ImageDefaults,
): JsonObject {
  const inherited = base?.runtime ?? new Map();
  const { Env = [], ...config } = withDefaults(recipe.config, defaults, base && inherited);
  const path = pathFor(defaults, base === undefined ? undefined : inherited);
  const env = [...path, ...(defaults.env ?? []), ...Env];
  const json = sortedKeys(orderedJson(env.length === 0 ? config : { ...config, Env: env }));
  const own = json instanceof Map ? json : new Map();
  if (base === undefined) return inheritEnvironment(new Map(), own);
  const runtime = sortedKeys(inheritRuntime(inherited, own));
  return runtime instanceof Map ? runtime : new Map();
}

/** How the image runs, with what the contents say where the recipe says nothing. */
function withDefaults(
  config: RuntimeConfigInput,
  { entrypoint, cmd, user, workingDir }: ImageDefaults,
  inherited: JsonObject | undefined,
): RuntimeConfigInput {
  // A base's own program is not the one that is meant to start; an init starts whatever it is given.
  const runs = inherited === undefined || startsWithInit(inherited) ? undefined : [];
  const Entrypoint = entrypoint === undefined ? runs : [...entrypoint];
  return {
    ...(user === undefined ? {} : { User: user }),
    ...(workingDir === undefined ? {} : { WorkingDir: workingDir }),
    ...(config.Entrypoint === undefined && config.Cmd === undefined && cmd !== undefined
      ? { ...(Entrypoint === undefined ? {} : { Entrypoint }), Cmd: [...cmd] }
      : initFor(config, entrypoint, inherited)),
    ...config,
  };
}

/** The contents' init, for a command that the recipe names where nothing else would start it. */
function initFor(
  { Entrypoint, Cmd }: RuntimeConfigInput,
  init: readonly string[] | undefined,
  inherited: JsonObject | undefined,
): RuntimeConfigInput {
  const [program] = Cmd ?? [];
  if (init === undefined || Entrypoint !== undefined || program === undefined) return {};
  if (program === init[0] || Array.isArray(inherited?.get("Entrypoint"))) return {};
  return { Entrypoint: [...init] };
}

/** Programs that start another one and hand signals on, as far as they are known. */
const INITS = new Set(["tini", "tini-static", "dumb-init", "catatonit"]);

function startsWithInit(runtime: JsonObject): boolean {
  const entrypoint = runtime.get("Entrypoint");
  if (!Array.isArray(entrypoint)) return false;
  const [program, ...rest] = entrypoint;
  const isInit =
    typeof program === "string" && INITS.has(program.slice(program.lastIndexOf("/") + 1));
  return isInit && rest.every((word) => typeof word === "string" && word.startsWith("-"));
}

function pathIn(runtime: JsonObject): string | undefined {
  const path = environmentOf(runtime).find((entry) => entry.startsWith("PATH="));
  return path?.slice("PATH=".length);
}

/**
 * PATH with the image's own programs before those of its base. It is said even where it is the
 * usual one: what a program finds should not depend on who runs the image.
 */
function pathFor(
  { programFolders = [], hasUsualPrograms }: ImageDefaults,
  inherited: JsonObject | undefined,
): string[] {
  if (programFolders.length === 0 && (inherited !== undefined || hasUsualPrograms !== true)) {
    return [];
  }
  const others = inherited === undefined ? undefined : (pathIn(inherited) ?? USUAL_PATH);
  const usual = hasUsualPrograms === true ? USUAL_PATH : undefined;
  const rest = others ?? usual;
  return [`PATH=${[...programFolders, ...(rest === undefined ? [] : [rest])].join(":")}`];
}

/** The recipe's date, else `SOURCE_DATE_EPOCH`, else one second after 1970. */
function createdOf(recipe: Recipe, env: NodeJS.ProcessEnv): Timestamp {
  if (recipe.created !== undefined) return parseTimestamp(recipe.created, "created");
  const epoch = env["SOURCE_DATE_EPOCH"];
  return timestampOfSeconds(
    epoch !== undefined && /^\d{1,11}$/.test(epoch) ? Number(epoch) : DEFAULT_TIME,
  );
}
