import * as fs from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { GatherOptions } from "../../assembly/contents/gather-options.ts";
import { gatherContents } from "../../assembly/contents/gather.ts";
import { platformFor } from "../../assembly/from-recipe.ts";
import { ImagePins } from "../../assembly/lock/image-pins.ts";
import type { LockMode } from "../../assembly/lock/image-pins.ts";
import { UsageError } from "../../errors.ts";
import { platformText } from "../../image/platform.ts";
import { cacheFolder } from "../../packing/digest-store.ts";
import { looksLikeConf } from "../../recipe/dockertools-conf.ts";
import { forPlatform } from "../../recipe/for-platform.ts";
import { isRecipeFile } from "../../recipe/load-recipe.ts";
import type { Recipe } from "../../recipe/recipe.ts";
import type { Announcer } from "../announcer.ts";
import type { ImageFlags, WorkFlags } from "../flags.ts";
import { checkRecipe } from "./check-recipe.ts";
import { confAlone } from "./conf-alone.ts";
import { findRecipe, isProject } from "./find-recipe.ts";
import type { FoundRecipe } from "./find-recipe.ts";
import { nixAccess } from "./nix-access.ts";
import { withFlags } from "./recipe-from-flags.ts";
import type { ResolvedSource } from "./resolved-source.ts";
import { splitWords } from "./split-words.ts";

/** Pins what the project's own lockfiles do not. */
export const LOCK_FILE = "varve.lock";

/**
 * Finds out what a command's arguments name, and has made what must be made first. An image that
 * dockerTools or varve's Nix functions make is taken by its conf.
 */
export async function resolveSource(
  flags: ImageFlags & Partial<WorkFlags>,
  sources: readonly string[],
  announcer: Announcer,
): Promise<ResolvedSource> {
  const named = confAlone(flags, sources);
  if (named !== undefined) return named;
  if (flags.graph !== undefined) {
    const { resolveGraph } = await import("./resolve-graph.ts");
    return resolveGraph(flags.graph, flags, sources, announcer);
  }
  const [first] = sources;
  if (first !== undefined && sources.length === 1 && isConfFile(first)) {
    return { kind: "conf", file: first };
  }
  // Whatever the options say wrongly is told before anything is built.
  const found = await findRecipe(sources, flags.image);
  const recipe = recipeWith(found, flags);
  const nixArgs = splitWords(flags.nixArgs ?? "", "--nix-args");
  const nix = nixAccess({ storeRoot: flags.storeRoot }, nixArgs, announcer);
  const isPackage =
    first !== undefined && sources.length === 1 && !isRecipeFile(first) && !isProject(first);
  if (!isPackage) return gather({ ...found, recipe }, found, { nix }, flags, announcer);
  const { evaluateArgument } = await import("./evaluate-argument.ts");
  const { conf, mainProgram } = await evaluateArgument(first, await nix());
  if (conf !== undefined) return { kind: "conf", file: (await nix()).store.locate(conf) };
  // Nix has said this once.
  nixArgs.push("--option", "warn-dirty", "false");
  return gather({ ...found, recipe }, found, { nix, mainProgram }, flags, announcer);
}

/** A recipe for the platform that is meant, with what options say. */
function recipeWith({ recipe }: FoundRecipe, flags: ImageFlags): Recipe {
  if (flags.platform?.includes(",") === true) {
    throw new UsageError(`--platform ${flags.platform}: there is only one platform here`, {
      hint: "varve push and varve build -o oci:DIR take several",
    });
  }
  const merged = withFlags(forPlatform(recipe, flags.platform), flags);
  checkRecipe(merged);
  return merged;
}

async function gather(
  { recipe, folder, files }: FoundRecipe,
  written: FoundRecipe,
  nix: Pick<GatherOptions, "nix" | "mainProgram">,
  flags: ImageFlags & Partial<WorkFlags>,
  announcer: Announcer,
): Promise<Extract<ResolvedSource, { kind: "recipe" }>> {
  const pins = pinsFor(written, recipe, flags.locked ? "locked" : "use");
  const options = { ...nix, pins, ...gatherOptions(recipe, folder, flags, announcer) };
  const { sources, defaults, places, close } = await gatherContents(recipe.contents, options);
  if (pins.save()) {
    const file = path.relative("", pins.file);
    announcer.note(`${file} pins what this image is made of; commit it`);
  }
  const ranScripts =
    options.scripts.length > 0 ||
    recipe.contents.some((entry) => "run" in entry && entry.run !== undefined);
  return {
    kind: "recipe",
    recipe,
    sources,
    defaults,
    places: [...files, ...places],
    ranScripts,
    close,
  };
}

/** What pins an image, beside the recipe. */
export function pinsFor(found: FoundRecipe, recipe: Recipe, mode: LockMode): ImagePins {
  const platform = platformText(platformFor(recipe));
  return new ImagePins(lockFileOf(found.folder), lockNameOf(found), platform, mode);
}

export function lockFileOf(folder: string): string {
  return path.join(folder, LOCK_FILE);
}

/** The name in the recipe: one that an option gives for once pins nothing else. */
export function lockNameOf({ key, recipe }: FoundRecipe): string {
  return key ?? recipe.name ?? "image";
}

/** How a recipe's contents are found. */
export function gatherOptions(
  recipe: Recipe,
  folder: string,
  flags: Pick<ImageFlags, "offline" | "run"> & Partial<WorkFlags>,
  announcer: Announcer,
): Omit<GatherOptions, "nix" | "mainProgram" | "pins"> {
  return {
    platform: platformFor(recipe),
    project: folder,
    hasBase: recipe.base !== undefined,
    cacheFolder: cacheFolder() ?? path.join(tmpdir(), "varve-cache"),
    isOffline: flags.offline,
    ignoreRemembered: flags.noCache === true,
    scripts: flags.run ?? [],
    note: (message) => {
      announcer.note(message);
    },
  };
}

/** Whether an argument is the conf of an image that dockerTools describes. */
export function isConfFile(file: string): boolean {
  if (!file.endsWith(".json") || !isRecipeFile(file)) return false;
  try {
    return looksLikeConf(JSON.parse(fs.readFileSync(file, "utf8")));
  } catch {
    return false;
  }
}
