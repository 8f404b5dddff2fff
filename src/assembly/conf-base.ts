import * as fs from "node:fs";
import { openDockerArchive } from "../archives/read-archive.ts";
import { inheritEnvironment, sortedKeys } from "../image/config.ts";
import type { BaseContent } from "../image/config.ts";
import { inheritRuntime } from "../image/inherit.ts";
import type { Layer } from "../image/layer.ts";
import type { JsonObject } from "../image/ordered-json.ts";
import { parsePlatform } from "../image/platform.ts";
import type { DockerToolsConf } from "../recipe/dockertools-conf.ts";
import { openBase } from "./base-image.ts";
import type { ImageAtOptions } from "./image-at.ts";
import type { StoreView } from "./store-layers.ts";

/** The base of a conf's image. */
export interface ConfBase {
  /** Bottom first. */
  readonly layers: readonly Layer[];
  /** How an image on it runs. */
  readonly runtimeWith: (own: JsonObject) => JsonObject;
  /** What stays of its config; dockerTools describes its layers anew. */
  readonly content?: BaseContent | undefined;
  readonly annotations: Readonly<Record<string, string>>;
  readonly close: () => void;
}

/**
 * Opens a conf's `from_image`: a Docker archive as dockerTools takes it, of which `Env` is
 * inherited. With `inherit_config`, and for OCI layouts, any image, whose history stays.
 */
export async function openConfBase(
  { from_image, from_image_name, inherit_config, architecture }: DockerToolsConf,
  store: StoreView,
  places: ImageAtOptions = {},
): Promise<ConfBase | undefined> {
  if (from_image === null || from_image === undefined) return undefined;
  const file = store.locate(from_image);
  const isFolder = fs.statSync(file, { throwIfNoEntry: false })?.isDirectory() === true;
  if (!inherit_config && !isFolder) {
    const base = await openDockerArchive(file, from_image_name ?? "");
    return {
      layers: base.layers,
      annotations: {},
      runtimeWith: (own) => inheritEnvironment(runtimeIn(base.config), own),
      close: () => {
        base.close();
      },
    };
  }
  const platform = parsePlatform(`linux/${architecture}`);
  const version = from_image_name ? `:${from_image_name}` : "";
  const place = isFolder ? `oci:${file}${version}` : `${file}${version}`;
  const base = await openBase(place, { ...places, platform });
  return {
    layers: base.layers,
    content: base.content,
    annotations: base.annotations,
    runtimeWith: (own) =>
      inherit_config
        ? asObject(sortedKeys(inheritRuntime(base.runtime, own)))
        : inheritEnvironment(base.runtime, own),
    close: base.close,
  };
}

function runtimeIn(config: JsonObject): JsonObject {
  return asObject(config.get("config"));
}

function asObject(value: unknown): JsonObject {
  return value instanceof Map ? (value as JsonObject) : new Map();
}
