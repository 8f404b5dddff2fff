import type { CheckedContent } from "../../comparison/check-content.ts";
import type { RebuildComparison, RebuiltLayer } from "../../comparison/compare-rebuild.ts";
import type { EntryDifference, TarDifference } from "../../comparison/compare-tars.ts";
import type { FieldDifference } from "../../comparison/entry-fields.ts";
import { shortDigest } from "../../comparison/finding.ts";
import type { Finding } from "../../comparison/finding.ts";
import { count, cutTo, formatBytes, nameSome } from "../../wording/format.ts";
import { configLines, fieldText } from "./difference-table.ts";

/** What came of looking at an image. */
export interface Verification {
  readonly name: string;
  /** `isRead`: whether layers were read, or only asked for. */
  readonly content: CheckedContent & { readonly isRead: boolean };
  /** Undefined when no sources were given. */
  readonly rebuild: RebuildComparison | undefined;
}

const NAMES_SHOWN = 3;
/** Entries of one layer that are told on a terminal; a file or pipe gets all. */
const MOST_ENTRIES = 40;

/** What came of it, for machines. */
export function verificationJson({ name, content, rebuild }: Verification): {
  readonly image: string;
  readonly verified: boolean;
  readonly findings: readonly Finding[];
} & Record<string, unknown> {
  const { isRead, images, layers, read } = content;
  const findings = [...content.findings, ...(rebuild?.findings ?? [])];
  const verified = findings.length === 0 && rebuild?.verified !== false;
  const whole = { images, layers, layersRead: isRead, bytesRead: read };
  if (rebuild === undefined) return { image: name, verified, findings, whole };
  const { imageId, rebuiltId, config, layers: rebuilt } = rebuild;
  return {
    image: name,
    verified,
    findings,
    whole,
    rebuild: { imageId, rebuiltId, config, layers: rebuilt },
  };
}

/** The same for people. */
export function verificationTable(verification: Verification, width: number | undefined): string {
  const { name, content, rebuild } = verification;
  const { findings } = verificationJson(verification);
  const lines = [
    ...findings.map(({ place, problem }) => `${place}: ${problem}`),
    wholeLine(name, content),
    ...(rebuild === undefined ? [] : rebuildLines(rebuild, width)),
  ];
  return lines.map((line) => `${width === undefined ? line : cutTo(line, width)}\n`).join("");
}

function wholeLine(name: string, content: Verification["content"]): string {
  const { findings, images, layers, isRead, read } = content;
  const what =
    images === 1 ? count(layers, "layer") : `${count(images, "image")}, ${count(layers, "layer")}`;
  if (findings.length > 0)
    return `${name} is not whole: ${count(findings.length, "finding")}, ${what}`;
  const how = isRead
    ? `read and right, ${formatBytes(read)}`
    : "there; --deep reads what is in them";
  return `${name} is whole: ${what} ${how}`;
}

function rebuildLines(rebuild: RebuildComparison, width: number | undefined): string[] {
  const { imageId, rebuiltId, config, layers } = rebuild;
  if (imageId === rebuiltId) {
    return [`its sources give the same image: ${imageId}`];
  }
  const different = layers.filter(({ same }) => !same);
  return [
    `its sources give another image: ${shortDigest(rebuiltId)}, not ${shortDigest(imageId)}`,
    ...(config.length === 0 ? [] : ["", "config", ...config.flatMap(configLines)]),
    ...different.flatMap((layer) => ["", ...layerLines(layer, width)]),
    ...(config.length > 0 || different.length > 0
      ? []
      : ["the configs differ in their history or in how they are written"]),
  ];
}

function layerLines(layer: RebuiltLayer, width: number | undefined): string[] {
  const { index, diffId, rebuilt, paths, difference } = layer;
  const names = nameSome(paths, NAMES_SHOWN);
  if (diffId === undefined)
    return [`layer ${shortDigest(rebuilt!)} of ${names}: only the sources give it`];
  const title = `layer ${index! + 1} ${shortDigest(diffId)} of ${names}`;
  if (rebuilt === undefined) return [`${title}: the sources do not give it`];
  const head = `${title}: the sources give ${shortDigest(rebuilt)}`;
  return difference === undefined ? [head] : [head, ...differenceLines(difference, width)];
}

function differenceLines({ entries, order, framing }: TarDifference, width?: number): string[] {
  if (order !== undefined) return [`  the same entries in another order, from ${order} on`];
  if (framing !== undefined) {
    return [`  the same entries, but the tar is written otherwise from byte ${framing} on`];
  }
  const lines = folded(entries).map(entryLine);
  const most = width === undefined ? lines.length : MOST_ENTRIES;
  const rest = lines.length - most;
  return [
    ...lines.slice(0, most),
    ...(rest > 0 ? [`    … and ${rest} more; in a pipe all are listed`] : []),
  ];
}

/** An entry and how many are under it that are told with it. */
interface Folded extends EntryDifference {
  readonly below: number;
}

/** What is in a folder that only one side has goes without saying. */
function folded(entries: readonly EntryDifference[]): Folded[] {
  const told: Array<EntryDifference & { below: number }> = [];
  const byFolder = new Map<string, { below: number }>();
  for (const entry of entries) {
    const { path, change } = entry;
    const folder = byFolder.get(`${change} ${path.slice(0, Math.max(0, path.lastIndexOf("/")))}`);
    const own = folder ?? { ...entry, below: 0 };
    if (folder === undefined) told.push(own as EntryDifference & { below: number });
    else folder.below += 1;
    if (change !== "changed") byFolder.set(`${change} ${path}`, own);
  }
  return told;
}

function entryLine({ path, change, fields, firstDifferentByte: at, below }: Folded): string {
  const more = below === 0 ? "" : ` and ${below} in it`;
  if (change === "only-in-a") return `  - ${path}${more}: the sources do not give it`;
  if (change === "only-in-b") return `  + ${path}${more}: only the sources give it`;
  return `  ~ ${path}  ${fields.map((field) => withPlace(field, at)).join(", ")}`;
}

function withPlace(field: FieldDifference, at: number | undefined): string {
  const text = fieldText(field);
  return field.field === "content" && at !== undefined ? `${text} from byte ${at} on` : text;
}
