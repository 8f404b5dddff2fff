import { count, formatBytes, nameSome } from "../wording/format.ts";
import { hexOf } from "../image/digest.ts";

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

const NAMES_SHOWN = 3;
const DIGITS_SHOWN = 12;

export function inspectionTable({ references, imageId, config, layers }: Inspection): string {
  const size = layers.reduce((sum, layer) => sum + layer.size, 0);
  const lines = [
    `name      ${references.length === 0 ? "(none)" : references.join(", ")}`,
    `image ID  ${imageId}`,
    `platform  ${String(config["os"])}/${String(config["architecture"])}`,
    `created   ${String(config["created"])}`,
    ...runtimeLines(config["config"]),
    `layers    ${layers.length}, ${formatBytes(size)}`,
    ...layers.map(({ diffId, size: bytes, paths }, index) => {
      const digits = hexOf(diffId).slice(0, DIGITS_SHOWN);
      const position = `${index + 1}`.padStart(4);
      const what = paths.length > NAMES_SHOWN ? `${count(paths.length, "path")}: ` : "";
      return `${position} ${formatBytes(bytes).padStart(8)}  ${digits}  ${what}${nameSome(paths, NAMES_SHOWN)}`;
    }),
  ];
  return `${lines.join("\n")}\n`;
}

function runtimeLines(runtime: unknown): string[] {
  if (typeof runtime !== "object" || runtime === null) return [];
  return Object.entries(runtime).map(
    ([key, value]) =>
      `${key.padEnd(10)}${typeof value === "string" ? value : JSON.stringify(value)}`,
  );
}
