import { parseReference } from "../image/reference.ts";
import type { Reference } from "../image/reference.ts";
import type { Recipe } from "../recipe/recipe.ts";
import { mainProgramOf, programFolderOf } from "../sources/nix/main-program.ts";
import { packageNameOf } from "../sources/nix/store-path.ts";
import type { ResolvedSource } from "./resolve-source.ts";

/** A recipe with what it leaves open filled in. */
export interface CompleteRecipe {
  readonly recipe: Recipe;
  readonly reference: Reference;
  /** Where the roots' programs are, by logical names. */
  readonly programFolders: readonly string[];
}

/**
 * Fills in what a recipe leaves open as `nix run` would do: the image is named like the first
 * root, starts its main program, and finds the roots' programs.
 */
export function withDefaults({
  recipe,
  roots,
  store,
  mainProgram,
}: Extract<ResolvedSource, { kind: "recipe" }>): CompleteRecipe {
  const { config } = recipe;
  const [main] = roots;
  const saysWhatRuns = config.Entrypoint !== undefined || config.Cmd !== undefined;
  const program =
    main === undefined || saysWhatRuns ? undefined : mainProgramOf(main, store, mainProgram);
  // A base's own program is not the one that is meant to start.
  const entrypoint = recipe.base === undefined ? {} : { Entrypoint: [] };
  return {
    recipe:
      program === undefined
        ? recipe
        : { ...recipe, config: { ...config, ...entrypoint, Cmd: [program] } },
    reference: parseReference(`${recipe.name ?? repositoryNameOf(main)}:${recipe.tag ?? "latest"}`),
    programFolders: roots.flatMap((root) => programFolderOf(root, store) ?? []),
  };
}

/** A package's name with what repositories may not contain replaced. */
function repositoryNameOf(storePath: string | undefined): string {
  const name = storePath === undefined ? "" : packageNameOf(storePath).toLowerCase();
  const legal = name.replace(/[^a-z0-9]+/g, "-").replace(/^-|-$/g, "");
  return legal === "" ? "image" : legal;
}
