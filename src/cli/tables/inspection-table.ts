import { hexOf } from "../../image/digest.ts";
import { count, cutTo, formatBytes, nameSome } from "../../wording/format.ts";

/** A manifest or index as it is kept. */
export interface InspectedManifest {
  readonly digest: string;
  readonly mediaType: string;
  /** Bytes. */
  readonly size: number;
  readonly annotations: Readonly<Record<string, string>>;
}

/** What `varve inspect` shows of an image. */
export interface Inspection {
  readonly references: readonly string[];
  /** Digest of the config. */
  readonly imageId: string;
  /** The whole image config (OCI image-spec, config.md). */
  readonly config: Readonly<Record<string, unknown>>;
  /** Bottom first. */
  readonly layers: ReadonlyArray<{
    readonly diffId: string;
    /** Bytes, uncompressed; undefined when nobody has said it. */
    readonly size: number | undefined;
    readonly paths: readonly string[];
    readonly reason: string;
    /** Of its blob, where it is kept as one. */
    readonly digest?: string;
    readonly mediaType?: string;
    /** Bytes of its blob. */
    readonly blobSize?: number;
  }>;
  /** Where there is one: a Docker archive has none, nor has what is not made yet. */
  readonly manifest?: InspectedManifest;
}

type Rows = Array<readonly [name: string, value: string]>;

const NAMES_SHOWN = 3;
const DIGITS_SHOWN = 12;

/** @param width columns of the terminal that the lines of layers are cut to; undefined for none */
export function inspectionTable(inspection: Inspection, width?: number): string {
  const { references, imageId, config, layers, manifest } = inspection;
  const variant = typeof config["variant"] === "string" ? `/${config["variant"]}` : "";
  const rows: Rows = [
    ...(references.length === 0 ? ["(none)"] : references).map(named("name")),
    ...(manifest === undefined ? [] : [["digest", manifest.digest] as const]),
    ["image ID", imageId],
    ["platform", `${String(config["os"])}/${String(config["architecture"])}${variant}`],
    ["created", typeof config["created"] === "string" ? config["created"] : "(unknown)"],
    ...runtimeRows(config["config"]),
    ...annotationRows(manifest?.annotations ?? {}),
    ["layers", `${layers.length}, ${sizesText(layers)}`],
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

/** `30.1 MB as they are kept, 75.2 MB uncompressed`; one where the other is not known. */
function sizesText(layers: Inspection["layers"]): string {
  const size = sum(layers.map((layer) => layer.size));
  const isStored = layers.some(({ blobSize }) => blobSize !== undefined);
  const blobSize = isStored ? sum(layers.map((layer) => layer.blobSize)) : undefined;
  const texts = [
    ...(blobSize === undefined ? [] : [`${formatBytes(blobSize)} as they are kept`]),
    ...(size === undefined ? [] : [`${formatBytes(size)}${isStored ? " uncompressed" : ""}`]),
  ];
  return texts.join(", ");
}

function sum(sizes: ReadonlyArray<number | undefined>): number | undefined {
  let total = 0;
  for (const size of sizes) {
    if (size === undefined) return undefined;
    total += size;
  }
  return total;
}

function annotationRows(annotations: Readonly<Record<string, string>>): Rows {
  return Object.entries(annotations)
    .map(([name, text]) => `${name}=${text}`)
    .map(named("annotations"));
}

function sizeText(size: number | undefined): string {
  return (size === undefined ? "?" : formatBytes(size)).padStart(8);
}

function layerLine(
  { diffId, size, blobSize, paths, reason }: Inspection["layers"][number],
  index: number,
): string {
  const place = String(index + 1).padStart(5);
  const digits = hexOf(diffId).slice(0, DIGITS_SHOWN);
  const many = paths.length > NAMES_SHOWN ? `${count(paths.length, "path")}: ` : "";
  const what = paths.length === 0 ? reason : many + nameSome(paths, NAMES_SHOWN);
  const kept = blobSize === undefined ? "" : `  ${sizeText(blobSize)}`;
  return `${place}${kept}  ${sizeText(size)}  ${digits}  ${what}`.trimEnd();
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
