import path from "node:path";
import { gatheredStore } from "../../assembly/contents/nix.ts";
import { UsageError } from "../../errors.ts";
import { parseNixArgument } from "../../sources/nix/argument.ts";
import { closureOfGraph } from "../../sources/nix/reference-graph.ts";
import { NixStore } from "../../sources/nix/store.ts";
import type { Announcer } from "../announcer.ts";
import type { ImageFlags } from "../flags.ts";
import { checkRecipe } from "./check-recipe.ts";
import { findRecipe } from "./find-recipe.ts";
import { withFlags } from "./recipe-from-flags.ts";
import type { ResolvedSource } from "./resolved-source.ts";

/** What a graph describes, all of it. Sources say what of it is meant to be run. */
export async function resolveGraph(
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
  const { recipe: found } = await findRecipe(sources.length === 0 ? all : sources);
  const recipe = withFlags(found, flags);
  checkRecipe(recipe);
  const roots = recipe.contents
    .flatMap((entry) => ("nix" in entry ? entry.nix : []))
    .map((source) => {
      const argument = parseNixArgument(source, store);
      if (argument.kind === "store-path" && closure.has(argument.path)) return argument.path;
      throw new UsageError(`${source} is not a store path in ${file}`, {
        hint: "with --graph, sources are store paths of the graph",
      });
    });
  const { source, defaults } = gatheredStore(closure, [...new Set(roots)], store);
  return {
    kind: "recipe",
    recipe,
    sources: [source],
    defaults,
    places: [path.resolve(file)],
    ranScripts: false,
    close: () => undefined,
  };
}
