import { JsonNumber } from "./ordered-json.ts";
import type { JsonObject, JsonValue } from "./ordered-json.ts";
import { pythonJson, pythonListRepr } from "./python-json.ts";

/** What an image config says, apart from its layers' digests. */
export interface ConfigContent {
  /** As it shall stand in the config: RFC 3339, or what a peer writes. */
  readonly created: string;
  readonly architecture: string;
  readonly os: string;
  /** How the image runs: env, command, ports and so on. */
  readonly runtime: JsonObject;
  /** Per layer, bottom first: what is in it. */
  readonly layerPaths: ReadonlyArray<readonly string[]>;
  /** What the history says of single layers beside that, by their places in `layerPaths`. */
  readonly layerSteps?: ReadonlyArray<JsonObject | undefined> | undefined;
  /** What stands in place of the bottom layers' own: a base's. */
  readonly base?: BaseContent | undefined;
}

/** What of a base's config stays as it was. */
export interface BaseContent {
  /** Layers of the base. */
  readonly layers: number;
  /** Its steps, those that made no layer, too. */
  readonly history: readonly JsonObject[];
  /** What says more of the platform: `variant`, `os.version`, `os.features`. */
  readonly platform: JsonObject;
}

/**
 * The config that dockerTools writes, byte for byte: keys, order, spelling and a history comment
 * per layer (reference: dockertools-wire-format, section 4). Docker shows the comments in
 * `docker history`, so that what is in which layer can be read from the image itself.
 */
export function dockerToolsConfig(content: ConfigContent, diffIds: readonly string[]): Buffer {
  const { base, layerSteps = [] } = content;
  const below = base?.layers ?? 0;
  const steps = content.layerPaths
    .slice(below)
    .map(
      (paths, index): JsonValue =>
        new Map<string, JsonValue>([
          ["created", content.created],
          ["comment", `store paths: ${pythonListRepr(paths)}`],
          ...(layerSteps[below + index] ?? []),
        ]),
    );
  const rootfs = new Map<string, JsonValue>([
    ["diff_ids", [...diffIds]],
    ["type", "layers"],
  ]);
  const config = new Map<string, JsonValue>([
    ["created", content.created],
    ["architecture", content.architecture],
    ["os", content.os],
    ...(base?.platform ?? []),
    ["config", content.runtime],
    ["rootfs", rootfs],
    ["history", [...(base?.history ?? []), ...steps]],
  ]);
  return Buffer.from(pythonJson(config), "utf8");
}

/**
 * A base image's environment under one's own: keyed by name, the later value wins but keeps the
 * earlier place (reference: dockertools-wire-format, section 6). Everything else is one's own.
 */
export function inheritEnvironment(base: JsonObject, own: JsonObject): JsonObject {
  const entries = [...environmentOf(base), ...environmentOf(own)];
  if (entries.length === 0) return own;
  const byName = new Map<string, string>();
  for (const entry of entries) byName.set(entry.split("=", 1)[0]!, entry);
  return new Map<string, JsonValue>([...own, ["Env", [...byName.values()]]]);
}

/** The variables of a config: `NAME=VALUE`. */
export function environmentOf(config: JsonObject): string[] {
  const env = config.get("Env");
  return Array.isArray(env) ? env.filter((entry) => typeof entry === "string") : [];
}

/**
 * Objects with their keys sorted by their UTF-8 bytes, as Nix writes them, so that the order in
 * which a person wrote them does not count.
 */
export function sortedKeys(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(sortedKeys);
  if (value === null || typeof value !== "object" || value instanceof JsonNumber) return value;
  const keys = [...value.keys()].toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  return new Map(keys.map((key) => [key, sortedKeys(value.get(key)!)]));
}
