import { UsageError } from "../../errors.ts";
import type { ImageFlags } from "../flags.ts";
import { confAlone } from "./conf-alone.ts";

/** An image that a command makes. */
export interface Target {
  /** What the recipe calls it, of several. */
  readonly image: string | undefined;
  /** What it is called in any case, for names of files. */
  readonly name: string;
  /** More than one where an index can be made; none where the image's own is meant. */
  readonly platforms: readonly string[];
}

/** The images that arguments and options mean, and for which platforms. */
export async function targetsOf(
  flags: ImageFlags,
  sources: readonly string[],
): Promise<readonly Target[]> {
  const asked = platformsIn(flags.platform);
  const described = { image: undefined, name: "image", platforms: asked };
  if (confAlone(flags, sources) !== undefined || flags.graph !== undefined) return [described];
  const { chosenImages, findRecipes } = await import("./find-recipe.ts");
  const { isConfFile } = await import("./resolve-source.ts");
  if (sources.length === 1 && isConfFile(sources[0]!)) return [described];
  const images = chosenImages(await findRecipes(sources), flags.image);
  if (images.length > 1 && flags.tag !== undefined) {
    throw new UsageError("-t names one image, and the recipe has several", {
      hint: `choose one: --image ${images[0]!.key!}`,
    });
  }
  return images.map(({ key, recipe: { name, platforms = [] } }) => ({
    image: key,
    name: key ?? name ?? "image",
    platforms: asked.length > 0 ? asked : platforms,
  }));
}

/** Options for one image on one platform; without one, on the image's own. */
export function flagsFor<Flags extends ImageFlags>(
  flags: Flags,
  { image }: Pick<Target, "image">,
  platform: string | undefined,
): Flags {
  const { platform: _, ...rest } = flags;
  return {
    ...rest,
    ...(image === undefined ? {} : { image }),
    ...(platform === undefined ? {} : { platform }),
  } as Flags;
}

/** Options for an image where there can only be one platform: of a recipe's several, the usual. */
export function flagsForOne<Flags extends ImageFlags>(flags: Flags, target: Target): Flags {
  const [only, ...others] = target.platforms;
  // Several that were asked for are refused, with what is wrong about them.
  return flagsFor(flags, target, others.length === 0 ? only : flags.platform);
}

/** `linux/amd64,linux/arm64`, as buildx takes them. */
function platformsIn(text = ""): string[] {
  const all = text.split(",").map((each) => each.trim());
  return [...new Set(all.filter((each) => each !== ""))];
}
