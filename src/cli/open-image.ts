import { imageFromConf } from "../assembly/from-conf.ts";
import { UsageError } from "../errors.ts";
import type { Image } from "../image/image.ts";
import { parseReference } from "../image/reference.ts";
import type { Reference } from "../image/reference.ts";
import { readConf } from "../recipe/dockertools-conf.ts";
import type { ImageFlags } from "./flags.ts";
import type { Session } from "./session.ts";
import { openStoreView } from "./store-view.ts";

/** An image and its names, and how to let go of the files behind it. */
export interface NamedImage {
  readonly image: Image;
  readonly references: readonly Reference[];
  close(): void;
}

/** The image that a command's arguments and options describe. */
export async function openImage(
  flags: ImageFlags,
  sources: readonly string[],
  session: Session,
): Promise<NamedImage> {
  if (flags.conf !== undefined) {
    if (sources.length > 0) throw new UsageError("--conf and a source both describe the image");
    return openConf(flags.conf, flags, session);
  }
  throw new UsageError("nothing to build");
}

async function openConf(file: string, flags: ImageFlags, session: Session): Promise<NamedImage> {
  const conf = readConf(file);
  const references = (flags.tag ?? [conf.repo_tag]).map(parseReference);
  const store = await openStoreView(conf.store_layers.flat(), {
    storeRoot: flags.storeRoot,
    storeDir: conf.store_dir,
  });
  const opened = await imageFromConf(conf, session.packer, store);
  return { ...opened, references };
}
