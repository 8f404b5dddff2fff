import * as fs from "node:fs";
import * as v from "valibot";
import { fileReasonOf, messageOf, VarveError } from "../errors.ts";
import { parseOrderedJson, plainJson } from "../image/ordered-json.ts";
import type { JsonObject } from "../image/ordered-json.ts";
import { confLayerSchema, idSchema, layerDigestSchema, storePathSchema } from "./conf-layer.ts";
import { checkedAgainst } from "./schema-error.ts";

const confSchema = v.object({
  architecture: v.string(),
  config: v.record(v.string(), v.unknown()),
  os: v.optional(v.string(), "linux"),
  store_dir: v.optional(storePathSchema, "/nix/store"),
  from_image: v.nullish(v.string()),
  /** Ours, for buildImage: which image of the archive. */
  from_image_name: v.nullish(v.string()),
  store_layers: v.array(v.array(storePathSchema)),
  customisation_layer: v.nullable(v.string()),
  repo_tag: v.string(),
  created: v.string(),
  mtime: v.optional(v.string()),
  uid: v.optional(idSchema, 0),
  gid: v.optional(idSchema, 0),
  uname: v.optional(v.string(), "root"),
  gname: v.optional(v.string(), "root"),
  /** varve's own from here on; without them the image is dockerTools', to the byte. */
  /** Layers below `store_layers`, bottom first. */
  layers: v.optional(v.array(confLayerSchema), []),
  /** Layers above all others. */
  root_layers: v.optional(v.array(confLayerSchema), []),
  /** Of all layers above the base's, bottom first: nobody has to read them for their digests. */
  layer_digests: v.nullish(v.array(layerDigestSchema)),
  /** Whether the image takes over all of its base's config, not just `Env`. */
  inherit_config: v.optional(v.boolean(), false),
  /** What its manifest says beside its content. */
  annotations: v.optional(v.record(v.string(), v.string()), {}),
});

/**
 * What nixpkgs' `streamLayeredImage` hands to its script
 * (reference: dockertools-wire-format, section 1), and what varve's own functions add.
 */
export interface DockerToolsConf extends v.InferOutput<typeof confSchema> {
  /** `config` with its keys' order and its numbers as they were written. */
  readonly runtime: JsonObject;
}

/** Whether a value looks like such a conf, rather than another JSON file. */
export function looksLikeConf(value: unknown): boolean {
  return typeof value === "object" && value !== null && "store_layers" in value;
}

/**
 * Reads a conf file.
 *
 * @throws VarveError `CONF_UNREADABLE`, `CONF_INVALID`
 */
export function readConf(file: string): DockerToolsConf {
  let text: string;
  try {
    text = fs.readFileSync(file, "utf8");
  } catch (error) {
    throw new VarveError("CONF_UNREADABLE", `${file} cannot be read: ${fileReasonOf(error)}`, {
      cause: error,
      hint: "--conf takes the JSON file that streamLayeredImage makes (its `conf` attribute)",
    });
  }
  return parseConf(text, file);
}

/** @param where the file it came from, for errors */
export function parseConf(text: string, where: string): DockerToolsConf {
  let ordered;
  try {
    ordered = parseOrderedJson(text);
  } catch (error) {
    throw new VarveError("CONF_INVALID", `${where} is not JSON: ${messageOf(error)}`, {
      cause: error,
    });
  }
  const conf = checkedAgainst(confSchema, plainJson(ordered), where, "CONF_INVALID");
  const runtime = ordered instanceof Map ? ordered.get("config") : undefined;
  return { ...conf, runtime: runtime instanceof Map ? runtime : new Map() };
}

/** All store paths that a conf's layers are packed from. */
export function storePathsOf({ store_layers, layers, root_layers }: DockerToolsConf): string[] {
  const described = [...layers, ...root_layers].filter(({ tar }) => tar == null);
  return [
    ...store_layers.flat(),
    ...described.flatMap(({ paths }) => paths),
    ...described.flatMap(({ trees }) => trees).map(({ from }) => from),
  ];
}
