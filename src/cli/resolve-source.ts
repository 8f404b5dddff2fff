import * as fs from "node:fs";
import { UsageError } from "../errors.ts";
import type { Closure } from "../closure/closure.ts";
import { looksLikeConf } from "../recipe/dockertools-conf.ts";
import { isRecipeFile, loadRecipe } from "../recipe/load-recipe.ts";
import type { Recipe } from "../recipe/recipe.ts";
import { parseNixArgument } from "../sources/nix/argument.ts";
import { closureOf } from "../sources/nix/closure-of.ts";
import { evaluate } from "../sources/nix/evaluate.ts";
import type { Evaluated } from "../sources/nix/evaluate.ts";
import type { InstallableOptions } from "../sources/nix/installable.ts";
import { closureOfGraph } from "../sources/nix/reference-graph.ts";
import { rootsOf } from "../sources/nix/roots.ts";
import { NixStore } from "../sources/nix/store.ts";
import type { Announcer } from "./announcer.ts";
import { checkRecipe } from "./check-recipe.ts";
import type { ImageFlags } from "./flags.ts";
import { withFlags } from "./recipe-from-flags.ts";
import { splitWords } from "./split-words.ts";

/** What the arguments of a command turned out to be. */
export type ResolvedSource =
  | { readonly kind: "conf"; readonly file: string }
  | {
      readonly kind: "recipe";
      readonly recipe: Recipe;
      readonly closure: Closure;
      /** The components that were asked for; the others came along. */
      readonly roots: readonly string[];
      readonly store: NixStore;
      /** The name of the program to run, if the source says it. */
      readonly mainProgram?: string | undefined;
    };

/**
 * Finds out what a command's arguments name, and has Nix build what must be built first. An image
 * that dockerTools or varve's Nix functions make is taken by its conf.
 */
export async function resolveSource(
  flags: ImageFlags,
  sources: readonly string[],
  announcer: Announcer,
): Promise<ResolvedSource> {
  if (flags.conf !== undefined) {
    const other = flags.graph === undefined ? sources[0] : "--graph";
    if (other !== undefined) {
      throw new UsageError(`--conf and ${other} both say what is in the image`, {
        hint: "give one of them",
      });
    }
    return { kind: "conf", file: flags.conf };
  }
  if (flags.graph !== undefined) return fromGraph(flags.graph, flags, sources, announcer);
  const [first] = sources;
  if (first === undefined) {
    throw new UsageError("nothing says what is in the image", {
      hint: "give .#NAME, store paths, a recipe file, or --conf FILE",
    });
  }
  if (sources.length === 1 && isConfFile(first)) return { kind: "conf", file: first };
  // Whatever the options say wrongly is told before Nix begins to build.
  const recipe = withFlags(await recipeOf(sources), flags);
  checkRecipe(recipe);
  const options = {
    store: new NixStore({ storeRoot: flags.storeRoot }),
    nixArgs: splitWords(flags.nixArgs ?? "", "--nix-args"),
    ...announcer.nixMessages,
  };
  const isPackage = sources.length === 1 && !isRecipeFile(first);
  const { conf, mainProgram } = isPackage ? await evaluated(first, options) : {};
  if (conf !== undefined) return { kind: "conf", file: options.store.locate(conf) };
  // Nix has said this once.
  if (isPackage) options.nixArgs.push("--option", "warn-dirty", "false");
  const roots = await rootsOf(
    recipe.contents.flatMap(({ nix }) => nix),
    options,
  );
  const closure = await closureOf(options.store, roots, (message) => {
    announcer.note(message);
  });
  return { kind: "recipe", recipe, closure, roots, store: options.store, mainProgram };
}

/** What a graph describes, all of it. Sources say what of it is meant to be run. */
async function fromGraph(
  file: string,
  flags: ImageFlags,
  sources: readonly string[],
  announcer: Announcer,
): Promise<ResolvedSource> {
  const store = new NixStore({ storeRoot: flags.storeRoot });
  const closure = await closureOfGraph(file, store, (message) => {
    announcer.note(message);
  });
  const all = closure.roots().map(({ id }) => id);
  const recipe = withFlags(await recipeOf(sources.length === 0 ? all : sources), flags);
  checkRecipe(recipe);
  const roots = recipe.contents
    .flatMap(({ nix }) => nix)
    .map((source) => {
      const argument = parseNixArgument(source, store);
      if (argument.kind === "store-path" && closure.has(argument.path)) return argument.path;
      throw new UsageError(`${source} is not a store path in ${file}`, {
        hint: "with --graph, sources are store paths of the graph",
      });
    });
  return { kind: "recipe", recipe, closure, roots: [...new Set(roots)], store };
}

async function recipeOf(sources: readonly string[]): Promise<Recipe> {
  const files = sources.filter(isRecipeFile);
  if (files.length === 0) {
    return { contents: [{ nix: [...sources] }], config: {}, layers: {}, owner: {} };
  }
  if (sources.length > 1) {
    throw new UsageError(`${files[0]} is a recipe, which stands alone`, {
      hint: "list further contents in the recipe itself",
    });
  }
  return loadRecipe(files[0]!);
}

/** What Nix says of an argument that it has to build, and the conf if it is an image. */
async function evaluated(argument: string, options: InstallableOptions): Promise<Evaluated> {
  const { store, nixArgs } = options;
  const nixArgument = parseNixArgument(argument, store, nixArgs);
  return nixArgument.kind === "installable" ? evaluate(nixArgument.installable, options) : {};
}

function isConfFile(file: string): boolean {
  if (!file.endsWith(".json") || !isRecipeFile(file)) return false;
  try {
    return looksLikeConf(JSON.parse(fs.readFileSync(file, "utf8")));
  } catch {
    return false;
  }
}
