import { parseReference } from "../image/reference.ts";
import type { Reference } from "../image/reference.ts";
import type { Recipe } from "../recipe/recipe.ts";
import { mainProgramOf } from "../sources/nix/main-program.ts";
import { packageNameOf } from "../sources/nix/store-path.ts";
import type { ResolvedSource } from "./resolve-source.ts";

/**
 * What a recipe leaves open, filled in as `nix run` would do: the image is named like the first
 * root, starts its main program, and finds the roots' programs on PATH.
 */
export function withDefaults({
  recipe,
  roots,
  store,
}: Extract<ResolvedSource, { kind: "recipe" }>): { recipe: Recipe; reference: Reference } {
  const { config } = recipe;
  const [main] = roots;
  const saysWhatRuns = config.Entrypoint !== undefined || config.Cmd !== undefined;
  const program = main === undefined || saysWhatRuns ? undefined : mainProgramOf(main, store);
  const env = config.Env ?? [];
  const path = roots.map((root) => `${root}/bin`).join(":");
  const hasPath = env.some((entry) => entry.startsWith("PATH="));
  return {
    recipe: {
      ...recipe,
      config: {
        ...config,
        ...(program === undefined ? {} : { Cmd: [program] }),
        Env: hasPath ? env : [`PATH=${path}`, ...env],
      },
    },
    reference: parseReference(`${recipe.name ?? repositoryNameOf(main)}:${recipe.tag ?? "latest"}`),
  };
}

/** A package's name with what repositories may not contain replaced. */
function repositoryNameOf(storePath: string | undefined): string {
  const name = storePath === undefined ? "" : packageNameOf(storePath).toLowerCase();
  const legal = name.replace(/[^a-z0-9]+/g, "-").replace(/^-|-$/g, "");
  return legal === "" ? "image" : legal;
}
