import path from "node:path";
import { imageFromConf } from "../../assembly/from-conf.ts";
import { UsageError } from "../../errors.ts";
import { parseReference } from "../../image/reference.ts";
import type { Reference } from "../../image/reference.ts";
import { readConf, storePathsOf } from "../../recipe/dockertools-conf.ts";
import type { ConnectionFlags, EngineFlags, ImageFlags } from "../flags.ts";
import type { Session } from "../session.ts";
import { basePlaces } from "./base-places.ts";
import type { NamedImage } from "./named-image.ts";
import { openStoreView, placeOf } from "./store-view.ts";

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

/** The image that the conf of one of dockerTools' images describes. */
export async function openConf(
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
  const conf = readConf(placeOf(file, flags.storeRoot));
  const references = tags.length > 0 ? tags : [parseReference(conf.repo_tag)];
  const store = await openStoreView(storePathsOf(conf), {
    storeRoot: flags.storeRoot,
    storeDir: conf.store_dir,
  });
  const places = basePlaces(flags, session.announcer);
  const opened = await imageFromConf(conf, session.packer, store, places);
  return { ...opened, references, places: [path.resolve(file)] };
}
