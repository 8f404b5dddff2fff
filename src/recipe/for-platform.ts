import { UsageError } from "../errors.ts";
import { hostPlatform, platformText } from "../image/platform.ts";
import type { Recipe } from "./recipe.ts";

/**
 * A recipe as it is for one platform: what it says of that platform wins over what it says of all.
 *
 * @param wanted the one that is meant; otherwise the recipe's, of several this machine's
 * @throws UsageError where it is not clear which of several is meant
 */
export function forPlatform(recipe: Recipe, wanted: string = platformOf(recipe)): Recipe {
  const { platforms: _, byPlatform = {}, ...common } = recipe;
  const { base, contents, config, layers } = byPlatform[wanted] ?? {};
  return {
    ...common,
    ...(base === undefined ? {} : { base }),
    ...(contents === undefined ? {} : { contents }),
    config: { ...common.config, ...config },
    layers: { ...common.layers, ...layers },
    platform: wanted,
  };
}

function platformOf({ platform, platforms = [] }: Recipe): string {
  if (platform !== undefined) return platform;
  const here = platformText(hostPlatform());
  if (platforms.length === 0 || platforms.includes(here)) return here;
  if (platforms.length === 1) return platforms[0]!;
  throw new UsageError(`the recipe is for ${platforms.join(", ")}, and this machine is ${here}`, {
    hint: `say which one is meant: --platform ${platforms[0]!}`,
  });
}
