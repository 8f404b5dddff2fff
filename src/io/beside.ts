import { randomInt } from "node:crypto";
import * as fs from "node:fs";
import path from "node:path";
import { isGone, markOf } from "./process-mark.ts";
import { removeQuietly } from "./unfinished-files.ts";

/** Characters of the file's name that the new name bears: so that it is not too long. */
const NAME_SHOWN = 60;
const ENDING = ".partial";

/**
 * A name beside a file or folder, for what takes its place when it is whole. What killed processes
 * have left under such names goes at this opportunity.
 */
export function besideOf(target: string): string {
  const folder = path.dirname(target);
  const stem = `.${path.basename(target).slice(0, NAME_SHOWN)}.`;
  removeAbandoned(folder, stem);
  return path.join(folder, `${stem}${markOf()}.${randomInt(2 ** 32)}${ENDING}`);
}

function removeAbandoned(folder: string, stem: string): void {
  for (const name of namesIn(folder)) {
    if (!name.startsWith(stem) || !name.endsWith(ENDING)) continue;
    const [mark = ""] = name.slice(stem.length).split(".", 1);
    if (isGone(mark)) removeQuietly(path.join(folder, name));
  }
}

function namesIn(folder: string): string[] {
  try {
    return fs.readdirSync(folder);
  } catch {
    // Whoever writes there says what is wrong.
    return [];
  }
}
