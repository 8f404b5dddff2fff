import { hexOf } from "../image/digest.ts";
import { count, cutTo, formatBytes, nameSome } from "../wording/format.ts";

/** What `varve inspect` shows. */
export interface Inspection {
  readonly references: readonly string[];
  /** Digest of the config. */
  readonly imageId: string;
  /** The whole image config (OCI image-spec, config.md). */
  readonly config: Readonly<Record<string, unknown>>;
  /** Bottom first. */
  readonly layers: ReadonlyArray<{
    readonly diffId: string;
    /** Bytes, uncompressed. */
    readonly size: number;
    readonly paths: readonly string[];
    readonly reason: string;
  }>;
}

type Rows = Array<readonly [name: string, value: string]>;

const NAMES_SHOWN = 3;
const DIGITS_SHOWN = 12;

/** @param width columns of the terminal that the lines of layers are cut to; undefined for none */
export function inspectionTable(inspection: Inspection, width?: number): string {
  const { references, imageId, config, layers } = inspection;
  const size = layers.reduce((sum, layer) => sum + layer.size, 0);
  const variant = typeof config["variant"] === "string" ? `/${config["variant"]}` : "";
  const rows: Rows = [
    ...(references.length === 0 ? ["(none)"] : references).map(named("name")),
    ["image ID", imageId],
    ["platform", `${String(config["os"])}/${String(config["architecture"])}${variant}`],
    ["created", typeof config["created"] === "string" ? config["created"] : "(unknown)"],
    ...runtimeRows(config["config"]),
    ["layers", `${layers.length}, ${formatBytes(size)}`],
  ];
  const column = Math.max(...rows.map(([name]) => name.length)) + 2;
  const lines = [
    ...rows.map(([name, value]) => name.padEnd(column) + value),
    ...layers.map((layer, index) => {
      const line = layerLine(layer, index);
      return width === undefined ? line : cutTo(line, width);
    }),
  ];
  return lines.map((line) => `${line}\n`).join("");
}

function layerLine(
  { diffId, size, paths, reason }: Inspection["layers"][number],
  index: number,
): string {
  const place = String(index + 1).padStart(5);
  const digits = hexOf(diffId).slice(0, DIGITS_SHOWN);
  const many = paths.length > NAMES_SHOWN ? `${count(paths.length, "path")}: ` : "";
  const what = paths.length === 0 ? reason : many + nameSome(paths, NAMES_SHOWN);
  return `${place}  ${formatBytes(size).padStart(8)}  ${digits}  ${what}`.trimEnd();
}

/** A row a list item, so that each variable and port can be read. */
function runtimeRows(runtime: unknown): Rows {
  if (typeof runtime !== "object" || runtime === null) return [];
  return Object.entries(runtime).flatMap(([key, value]: [string, unknown]): Rows => {
    if (value === null || value === "" || value === false) return [];
    if (key === "Env" && Array.isArray(value)) return value.map(String).map(named(key));
    if (typeof value === "object" && !Array.isArray(value) && isSet(value)) {
      return Object.keys(value).map(named(key));
    }
    if (key === "Labels" && typeof value === "object") {
      const labels = Object.entries(value as Record<string, unknown>);
      return labels.map(([name, text]) => `${name}=${String(text)}`).map(named(key));
    }
    return [[key, typeof value === "string" ? value : JSON.stringify(value)]];
  });
}

/** Ports and volumes are objects whose values are empty objects. */
function isSet(value: object): boolean {
  return Object.values(value).every(
    (member) => typeof member === "object" && member !== null && Object.keys(member).length === 0,
  );
}

/** Rows under one name, which only the first shows. */
function named(name: string): (value: string, index: number) => readonly [string, string] {
  return (value, index) => [index === 0 ? name : "", value];
}
