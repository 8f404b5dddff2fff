import type { BaseContent } from "../image/config.ts";
import { historyOf, layerHistory, pathsInComment } from "../image/history.ts";
import type { Layer } from "../image/layer.ts";
import type { JsonObject } from "../image/ordered-json.ts";
import { canonicalName, parseReference } from "../image/reference.ts";
import { parseLocation } from "../transports/location.ts";
import type { Location } from "../transports/location.ts";
import { imageAt } from "./image-at.ts";
import type { FoundImage, ImageAtOptions } from "./image-at.ts";

/** What of a base counts for the plan of what lies on it. */
export interface PlannedOn {
  /** Bottom first. */
  readonly layers: readonly Layer[];
  /** Store paths that are in it. */
  readonly storePaths: ReadonlySet<string>;
}

/** An image that another one lies on. */
export interface BaseImage extends PlannedOn {
  /** How it runs. */
  readonly runtime: JsonObject;
  readonly content: BaseContent;
  /** What the new image's manifest says of it (OCI image-spec, annotations.md). */
  readonly annotations: Readonly<Record<string, string>>;
  readonly close: () => void;
}

const BASE_NAME = "org.opencontainers.image.base.name";
const BASE_DIGEST = "org.opencontainers.image.base.digest";
/** Keys of a config that say more of the platform (OCI image-spec, config.md). */
const PLATFORM_KEYS = ["variant", "os.version", "os.features"];
/** What is called by its hash is the same wherever it is; of other names nobody knows the content. */
const STORE_PATH = /^\/.+\/[0-9a-df-np-sv-z]{32}-[^/]+$/;
/** dockerTools' layer of an image's own files is listed by the path it was made from. */
const CUSTOMISATION = /-customisation-layer$/;

/**
 * Opens an image to build upon, wherever it is; of an index, the one for the platform.
 *
 * @param text as {@link parseLocation} takes it
 * @throws VarveError `PLATFORM_ABSENT` for a base of another platform, and what reading it throws
 */
export async function openBase(text: string, options: ImageAtOptions): Promise<BaseImage> {
  const location = parseLocation(text);
  const found = await imageAt(location, options);
  const { image, config, close } = found;
  const { layers } = image;
  const runtime = config.get("config");
  return {
    layers,
    runtime: runtime instanceof Map ? runtime : new Map(),
    storePaths: storePathsOf(config, layers.length),
    content: { layers: layers.length, history: historyFor(found), platform: platformKeys(config) },
    annotations: annotationsFor(location, found),
    close,
  };
}

/** What the comments of dockerTools and varve say of its layers. */
function storePathsOf(config: JsonObject, layers: number): Set<string> {
  const steps = layerHistory(config, layers) ?? [];
  const paths = steps.flatMap(({ comment }) => pathsInComment(comment));
  return new Set(paths.filter((path) => STORE_PATH.test(path) && !CUSTOMISATION.test(path)));
}

/** Its history, if that fits its layers; else an entry a layer, so that every layer has one. */
function historyFor({ config, image }: FoundImage): JsonObject[] {
  const { layers } = image;
  if (layerHistory(config, layers.length) !== undefined) {
    return historyOf(config).map(({ raw }) => raw);
  }
  const created = config.get("created") ?? "1970-01-01T00:00:00Z";
  return layers.map(
    (): JsonObject =>
      new Map([
        ["created", created],
        ["comment", "base image"],
      ]),
  );
}

function platformKeys(config: JsonObject): JsonObject {
  return new Map(
    PLATFORM_KEYS.flatMap((key) => {
      const value = config.get(key);
      return value === undefined || value === null || value === "" ? [] : [[key, value]];
    }),
  );
}

/** Only what has a manifest has a digest that somebody else can look up. */
function annotationsFor(location: Location, { manifest }: FoundImage): Record<string, string> {
  if (manifest === undefined) return {};
  const name = location.kind === "registry" ? { [BASE_NAME]: fullName(location.name) } : {};
  return { ...name, [BASE_DIGEST]: manifest.digest };
}

/** `docker.io/library/debian:12`; a name that says its digest keeps it unless it has a tag, too. */
function fullName(name: string): string {
  const [tagged = name, digest] = name.split("@", 2);
  const hasTag = tagged.lastIndexOf(":") > tagged.lastIndexOf("/");
  const canonical = canonicalName(parseReference(tagged));
  if (digest === undefined || hasTag) return canonical;
  return `${canonical.slice(0, canonical.lastIndexOf(":"))}@${digest}`;
}
