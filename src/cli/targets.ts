import { UsageError } from "../errors.ts";
import { chosenImages, findRecipes } from "./find-recipe.ts";
import type { ImageFlags } from "./flags.ts";
import { isConfFile } from "./resolve-source.ts";

/** An image that a command makes. */
export interface Target {
  /** What the recipe calls it, of several. */
  readonly image: string | undefined;
  /** More than one where an index is to be made; none where the image's own is meant. */
  readonly platforms: readonly string[];
}

/** The images that arguments and options mean, and for which platforms. */
export async function targetsOf(
  flags: ImageFlags,
  sources: readonly string[],
): Promise<readonly Target[]> {
  const asked = platformsIn(flags.platform);
  const [first] = sources;
  const isPlanned = flags.conf !== undefined || flags.graph !== undefined;
  if (isPlanned || (first !== undefined && sources.length === 1 && isConfFile(first))) {
    return [{ image: undefined, platforms: asked }];
  }
  const images = chosenImages(await findRecipes(sources), flags.image);
  if (images.length > 1 && flags.tag !== undefined) {
    throw new UsageError("-t names one image, and the recipe has several", {
      hint: `choose one: --image ${images[0]!.key!}`,
    });
  }
  return images.map(({ key, recipe: { platforms = [] } }) => ({
    image: key,
    platforms: asked.length > 0 ? asked : platforms,
  }));
}

/** Options for one image on one platform; without one, on the image's own. */
export function flagsFor<Flags extends ImageFlags>(
  flags: Flags,
  image: string | undefined,
  platform: string | undefined,
): Flags {
  const { platform: _, ...rest } = flags;
  return {
    ...rest,
    ...(image === undefined ? {} : { image }),
    ...(platform === undefined ? {} : { platform }),
  } as Flags;
}

/** `linux/amd64,linux/arm64`, as buildx takes them. */
export function platformsIn(text = ""): string[] {
  const all = text.split(",").map((each) => each.trim());
  return [...new Set(all.filter((each) => each !== ""))];
}
