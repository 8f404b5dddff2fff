import * as crypto from "node:crypto";
import * as fs from "node:fs";
import path from "node:path";
import { changedSince } from "../../sources/files/changed-since.ts";
import { LOCK_FILE } from "../sources/resolve-source.ts";

/** How often in a row scripts are run because of what was written meanwhile. */
const MOST_RUNS = 3;

/**
 * Tells what a project's scripts have written from what somebody else wrote while they were running.
 * What git ignores is theirs, and what they write again with the same content.
 */
export class ScriptOutputs {
  readonly #hashes = new Map<string, string>();
  readonly #outputs = new Set<string>();
  #runs = 0;

  /**
   * To be asked after each run. A file that nobody knows counts as somebody else's; whoever runs the
   * scripts again because of it, and asks, gets to know it.
   *
   * @param since when the run began, in milliseconds since 1970
   */
  areOthersWritten(places: readonly string[], since: number): boolean {
    let isAny = false;
    for (const file of changedSince(places, since)) {
      if (path.basename(file) === LOCK_FILE || this.#outputs.has(file)) continue;
      const hash = hashOf(file);
      if (this.#hashes.get(file) === hash) {
        this.#outputs.add(file);
        this.#hashes.delete(file);
        continue;
      }
      this.#hashes.set(file, hash);
      isAny = true;
    }
    // What a script writes may be different each time.
    this.#runs = isAny && this.#runs < MOST_RUNS ? this.#runs + 1 : 0;
    return this.#runs > 0;
  }
}

function hashOf(file: string): string {
  try {
    return crypto.hash("sha256", fs.readFileSync(file), "hex");
  } catch {
    // It is gone again, a symlink to nowhere, or not to be read.
    return "";
  }
}
