import type { ArchivedImage } from "../archives/archived-image.ts";
import type { KnownSizes } from "../archives/stored-layer.ts";
import { VarveError } from "../errors.ts";
import type { StoredManifest } from "../image/content-store.ts";
import type { JsonObject } from "../image/ordered-json.ts";
import { isPlatform, platformText } from "../image/platform.ts";
import type { Platform } from "../image/platform.ts";
import type { Location } from "../transports/location.ts";
import { openLocation } from "../transports/open-location.ts";
import type { OpenLocationOptions } from "../transports/open-location.ts";
import { imageOfArchived } from "./from-archive.ts";
import type { OpenImage } from "./open-image.ts";
import { imageFromStore } from "./stored-image.ts";

/** An image that exists somewhere, and what is known of it there. */
export interface FoundImage extends OpenImage {
  /** The place as it can be given again, for people. */
  readonly name: string;
  readonly configBytes: Buffer;
  /** The config, its order and numbers kept. */
  readonly config: JsonObject;
  /** Names that a Docker archive lists for it: `name:tag`. */
  readonly repoTags: readonly string[];
  /** Its own manifest; undefined in a Docker archive, which has none. */
  readonly manifest: StoredManifest | undefined;
}

export interface ImageAtOptions extends OpenLocationOptions {
  /** Which image of an index; it must be this one, if it is no index. */
  readonly platform?: Platform | undefined;
  readonly sizes?: KnownSizes | undefined;
}

/**
 * The image in a place: a registry, an OCI layout or archive, a Docker archive or engine. No layer
 * is fetched before its bytes are wanted.
 *
 * @throws VarveError `PLATFORM_ABSENT`, and what {@link openLocation} and {@link imageFromStore}
 *   throw
 */
export async function imageAt(
  location: Location,
  options: ImageAtOptions = {},
): Promise<FoundImage> {
  const { platform, sizes } = options;
  const opened = await openLocation(location, options);
  try {
    const { name } = opened;
    if (opened.kind === "archived") {
      return checked(foundInArchive(opened.archived, name), platform);
    }
    const stored = await imageFromStore(opened.source, opened.version, platform, sizes);
    const close = (): void => {
      stored.close();
      opened.close();
    };
    return checked({ ...stored, name, repoTags: [], close }, platform);
  } catch (error) {
    opened.close();
    throw error;
  }
}

function foundInArchive(archived: ArchivedImage, name: string): FoundImage {
  const { config, configBytes } = archived;
  return { ...imageOfArchived(archived), name, config, configBytes, manifest: undefined };
}

function checked(found: FoundImage, platform: Platform | undefined): FoundImage {
  const has = platformOf(found);
  if (platform === undefined || has === undefined) return found;
  // Many configs name no variant, though the index does.
  const { variant = platform.variant } = has;
  if (isPlatform({ ...has, variant }, platform)) return found;
  throw new VarveError(
    "PLATFORM_ABSENT",
    `${found.name} is for ${platformText(has)}, not for ${platformText(platform)}`,
    { hint: `name another image, or give --platform ${platformText(has)}` },
  );
}

/** What an image runs on, as far as its config says it. */
function platformOf({ config }: Pick<FoundImage, "config">): Platform | undefined {
  const text = (key: string): string => {
    const value = config.get(key);
    return typeof value === "string" ? value : "";
  };
  const architecture = text("architecture");
  if (architecture === "") return undefined;
  const os = text("os") === "" ? "linux" : text("os");
  const variant = text("variant");
  return variant === "" ? { os, architecture } : { os, architecture, variant };
}
