import * as fs from "node:fs";
import path from "node:path";
import { byteStringOf } from "../../tar/byte-string.ts";
import { PatternList } from "./pattern.ts";

/** Folders below which nothing counts, by name. */
const UNWATCHED = new Set([".git", "node_modules"]);
/** Clocks of file systems go in steps. */
const STEP_MS = 10;

/** The patterns of one `.gitignore`. */
interface Ignore {
  readonly folder: string;
  readonly patterns: PatternList;
}

/**
 * Files that were written since a time, but for what git ignores: what scripts make is ignored, as
 * a rule, and what people write is not.
 *
 * @param places absolute paths of files and folders; they need not exist
 * @param since milliseconds since 1970
 * @returns absolute paths, sorted, each once
 */
export function changedSince(places: readonly string[], since: number): string[] {
  const changed = new Set<string>();
  const visit = (file: string, ignores: readonly Ignore[]): void => {
    const stats = fs.lstatSync(file, { throwIfNoEntry: false });
    if (stats === undefined || isIgnored(file, stats.isDirectory(), ignores)) return;
    if (!stats.isDirectory()) {
      if (Math.max(stats.mtimeMs, stats.ctimeMs) >= since - STEP_MS) changed.add(file);
      return;
    }
    const own = [...ignores, ...ignoreIn(file)];
    for (const name of namesIn(file)) {
      if (!UNWATCHED.has(name)) visit(path.join(file, name), own);
    }
  };
  for (const place of places) visit(place, ignoresAbove(place));
  return [...changed].toSorted((a, b) => (a < b ? -1 : 1));
}

/** Those of the folders around a place, up to the repository's top. */
function ignoresAbove(place: string): Ignore[] {
  const found: Ignore[] = [];
  let folder = place;
  while (folder !== path.dirname(folder) && !fs.existsSync(path.join(folder, ".git"))) {
    folder = path.dirname(folder);
    found.unshift(...ignoreIn(folder));
  }
  return found;
}

function ignoreIn(folder: string): Ignore[] {
  let text: string;
  try {
    text = fs.readFileSync(path.join(folder, ".gitignore"), "utf8");
  } catch {
    return [];
  }
  const lines = text.split(/\r?\n/).map((line) => line.trimEnd());
  const patterns = lines.filter((line) => !/^#|^!?\/*$/.test(line));
  return [{ folder, patterns: new PatternList(patterns) }];
}

/** The nearest `.gitignore` that says something decides. */
function isIgnored(file: string, isFolder: boolean, ignores: readonly Ignore[]): boolean {
  for (const { folder, patterns } of ignores.toReversed()) {
    const within = path.relative(folder, file).split(path.sep).join("/");
    const verdict = patterns.verdict(byteStringOf(within), isFolder);
    if (verdict !== undefined) return verdict === "matched";
  }
  return false;
}

function namesIn(folder: string): string[] {
  try {
    return fs.readdirSync(folder);
  } catch {
    return [];
  }
}
