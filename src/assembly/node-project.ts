import type { RecipeInput } from "../recipe/recipe.ts";
import { readProject } from "../sources/npm/project/describe-project.ts";

/** An init, since Node as process 1 would not end on signals; and the world's time zones. */
const SYSTEM = ["tini", "tzdata"];

/**
 * The recipe of a Node project that has none: Debian's libraries and CA certificates at the bottom,
 * then Node, the packages for production, the workspaces, and the application on top.
 *
 * @throws VarveError `NPM_…` for a folder that is no Node project, or an unclear one
 */
export async function recipeForNodeProject(folder: string): Promise<RecipeInput> {
  const { name, node } = await readProject(folder);
  return {
    name: name.toLowerCase(),
    contents: [{ debian: SYSTEM }, { node: node.range }, { npm: folder }],
  };
}
