import type { ImageDefaults } from "../../assembly/image-defaults.ts";
import type { LayerSource } from "../../assembly/layer-source.ts";
import type { Recipe } from "../../recipe/recipe.ts";

/** What the arguments of a command turned out to be. */
export type ResolvedSource =
  | { readonly kind: "conf"; readonly file: string }
  | {
      readonly kind: "recipe";
      readonly recipe: Recipe;
      /** Bottom first. */
      readonly sources: readonly LayerSource[];
      readonly defaults: ImageDefaults;
      /** Files and folders that decide what is in the image, absolute. */
      readonly places: readonly string[];
      /** Whether scripts of the project ran. */
      readonly ranScripts: boolean;
      /** Lets go of connections. */
      readonly close: () => void;
    };
