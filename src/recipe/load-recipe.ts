import * as fs from "node:fs";
import path from "node:path";
import type * as v from "valibot";
import { fileReasonOf, VarveError } from "../errors.ts";
import type { RecipeContents } from "./contents/contents.ts";
import { withEnvironment } from "./environment.ts";
import { importRecipe } from "./import-recipe.ts";
import { placeInJson } from "./json-places.ts";
import { recipeSchema, recipesSchema } from "./recipe.ts";
import type { Recipe } from "./recipe.ts";
import { atPath, checkedAgainst, parseJsonFrom } from "./schema-error.ts";

/** Names of files that are taken for recipes. */
const RECIPE_NAME = /\.(?:json|ts|mts|js|mjs)$/;

/** Whether an argument names a recipe file: by its ending, if there is such a file. */
export function isRecipeFile(argument: string): boolean {
  if (!RECIPE_NAME.test(argument) || argument.includes("#")) return false;
  return fs.statSync(argument, { throwIfNoEntry: false })?.isFile() === true;
}

/** A recipe of a file: of several, what the file calls it. */
export interface LoadedRecipe {
  readonly key: string | undefined;
  readonly recipe: Recipe;
}

/**
 * Loads the recipes of a file: JSON, or a module whose default export they are. Relative paths in
 * them count from its folder.
 *
 * @param onFile told of every file that is read for them
 * @throws VarveError `RECIPE_UNREADABLE`, `RECIPE_INVALID`, `RECIPE_ENV`, naming the place in the
 *   file
 */
export async function loadRecipes(
  file: string,
  onFile: (file: string) => void = () => undefined,
): Promise<LoadedRecipe[]> {
  onFile(path.resolve(file));
  const read = file.endsWith(".json")
    ? readJson(file)
    : { value: await importRecipe(file, onFile), placeOf: undefined };
  const check = <Schema extends v.GenericSchema>(schema: Schema): v.InferOutput<Schema> =>
    checkedAgainst(schema, read.value, file, "RECIPE_INVALID", read.placeOf);
  const folder = path.dirname(file);
  if (!hasSeveral(read.value)) {
    return [{ key: undefined, recipe: fromItsFolder(folder, check(recipeSchema)) }];
  }
  return Object.entries(check(recipesSchema).images).map(([key, recipe]) => ({
    key,
    recipe: fromItsFolder(folder, { name: key, ...recipe }),
  }));
}

function hasSeveral(value: unknown): boolean {
  return typeof value === "object" && value !== null && "images" in value;
}

function readJson(file: string): {
  readonly value: unknown;
  readonly placeOf: (path: readonly PropertyKey[]) => string;
} {
  let text: string;
  try {
    text = fs.readFileSync(file, "utf8");
  } catch (error) {
    throw new VarveError("RECIPE_UNREADABLE", `${file} cannot be read: ${fileReasonOf(error)}`, {
      cause: error,
    });
  }
  const placeOf = (at: readonly PropertyKey[]): string => {
    const { line, column } = placeInJson(text, at);
    return `:${line}:${column}`;
  };
  const value = withEnvironment(
    parseJsonFrom(text, file, "RECIPE_INVALID"),
    (at, message, hint) =>
      new VarveError("RECIPE_ENV", `${file}${placeOf(at)}${atPath(at)}: ${message}`, { hint }),
  );
  return { value, placeOf };
}

/** A recipe whose relative places are counted from its folder. */
function fromItsFolder(folder: string, recipe: Recipe): Recipe {
  const { base, contents, byPlatform } = recipe;
  const parts = Object.entries(byPlatform ?? {}).map(([platform, part]) => [
    platform,
    {
      ...part,
      ...baseFrom(folder, part.base),
      ...(part.contents === undefined ? {} : { contents: contentsFrom(folder, part.contents) }),
    },
  ]);
  return {
    ...recipe,
    ...baseFrom(folder, base),
    contents: contentsFrom(folder, contents),
    ...(byPlatform === undefined ? {} : { byPlatform: Object.fromEntries(parts) }),
  };
}

function baseFrom(folder: string, base: string | undefined): { base?: string } {
  return base === undefined ? {} : { base: baseFromFolder(folder, base) };
}

function contentsFrom(folder: string, contents: readonly RecipeContents[]): RecipeContents[] {
  return contents.map((entry) => entryFrom(folder, entry));
}

/** Files stay as they are: they count from the project's folder, and may not lead out of it. */
function entryFrom(folder: string, entry: RecipeContents): RecipeContents {
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
