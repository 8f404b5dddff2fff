import * as fs from "node:fs";
import path from "node:path";
import { fileReasonOf, VarveError } from "../errors.ts";
import type { RecipeContents } from "./contents/contents.ts";
import { importRecipe } from "./import-recipe.ts";
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
  const value = file.endsWith(".json") ? readJson(file) : await importRecipe(file);
  const recipe = checkedAgainst(recipeSchema, value, file, "RECIPE_INVALID");
  const folder = path.dirname(file);
  return {
    ...recipe,
    ...(recipe.base === undefined ? {} : { base: baseFromFolder(folder, recipe.base) }),
    contents: recipe.contents.map((entry) => contentsFrom(folder, entry)),
  };
}

function readJson(file: string): unknown {
  let text: string;
  try {
    text = fs.readFileSync(file, "utf8");
  } catch (error) {
    throw new VarveError("RECIPE_UNREADABLE", `${file} cannot be read: ${fileReasonOf(error)}`, {
      cause: error,
    });
  }
  return parseJsonFrom(text, file, "RECIPE_INVALID");
}

/** Files stay as they are: they count from the project's folder, and may not lead out of it. */
function contentsFrom(folder: string, entry: RecipeContents): RecipeContents {
  if ("nix" in entry) return { nix: entry.nix.map((argument) => fromFolder(folder, argument)) };
  if ("npm" in entry) return { ...entry, npm: path.resolve(folder, entry.npm) };
  if ("debian" in entry && entry.keyring !== undefined) {
    return { ...entry, keyring: path.resolve(folder, entry.keyring) };
  }
  return entry;
}

/** `./result`, `.#app`, `path:..#app`: a relative place, and what of it is meant. */
const RELATIVE = /^((?:path|git\+file):)?(\.\.?(?:\/[^#?]*)?)((?:[#?].*)?)$/s;

/** Relative places count from the recipe's folder; other references stand for themselves. */
function fromFolder(folder: string, argument: string): string {
  const [, scheme = "", place, what = ""] = RELATIVE.exec(argument) ?? [];
  return place === undefined ? argument : scheme + path.resolve(folder, place) + what;
}

/** Where images are kept in files, as skopeo spells it. */
const FILE_TRANSPORT = /^(?:oci|oci-archive|docker-archive):(?=.)/;
const ARCHIVE_ENDING = /\.(?:tar(?:\.[a-z0-9]+)?|tgz|tzst|txz|tbz2?)$/;

/** A base that is a file or a folder; a name in a registry stands for itself. */
function baseFromFolder(folder: string, base: string): string {
  const transport = FILE_TRANSPORT.exec(base)?.[0] ?? "";
  const place = base.slice(transport.length);
  const [file = place] = place.split(/[:@]/, 1);
  const isPath =
    transport !== "" ||
    /^\.{0,2}\//.test(place) ||
    ARCHIVE_ENDING.test(file) ||
    (file !== "" && holdsImage(path.resolve(folder, file)));
  return isPath ? transport + path.resolve(folder, place) : base;
}

/** A file, or an OCI layout: other folders do not make a name a path. */
function holdsImage(place: string): boolean {
  const stats = fs.statSync(place, { throwIfNoEntry: false });
  return stats?.isFile() === true || fs.existsSync(path.join(place, "oci-layout"));
}
