import * as fs from "node:fs";
import path from "node:path";
import type { PublishedFile } from "./unpack.ts";
import type { PackageFiles } from "./package-files.ts";
import { LEFT_OUT_NAMES } from "./package-files.ts";

/** How the files on disk differ from those that were published; paths, sorted. */
export interface Difference {
  readonly added: readonly string[];
  readonly removed: readonly string[];
  readonly changed: readonly string[];
}

/** Compares an installed package with its tarball's files; undefined when they are the same. */
export function compareWithPublished(
  installed: PackageFiles,
  published: readonly PublishedFile[],
): Difference | undefined {
  const expected = new Map(
    published
      .filter(({ path: place }) => belongs(place, installed.keepsNodeModules))
      .map((file) => [file.path, file]),
  );
  const commands = new Set(Object.values(installed.commands));
  const added: string[] = [];
  const changed: string[] = [];
  for (const file of installed.scan.files) {
    const original = expected.get(file.path);
    if (original === undefined) {
      added.push(file.path);
      continue;
    }
    expected.delete(file.path);
    const isExecutable = file.isExecutable || commands.has(file.path);
    const same =
      file.link === undefined &&
      isExecutable === original.isExecutable &&
      file.size === original.content.length &&
      fs.readFileSync(path.join(installed.folder, file.path)).equals(original.content);
    if (!same) changed.push(file.path);
  }
  const removed = [...expected.keys()].toSorted();
  if (added.length + removed.length + changed.length === 0) return undefined;
  return { added, removed, changed };
}

function belongs(place: string, keepsNodeModules: boolean): boolean {
  if (!keepsNodeModules && place.startsWith("node_modules/")) return false;
  return !LEFT_OUT_NAMES.includes(path.posix.basename(place));
}

/** In words: the first few files. */
export function describeDifference({ added, removed, changed }: Difference): string {
  const parts = [
    ["added", added],
    ["changed", changed],
    ["missing", removed],
  ] as const;
  return parts
    .filter(([, files]) => files.length > 0)
    .map(([word, files]) => {
      const more = files.length > 2 ? ` and ${files.length - 2} more` : "";
      return `${word} ${files.slice(0, 2).join(", ")}${more}`;
    })
    .join("; ");
}
