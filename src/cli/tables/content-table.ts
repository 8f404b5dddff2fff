import { hexOf } from "../../image/digest.ts";
import { count, formatBytes } from "../../wording/format.ts";
import type { ArtifactInspection, IndexInspection } from "./inspect-content.ts";

const DIGITS_SHOWN = 12;
const UNKNOWN = "unknown/unknown";

/** An index: what it is, and a line for each image with its digest, which can be used. */
export function indexTable({ references, manifest, manifests }: IndexInspection): string {
  const platforms = manifests.map(({ platform }) => platform ?? UNKNOWN);
  const width = Math.max(0, ...platforms.map((platform) => platform.length));
  const rows: Array<[string, string]> = [
    ["name", references.join(", ")],
    ["digest", manifest.digest],
    ["type", manifest.mediaType],
    ...annotationRows(manifest.annotations),
    ["manifests", String(manifests.length)],
  ];
  const lines = manifests.map(({ digest, annotations, artifactType }, index) => {
    const of = annotations["vnd.docker.reference.digest"];
    const what =
      of === undefined
        ? (artifactType ?? "")
        : `${annotations["vnd.docker.reference.type"] ?? "accompanies"} of ${short(of)}`;
    return `  ${platforms[index]!.padEnd(width)}  ${digest}  ${what}`.trimEnd();
  });
  return text([...inColumns(rows), ...lines]);
}

/** What is no image: its blobs. */
export function artifactTable(inspection: ArtifactInspection): string {
  const { references, manifest, artifactType, blobs } = inspection;
  const rows: Array<[string, string]> = [
    ["name", references.join(", ")],
    ["digest", manifest.digest],
    ["type", artifactType ?? manifest.mediaType],
    ...annotationRows(manifest.annotations),
    ["blobs", `${count(blobs.length, "blob")}, ${formatBytes(sum(blobs))}`],
  ];
  const lines = blobs.map(
    ({ digest, mediaType, size, title = "" }) =>
      `  ${formatBytes(size).padStart(8)}  ${short(digest)}  ${mediaType}  ${title}`,
  );
  return text([...inColumns(rows), ...lines.map((line) => line.trimEnd())]);
}

function annotationRows(annotations: Readonly<Record<string, string>>): Array<[string, string]> {
  return Object.entries(annotations).map(([name, value], index) => [
    index === 0 ? "annotations" : "",
    `${name}=${value}`,
  ]);
}

function inColumns(rows: ReadonlyArray<readonly [string, string]>): string[] {
  const column = Math.max(...rows.map(([name]) => name.length)) + 2;
  return rows.map(([name, value]) => name.padEnd(column) + value);
}

function sum(blobs: ReadonlyArray<{ readonly size: number }>): number {
  return blobs.reduce((total, { size }) => total + size, 0);
}

function short(digest: string): string {
  return hexOf(digest).slice(0, DIGITS_SHOWN);
}

function text(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join("");
}
