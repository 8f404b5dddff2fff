import * as fs from "node:fs";
import * as v from "valibot";
import { fileReasonOf, messageOf, VarveError } from "../errors.ts";
import { parseOrderedJson, plainJson } from "../image/ordered-json.ts";
import type { JsonObject } from "../image/ordered-json.ts";
import { checkedAgainst } from "./schema-error.ts";

const storePath = v.pipe(v.string(), v.startsWith("/", "Expected an absolute path"));
/** Nix gives these as text. */
const id = v.pipe(
  v.union([v.string(), v.number()]),
  v.check((value) => /^\d{1,10}$/.test(String(value)), "Expected a user or group number"),
  v.transform(Number),
);

const confSchema = v.object({
  architecture: v.string(),
  config: v.record(v.string(), v.unknown()),
  os: v.optional(v.string(), "linux"),
  store_dir: v.optional(storePath, "/nix/store"),
  from_image: v.nullish(v.string()),
  store_layers: v.array(v.array(storePath)),
  customisation_layer: v.string(),
  repo_tag: v.string(),
  created: v.string(),
  mtime: v.optional(v.string()),
  uid: v.optional(id, 0),
  gid: v.optional(id, 0),
  uname: v.optional(v.string(), "root"),
  gname: v.optional(v.string(), "root"),
});

/**
 * What nixpkgs' `streamLayeredImage` hands to its script
 * (reference: dockertools-wire-format, section 1).
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
