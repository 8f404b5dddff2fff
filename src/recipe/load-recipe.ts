import * as fs from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { messageOf, VarveError } from "../errors.ts";
import { recipeSchema } from "./recipe.ts";
import type { Recipe } from "./recipe.ts";
import { checkedAgainst, parseJsonFrom } from "./schema-error.ts";

/** Names of files that are taken for recipes. */
const RECIPE_NAME = /\.(?:json|ts|mts|js|mjs)$/;

/** Whether an argument names a recipe file: by its ending, if there is such a file. */
export function isRecipeFile(argument: string): boolean {
  if (!RECIPE_NAME.test(argument) || argument.includes("#")) return false;
  return fs.statSync(argument, { throwIfNoEntry: false })?.isFile() === true;
}

/**
 * Loads a recipe: JSON, or a module whose default export it is. Relative paths in it count from
 * its folder.
 *
 * @throws VarveError `RECIPE_UNREADABLE`, `RECIPE_INVALID`, naming the place in the file
 */
export async function loadRecipe(file: string): Promise<Recipe> {
  const value = file.endsWith(".json") ? readJson(file) : await importDefault(file);
  const recipe = checkedAgainst(recipeSchema, value, file, "RECIPE_INVALID");
  const folder = path.dirname(file);
  return {
    ...recipe,
    ...(recipe.base === undefined ? {} : { base: path.resolve(folder, recipe.base) }),
    contents: recipe.contents.map((source) => ({
      nix: source.nix.map((argument) => fromFolder(folder, argument)),
    })),
  };
}

function readJson(file: string): unknown {
  let text: string;
  try {
    text = fs.readFileSync(file, "utf8");
  } catch (error) {
    throw new VarveError("RECIPE_UNREADABLE", `${file} cannot be read: ${messageOf(error)}`, {
      cause: error,
    });
  }
  return parseJsonFrom(text, file, "RECIPE_INVALID");
}

async function importDefault(file: string): Promise<unknown> {
  try {
    const module = (await import(pathToFileURL(path.resolve(file)).href)) as { default?: unknown };
    if (module.default !== undefined) return module.default;
  } catch (error) {
    throw new VarveError("RECIPE_INVALID", `${file} cannot be run: ${messageOf(error)}`, {
      cause: error,
    });
  }
  throw new VarveError("RECIPE_INVALID", `${file} has no default export`, {
    hint: "write: export default defineImage({ … })",
  });
}

/** `./result` and `.#app` count from the recipe's folder; other references stand for themselves. */
function fromFolder(folder: string, argument: string): string {
  if (!/^\.\.?(?:\/|#|$)/.test(argument)) return argument;
  const [place = "", ...attribute] = argument.split("#");
  return [path.resolve(folder, place), ...attribute].join("#");
}
