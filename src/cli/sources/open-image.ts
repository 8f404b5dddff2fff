import type { ImageAtOptions } from "../../assembly/image-at.ts";
import { parseReference } from "../../image/reference.ts";
import type { Reference } from "../../image/reference.ts";
import type { ConnectionFlags, EngineFlags, ImageFlags } from "../flags.ts";
import type { Session } from "../session.ts";
import { basePlaces } from "./base-places.ts";
import { confAlone } from "./conf-alone.ts";
import type { NamedImage } from "./named-image.ts";
import type { ResolvedSource } from "./resolved-source.ts";

/**
 * The image that a command's arguments and options describe. For a conf, nothing of what recipes
 * need is loaded, nor the other way round.
 */
export async function openImage(
  flags: ImageFlags & Partial<ConnectionFlags & EngineFlags>,
  sources: readonly string[],
  session: Session,
): Promise<NamedImage> {
  const tags = (flags.tag ?? []).map(parseReference);
  const source = confAlone(flags, sources) ?? (await resolved(flags, sources, session));
  if (source.kind !== "conf") {
    return openRecipe(source, tags, session, basePlaces(flags, session.announcer));
  }
  const { openConf } = await import("./open-conf.ts");
  return openConf(source.file, tags, flags, session);
}

async function resolved(
  flags: ImageFlags,
  sources: readonly string[],
  session: Session,
): Promise<ResolvedSource> {
  const { resolveSource } = await import("./resolve-source.ts");
  return resolveSource(flags, sources, session.announcer);
}

async function openRecipe(
  source: Extract<ResolvedSource, { kind: "recipe" }>,
  tags: readonly Reference[],
  session: Session,
  places: ImageAtOptions,
): Promise<NamedImage> {
  const { recipe, sources, defaults, close } = source;
  try {
    const { imageFromRecipe } = await import("../../assembly/from-recipe.ts");
    const { referenceFor } = await import("./recipe-defaults.ts");
    const opened = await imageFromRecipe(recipe, sources, session.packer, { defaults, places });
    const references = tags.length > 0 ? tags : [referenceFor(recipe, defaults)];
    return {
      ...opened,
      references,
      places: source.places,
      ranScripts: source.ranScripts,
      close: () => {
        opened.close();
        close();
      },
    };
  } catch (error) {
    close();
    throw error;
  }
}
