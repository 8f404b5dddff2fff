import type { JsonObject, JsonValue } from "./ordered-json.ts";

/** What an image's config says of how it came to be, a step each (OCI image-spec, config.md). */
export interface HistoryEntry {
  /** Whether the step made a layer. */
  readonly hasLayer: boolean;
  readonly comment: string;
  readonly createdBy: string;
  /** The entry as it is written. */
  readonly raw: JsonObject;
}

/** The history in a config; empty where there is none. */
export function historyOf(config: JsonObject): HistoryEntry[] {
  const history = config.get("history");
  if (!Array.isArray(history)) return [];
  return history.flatMap((raw): HistoryEntry[] => {
    if (!(raw instanceof Map)) return [];
    const comment = textOf(raw.get("comment"));
    const createdBy = textOf(raw.get("created_by"));
    return [{ hasLayer: raw.get("empty_layer") !== true, comment, createdBy, raw }];
  });
}

/** The steps that made layers, one each; undefined when the history does not fit the layers. */
export function layerHistory(config: JsonObject, layers: number): HistoryEntry[] | undefined {
  const steps = historyOf(config).filter(({ hasLayer }) => hasLayer);
  return steps.length === layers ? steps : undefined;
}

/**
 * Paths that a layer's comment lists, as dockerTools and varve write it (reference:
 * dockertools-wire-format, section 4): `store paths: ['/nix/store/…', …]`.
 */
export function pathsInComment(comment: string): string[] {
  const list = /^store paths: \[(.*)\]$/s.exec(comment)?.[1];
  if (list === undefined) return [];
  // Store paths have neither quotes nor backslashes; what has is not one.
  return [...list.matchAll(/(?:^|, )'([^'\\]*)'(?=, |$)/g)].map((match) => match[1]!);
}

function textOf(value: JsonValue | undefined): string {
  return typeof value === "string" ? value : "";
}
