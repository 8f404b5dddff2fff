import type { FileChange, FilesDifference, FileSummary } from "../../comparison/compare-files.ts";
import { sameLayers } from "../../comparison/compare-images.ts";
import type { Bytes, ImageDifference, ImageSummary } from "../../comparison/compare-images.ts";
import type { LayerDifference } from "../../comparison/compare-layers.ts";
import type { ComponentDifference } from "../../comparison/components.ts";
import type { FieldDifference } from "../../comparison/entry-fields.ts";
import { shortDigest } from "../../comparison/finding.ts";
import { count, cutTo, formatBytes, nameSome } from "../../wording/format.ts";

const NAMES_SHOWN = 3;
/** Values of a config that mean the same as none. */
const SAYS_NOTHING: ReadonlySet<string> = new Set(["", "false", "[]"]);
/** Values that stand on one line, by their characters. */
const SHORT_VALUES = 60;
/** Lines of one kind on a terminal; a file or pipe gets all. */
const MOST_LINES = 60;

/**
 * What is different between two images, for people.
 *
 * @param width columns of the terminal; undefined for none
 */
export function differenceTable(
  difference: ImageDifference,
  files: FilesDifference | undefined,
  width: number | undefined,
): string {
  const lines = [
    ...namesOf(difference),
    ...section("config", telling(difference.config).flatMap(configLines)),
    ...layerLines(difference),
    ...componentLines(difference.components),
    ...(difference.same ? [] : ["", `to send: ${bytesToSend(difference)}`]),
    ...(files === undefined ? [] : fileLines(files, width)),
  ];
  return lines.map((line) => `${fitted(line, width)}\n`).join("");
}

/** Hashes of store paths are cut on a terminal, so that what follows them can be seen. */
function fitted(line: string, width: number | undefined): string {
  if (width === undefined) return line;
  return cutTo(line.replaceAll(/\/([0-9a-z]{4})[0-9a-z]{28}-/g, "/$1…-"), width);
}

/** The same for machines; paths and digests in full. */
export function differenceJson(
  difference: ImageDifference,
  files: FilesDifference | undefined,
): object {
  return files === undefined ? difference : { ...difference, files };
}

function namesOf({ same, a, b, otherwise }: ImageDifference): string[] {
  if (same) return [nameLine("=", a), nameLine("=", b), "the same image"];
  const why = otherwise === undefined ? [] : [OTHERWISE[otherwise]];
  return [nameLine("-", a), nameLine("+", b), ...why];
}

function nameLine(sign: string, { name, imageId, layers, size }: ImageSummary): string {
  return `${sign} ${shortDigest(imageId)}  ${count(layers, "layer")}, ${shown(size)}  ${name}`;
}

const OTHERWISE = {
  history: "their configs differ in the history only",
  "config-bytes": "their configs say the same, but are written otherwise",
} as const;

function section(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : ["", title, ...lines];
}

/**
 * Without what Docker's builder notes of its own container, and without values that say as much as
 * none, unless there is nothing else.
 */
function telling(fields: readonly FieldDifference[]): readonly FieldDifference[] {
  const left = fields.filter(
    ({ field, a, b }) =>
      !/^container(?:_config\..*)?$/.test(field) &&
      ((a !== undefined && b !== undefined) ||
        /^config\.(?:Env|Labels)\./.test(field) ||
        !SAYS_NOTHING.has(a ?? b ?? "")),
  );
  return left.length === 0 ? fields : left;
}

export function configLines({ field, a, b }: FieldDifference): string[] {
  const name = field
    .replace(/^config\./, "")
    .replace(/^(Env|Labels|ExposedPorts|Volumes)\./, "$1 ");
  if (a === undefined) return [`  + ${name}  ${b}`.trimEnd()];
  if (b === undefined) return [`  - ${name}  ${a}`.trimEnd()];
  if (a.length + b.length <= SHORT_VALUES) return [`  ~ ${name}  ${a} → ${b}`];
  return [`  ~ ${name}`, `      - ${a}`, `      + ${b}`];
}

function layerLines({ layers }: ImageDifference): string[] {
  const { common, onlyInA, onlyInB, sameOrder } = layers;
  if (sameLayers(layers)) return [];
  const title = [
    `layers: ${common.length} common`,
    ...(onlyInA.length === 0 ? [] : [`${onlyInA.length} only in A`]),
    ...(onlyInB.length === 0 ? [] : [`${onlyInB.length} only in B`]),
    ...(sameOrder ? [] : ["the common ones in another order"]),
  ].join(", ");
  return section(title, [
    ...onlyInA.map((layer) => layerLine("-", layer, layer.a!)),
    ...onlyInB.map((layer) => layerLine("+", layer, layer.b!)),
  ]);
}

function layerLine(sign: string, layer: LayerDifference, index: number): string {
  const { diffId, size, paths, what } = layer;
  const place = String(index + 1).padStart(3);
  const bytes = (size === undefined ? "" : formatBytes(size)).padStart(8);
  const names = paths === undefined ? what : nameSome(paths, NAMES_SHOWN);
  return `  ${sign} ${place}  ${bytes}  ${shortDigest(diffId).replace("sha256:", "")}  ${names}`;
}

const SIGNS = { added: "+", removed: "-", changed: "~", rebuilt: "~" } as const;

function componentLines(components: readonly ComponentDifference[] | undefined): string[] {
  if (components === undefined || components.length === 0) return [];
  const counts = (["added", "removed", "changed", "rebuilt"] as const).flatMap((kind) => {
    const number = components.filter(({ change }) => change === kind).length;
    return number === 0 ? [] : [`${number} ${kind}`];
  });
  const column = Math.max(...components.map(({ name }) => name.length));
  return section(
    `components: ${counts.join(", ")}`,
    components.map(({ change, name, a, b }) => {
      const version =
        change === "changed"
          ? `${a!.version || "(none)"} → ${b!.version || "(none)"}`
          : `${(a ?? b)!.version}${change === "rebuilt" ? " rebuilt" : ""}`.trim();
      return `  ${SIGNS[change]} ${name.padEnd(column)}  ${version}`.trimEnd();
    }),
  );
}

function bytesToSend({ toSend, b, layers }: ImageDifference): string {
  if (layers.onlyInB.length === 0) return "no layer";
  const number = `${layers.onlyInB.length} of ${count(b.layers, "layer")}`;
  return `${shown(toSend)} of ${formatBytes(b.size.bytes)}, ${number}`;
}

function shown({ bytes, compressed, unknown }: Bytes): string {
  const form = compressed ? " compressed" : "";
  return `${formatBytes(bytes)}${form}${unknown === 0 ? "" : ` and ${unknown} of unknown size`}`;
}

function fileLines(files: FilesDifference, width: number | undefined): string[] {
  const { added, removed, changed, datesOnly } = files;
  const title = `files: ${added.length} added, ${removed.length} removed, ${changed.length} changed`;
  const dates = datesOnly === 0 ? "" : `; ${datesOnly} differ in their dates only`;
  const lines = [
    ...limited(
      removed.map((file) => fileLine("-", file)),
      width,
    ),
    ...limited(
      added.map((file) => fileLine("+", file)),
      width,
    ),
    ...limited(changed.map(changeLine), width),
  ];
  return ["", title + dates, ...lines];
}

function limited(lines: readonly string[], width: number | undefined): string[] {
  if (width === undefined || lines.length <= MOST_LINES) return [...lines];
  const rest = lines.length - MOST_LINES + 1;
  return [...lines.slice(0, MOST_LINES - 1), `    … and ${rest} more; in a pipe all are listed`];
}

function fileLine(sign: string, { path, type, mode, owner, size, link }: FileSummary): string {
  const told = type === "file" ? formatBytes(size) : link === "" ? type : `→ ${link}`;
  const who = owner === "0:0" ? "" : `, ${owner}`;
  return `  ${sign} ${path}  ${told}, ${mode}${who}`;
}

function changeLine({ path, fields }: FileChange): string {
  return `  ~ ${path}  ${fields.map(fieldText).join(", ")}`;
}

/** `mode 0755 → 0555`; of content, that it differs says enough. */
export function fieldText({ field, a, b }: FieldDifference): string {
  if (field === "content") return "content";
  return `${field} ${a ?? "(none)"} → ${b ?? "(none)"}`;
}
