import path from "node:path";
import type { ImageAtOptions } from "../assembly/image-at.ts";
import { imageFromConf } from "../assembly/from-conf.ts";
import { UsageError } from "../errors.ts";
import type { Image } from "../image/image.ts";
import { parseReference } from "../image/reference.ts";
import type { Reference } from "../image/reference.ts";
import { readConf, storePathsOf } from "../recipe/dockertools-conf.ts";
import type { ConnectionFlags, EngineFlags, ImageFlags } from "./flags.ts";
import { basePlaces } from "./base-places.ts";
import { confAlone } from "./conf-alone.ts";
import type { ResolvedSource } from "./resolve-source.ts";
import type { Session } from "./session.ts";
import { openStoreView } from "./store-view.ts";

/** An image and its names, and how to let go of the files behind it. */
export interface NamedImage {
  readonly image: Image;
  readonly references: readonly Reference[];
  /** Files and folders that decide what is in it, absolute. */
  readonly places?: readonly string[];
  /** Whether scripts ran for it, which may have written into these. */
  readonly ranScripts?: boolean;
  readonly close: () => void;
}

/** Options that a conf has decided already. */
const DECIDED_BY_CONF = [
  "config",
  "env",
  "entrypoint",
  "cmd",
  "user",
  "workdir",
  "expose",
  "label",
  "maxLayers",
  "strategy",
  "pipeline",
  "ignore",
  "from",
  "fromImage",
  "created",
  "mtime",
  "uid",
  "gid",
  "uname",
  "gname",
  "platform",
] as const satisfies ReadonlyArray<keyof ImageFlags>;

/**
 * The image that a command's arguments and options describe. For a conf, nothing of what recipes
 * need is loaded.
 */
export async function openImage(
  flags: ImageFlags & Partial<ConnectionFlags & EngineFlags>,
  sources: readonly string[],
  session: Session,
): Promise<NamedImage> {
  const tags = (flags.tag ?? []).map(parseReference);
  const source = confAlone(flags, sources) ?? (await resolved(flags, sources, session));
  return source.kind === "conf"
    ? openConf(source.file, tags, flags, session)
    : openRecipe(source, tags, session, basePlaces(flags, session.announcer));
}

async function resolved(
  flags: ImageFlags,
  sources: readonly string[],
  session: Session,
): Promise<ResolvedSource> {
  const { resolveSource } = await import("./resolve-source.ts");
  return resolveSource(flags, sources, session.announcer);
}

async function openConf(
  file: string,
  tags: readonly Reference[],
  flags: ImageFlags & Partial<ConnectionFlags & EngineFlags>,
  session: Session,
): Promise<NamedImage> {
  const decided = DECIDED_BY_CONF.find((name) => flags[name] !== undefined);
  if (decided !== undefined) {
    const option = decided.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    throw new UsageError(`--${option} cannot change an image that dockerTools describes`, {
      hint: "change it in the Nix expression; only -t gives it another name here",
    });
  }
  const conf = readConf(file);
  const references = tags.length > 0 ? tags : [parseReference(conf.repo_tag)];
  const store = await openStoreView(storePathsOf(conf), {
    storeRoot: flags.storeRoot,
    storeDir: conf.store_dir,
  });
  const places = basePlaces(flags, session.announcer);
  const opened = await imageFromConf(conf, session.packer, store, places);
  return { ...opened, references, places: [path.resolve(file)] };
}

async function openRecipe(
  source: Extract<ResolvedSource, { kind: "recipe" }>,
  tags: readonly Reference[],
  session: Session,
  places: ImageAtOptions,
): Promise<NamedImage> {
  const { recipe, sources, defaults, close } = source;
  try {
    const { imageFromRecipe } = await import("../assembly/from-recipe.ts");
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
