import * as fs from "node:fs";

/** Files begun and not yet in place, to be removed when the process is interrupted. */
const unfinished = new Set<string>();

/** Notes a file that shall go if the process is interrupted. */
export function beginFile(file: string): void {
  unfinished.add(file);
}

/** The file is in its place, or gone. */
export function endFile(file: string): void {
  unfinished.delete(file);
}

/** Removes what was begun and not finished. For signal handlers: synchronous, never throws. */
export function removeUnfinishedFiles(): void {
  for (const file of unfinished) removeQuietly(file);
}

/** Removes a file or folder as well as it can. */
export function removeQuietly(file: string): void {
  try {
    fs.rmSync(file, { recursive: true, force: true });
  } catch {
    // What led here is the thing to report.
  }
}
