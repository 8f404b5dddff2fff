import type { ImageDefaults } from "../../assembly/image-defaults.ts";
import { parseReference } from "../../image/reference.ts";
import type { Reference } from "../../image/reference.ts";
import type { Recipe } from "../../recipe/recipe.ts";

/** The name of a recipe's image: its own, else that of what is in it. */
export function referenceFor({ name, tag }: Recipe, defaults: ImageDefaults): Reference {
  return parseReference(`${name ?? repositoryNameOf(defaults.name)}:${tag ?? "latest"}`);
}

/** A package's name with what repositories may not contain replaced. */
function repositoryNameOf(name = ""): string {
  const legal = name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-|-$/g, "");
  return legal === "" ? "image" : legal;
}
