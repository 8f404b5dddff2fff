import { imageAt } from "../../assembly/image-at.ts";
import type { FoundImage } from "../../assembly/image-at.ts";
import type { Image } from "../../image/image.ts";
import { parsePlatform } from "../../image/platform.ts";
import { connectionOf } from "../connection.ts";
import type { ConnectionFlags, ImageFlags, WorkFlags } from "../flags.ts";
import type { Session } from "../session.ts";
import { imageLocation } from "./names-image.ts";
import { openImage } from "./open-image.ts";

export interface ComparisonFlags extends ImageFlags, ConnectionFlags, WorkFlags {
  readonly json: boolean;
}

/** An image to be compared: one that exists somewhere, or one that is made for it. */
export interface ComparedImage {
  /** As the user called it. */
  readonly name: string;
  readonly image: Image;
  /** For an image that exists. */
  readonly found: FoundImage | undefined;
  readonly close: () => void;
}

/** The image that one argument names, or that the arguments are the sources of. */
export async function openCompared(
  flags: ComparisonFlags,
  args: readonly string[],
  session: Session,
): Promise<ComparedImage> {
  const [only] = args;
  if (only !== undefined && args.length === 1) {
    const found = await openFound(flags, only);
    if (found !== undefined) return found;
  }
  const opened = await openImage(flags, args, session);
  const name = args.length === 0 ? (flags.conf ?? flags.graph ?? "") : args.join(" ");
  return { name, image: opened.image, found: undefined, close: opened.close };
}

/** The image that an argument names; undefined when it names what images are made of. */
export async function openFound(
  flags: ComparisonFlags,
  argument: string,
): Promise<ComparedImage | undefined> {
  const location = imageLocation(argument);
  if (location === undefined) return undefined;
  const platform = flags.platform === undefined ? undefined : parsePlatform(flags.platform);
  const found = await imageAt(location, { registry: connectionOf(flags), platform });
  return { name: found.name, image: found.image, found, close: found.close };
}
