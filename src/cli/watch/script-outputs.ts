import * as crypto from "node:crypto";
import * as fs from "node:fs";
import path from "node:path";
import { changedSince } from "../../sources/files/changed-since.ts";
import { LOCK_FILE } from "../sources/resolve-source.ts";

/** In so many runs in a row a file may be different each time, and still be somebody else's. */
const MOST_RUNS = 4;

/** What is known of a file that was written while scripts were running. */
interface Written {
  readonly hash: string;
  /** Runs in a row that found it different. */
  readonly runs: number;
}

/**
 * Tells what a project's scripts have written from what somebody else wrote while they were running.
 * What git ignores is theirs, what they write again with the same content, and what is different
 * after every run.
 */
export class ScriptOutputs {
  readonly #written = new Map<string, Written>();
  readonly #outputs = new Set<string>();

  /**
   * To be asked after each run. A file that nobody knows counts as somebody else's; whoever runs the
   * scripts again because of it, and asks, gets to know it.
   *
   * @param since when the run began, in milliseconds since 1970
   */
  areOthersWritten(places: readonly string[], since: number): boolean {
    const changed = changedSince(places, since).filter(
      (file) => path.basename(file) !== LOCK_FILE && !this.#outputs.has(file),
    );
    let isAny = false;
    for (const file of changed) {
      const hash = hashOf(file);
      const before = this.#written.get(file);
      const runs = (before?.runs ?? 0) + 1;
      if (before?.hash === hash || runs > MOST_RUNS) {
        this.#outputs.add(file);
        this.#written.delete(file);
        continue;
      }
      this.#written.set(file, { hash, runs });
      isAny = true;
    }
    const isChanged = new Set(changed);
    for (const [file, { hash }] of this.#written) {
      if (!isChanged.has(file)) this.#written.set(file, { hash, runs: 0 });
    }
    return isAny;
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
