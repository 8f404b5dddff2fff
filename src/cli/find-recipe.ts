import * as fs from "node:fs";
import path from "node:path";
import { UsageError } from "../errors.ts";
import { isRecipeFile, loadRecipe } from "../recipe/load-recipe.ts";
import { recipeSchema } from "../recipe/recipe.ts";
import type { Recipe } from "../recipe/recipe.ts";
import { checkedAgainst } from "../recipe/schema-error.ts";

/** A recipe, and where it belongs. */
export interface FoundRecipe {
  readonly recipe: Recipe;
  /** The project's folder. */
  readonly folder: string;
}

/** Names that a project's recipe has. */
export const RECIPE_FILES = ["ts", "mts", "js", "mjs", "json"].map(
  (ending) => `varve.config.${ending}`,
);

/**
 * The recipe that arguments mean: a recipe file, the one in a folder, the one that a Node project
 * without one needs; without arguments, in this folder. Anything else is for Nix.
 */
export async function findRecipe(sources: readonly string[]): Promise<FoundRecipe> {
  const [first = "."] = sources;
  const single = sources.find((source) => isRecipeFile(source) || isProject(source));
  if (sources.length > 1 && single !== undefined) {
    throw new UsageError(`${single} is a recipe, which stands alone`, {
      hint: "list further contents in the recipe itself",
    });
  }
  if (isRecipeFile(first)) return inFile(first);
  if (isProject(first)) return inFolder(first);
  if (sources.length === 0) {
    throw new UsageError("nothing says what is in the image", {
      hint: "give .#NAME, store paths, a recipe file, or --conf FILE; or run this in a Node project",
    });
  }
  const nix = [...sources];
  return { recipe: checked({ contents: [{ nix }] }), folder: process.cwd() };
}

/** Whether an argument is a folder with a recipe or a Node project in it. */
export function isProject(argument: string): boolean {
  if (
    argument.includes("#") ||
    fs.statSync(argument, { throwIfNoEntry: false })?.isDirectory() !== true
  ) {
    return false;
  }
  return [...RECIPE_FILES, "package.json"].some((name) => fs.existsSync(path.join(argument, name)));
}

async function inFolder(folder: string): Promise<FoundRecipe> {
  const file = RECIPE_FILES.map((name) => path.join(folder, name)).find((name) =>
    fs.existsSync(name),
  );
  if (file !== undefined) return inFile(file);
  const { recipeForNodeProject } = await import("../assembly/node-project.ts");
  const place = path.resolve(folder);
  return { recipe: checked(await recipeForNodeProject(place)), folder: place };
}

async function inFile(file: string): Promise<FoundRecipe> {
  return { recipe: await loadRecipe(file), folder: path.dirname(path.resolve(file)) };
}

function checked(recipe: unknown): Recipe {
  return checkedAgainst(recipeSchema, recipe, "the recipe", "USAGE");
}
