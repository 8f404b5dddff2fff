import * as fs from "node:fs";
import path from "node:path";
import { UsageError } from "../../errors.ts";
import { isRecipeFile, loadRecipes } from "../../recipe/load-recipe.ts";
import type { LoadedRecipe } from "../../recipe/load-recipe.ts";
import { recipeSchema } from "../../recipe/recipe.ts";
import type { Recipe } from "../../recipe/recipe.ts";
import { checkedAgainst } from "../../recipe/schema-error.ts";
import { nearest } from "../../wording/nearest.ts";

/** A recipe, and where it belongs. */
export interface FoundRecipe extends LoadedRecipe {
  /** The project's folder. */
  readonly folder: string;
  /** Files that it was read from. */
  readonly files: readonly string[];
}

/** What arguments mean, all of it. */
export interface FoundRecipes extends Pick<FoundRecipe, "folder" | "files"> {
  /** At least one. */
  readonly images: readonly LoadedRecipe[];
}

/** Names that a project's recipe has. */
export const RECIPE_FILES = ["ts", "mts", "js", "mjs", "json"].map(
  (ending) => `varve.config.${ending}`,
);

/**
 * The one recipe that arguments mean.
 *
 * @param image which, of a project with several
 * @throws UsageError where it could be several
 */
export async function findRecipe(sources: readonly string[], image?: string): Promise<FoundRecipe> {
  const found = await findRecipes(sources);
  const [only, ...others] = chosenImages(found, image);
  if (others.length === 0) return { ...found, ...only! };
  throw new UsageError(`the recipe has several images: ${namesOf(found)}`, {
    hint: `name one: --image ${only!.key!}`,
  });
}

/**
 * All that is meant of a project's images.
 *
 * @throws UsageError for a name that none has
 */
export function chosenImages({ images }: FoundRecipes, image?: string): readonly LoadedRecipe[] {
  if (image === undefined) return images;
  const chosen = images.filter(({ key, recipe }) => (key ?? recipe.name) === image);
  if (chosen.length > 0) return chosen;
  const names = images.flatMap(({ key, recipe }) => key ?? recipe.name ?? []);
  const meant = nearest(image, names);
  throw new UsageError(`the recipe has no image "${image}"`, {
    hint:
      meant === undefined
        ? `it has ${names.join(", ") || "one, without a name"}`
        : `did you mean "${meant}"?`,
  });
}

function namesOf({ images }: FoundRecipes): string {
  return images.map(({ key }) => key).join(", ");
}

/**
 * The recipes that arguments mean: a recipe file, the one in a folder, the one that a Node project
 * without one needs; without arguments, in this folder. Anything else is for Nix.
 */
export async function findRecipes(sources: readonly string[]): Promise<FoundRecipes> {
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
      hint: "give .#NAME, store paths, a recipe file, or --conf FILE; or run this in a Node project; varve init writes a recipe",
    });
  }
  const nix = [...sources];
  const recipe = checked({ contents: [{ nix }] });
  return { images: [{ key: undefined, recipe }], folder: process.cwd(), files: [] };
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

async function inFolder(folder: string): Promise<FoundRecipes> {
  const file = RECIPE_FILES.map((name) => path.join(folder, name)).find((name) =>
    fs.existsSync(name),
  );
  if (file !== undefined) return inFile(file);
  const { recipeForNodeProject } = await import("../../assembly/node-project.ts");
  const place = path.resolve(folder);
  const recipe = checked(await recipeForNodeProject(place));
  // A recipe may come, which counts then.
  const files = RECIPE_FILES.map((name) => path.join(place, name));
  return { images: [{ key: undefined, recipe }], folder: place, files };
}

async function inFile(file: string): Promise<FoundRecipes> {
  const files: string[] = [];
  const images = await loadRecipes(file, (each) => files.push(each));
  return { images, folder: path.dirname(path.resolve(file)), files };
}

function checked(recipe: unknown): Recipe {
  return checkedAgainst(recipeSchema, recipe, "the recipe", "USAGE");
}
