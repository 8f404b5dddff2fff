import { VarveError } from "../errors.ts";
import { digestOf } from "../image/digest.ts";
import { layerHistory, pathsInComment } from "../image/history.ts";
import type { Image } from "../image/image.ts";
import type { Layer } from "../image/layer.ts";
import { parseOrderedJson, plainJson } from "../image/ordered-json.ts";
import type { JsonObject } from "../image/ordered-json.ts";

/** What can be said of an image without a byte of its layers. */
export interface ImageFacts {
  /** For people: what it was called. */
  readonly name: string;
  /** Digest of the config. */
  readonly imageId: string;
  readonly config: Readonly<Record<string, unknown>>;
  /** The config's own bytes. */
  readonly configBytes: Buffer;
  /** Bottom first. */
  readonly layers: readonly LayerFacts[];
}

export interface LayerFacts {
  readonly diffId: string;
  /** Bytes that go to who lacks it: compressed where it lies compressed; undefined if unknown. */
  readonly size: number | undefined;
  readonly isCompressed: boolean;
  /** The components in it, if the image says. */
  readonly paths: readonly string[] | undefined;
  /** For people: what it is. */
  readonly what: string;
  readonly layer: Layer;
}

/**
 * Reads what an image says of itself: its config and what is known of its layers.
 *
 * @throws VarveError `CONFIG_INVALID`; whatever the image's layers throw
 */
export async function factsOf(name: string, image: Image): Promise<ImageFacts> {
  const configBytes = await image.config();
  const ordered = parsedConfig(name, configBytes);
  const config = plainJson(ordered) as Record<string, unknown>;
  const diffIds = diffIdsIn(config);
  if (diffIds.length !== image.layers.length) {
    throw new VarveError(
      "CONFIG_INVALID",
      `${name} has ${image.layers.length} layers, but its config lists ${diffIds.length}`,
      { hint: `varve verify ${name} tells what is wrong with it` },
    );
  }
  const steps = layerHistory(ordered, diffIds.length);
  const layers = await Promise.all(
    image.layers.map(async (layer, index): Promise<LayerFacts> => {
      const { comment = "", createdBy = "" } = steps?.[index] ?? {};
      const paths = pathsInComment(comment);
      const { blob } = layer;
      const isCompressed = blob !== undefined && blob.descriptor.digest !== diffIds[index];
      return {
        diffId: diffIds[index]!,
        size: blob === undefined ? await layer.size() : blob.descriptor.size,
        isCompressed,
        paths: paths.length === 0 ? undefined : paths,
        what: createdBy === "" ? layer.reason : createdBy,
        layer,
      };
    }),
  );
  return { name, imageId: digestOf(configBytes), config, configBytes, layers };
}

/** The diffIDs that a config lists. */
function diffIdsIn(config: Readonly<Record<string, unknown>>): string[] {
  const { rootfs } = config;
  if (typeof rootfs !== "object" || rootfs === null) return [];
  const ids: unknown = (rootfs as Record<string, unknown>)["diff_ids"];
  return Array.isArray(ids) ? ids.map(String) : [];
}

function parsedConfig(name: string, bytes: Buffer): JsonObject {
  try {
    const config = parseOrderedJson(bytes.toString("utf8"));
    if (config instanceof Map) return config;
  } catch {
    // Said below.
  }
  throw new VarveError("CONFIG_INVALID", `the config of ${name} is not a JSON object`);
}
