import { randomInt } from "node:crypto";
import * as fs from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { systemCodeOf, VarveError } from "../errors.ts";
import { removeQuietly } from "../io/unfinished-files.ts";
import { attempt } from "./attempt.ts";
import { isGone, markOf } from "../io/process-mark.ts";

/** Milliseconds between two tries to get the lock. */
const RETRY_DELAY = 5;
/** Milliseconds after which a lock of another machine is taken for left behind. */
const STALE = 10_000;
/** Milliseconds to wait at most. */
const PATIENCE = 30_000;

/**
 * Does something that no other process does with the same lock meanwhile. The work is synchronous,
 * so that no signal ends it half done; only `kill -9` leaves a lock behind, which the next process
 * takes over: at once when its holder is dead, or after ten seconds when it cannot know.
 *
 * @throws VarveError `LAYOUT_LOCKED`; whatever the work throws
 */
export async function withLock<Result>(file: string, work: () => Result): Promise<Result> {
  const began = Date.now();
  while (!take(file)) {
    if (isLeftBehind(file)) removeLeftBehind(file);
    else if (Date.now() - began > PATIENCE) {
      throw new VarveError("LAYOUT_LOCKED", `${file} is held by another process all the time`, {
        hint: "wait for the other process; if there is none, remove the file",
      });
    } else await sleep(RETRY_DELAY);
  }
  try {
    return work();
  } finally {
    removeQuietly(file);
  }
}

function take(file: string): boolean {
  return attempt(file, "written", () => {
    try {
      fs.writeFileSync(file, markOf(), { flag: "wx" });
      return true;
    } catch (error) {
      if (systemCodeOf(error) === "EEXIST") return false;
      throw error;
    }
  });
}

/** A lock without a holder is being written, or was left so: its age tells. */
function isLeftBehind(file: string): boolean {
  const stats = fs.statSync(file, { throwIfNoEntry: false });
  if (stats === undefined) return false;
  if (Date.now() - stats.mtimeMs > STALE) return true;
  return isGone(readQuietly(file));
}

/** Moved away first: should another have taken it over meanwhile, its lock is put back. */
function removeLeftBehind(file: string): void {
  const aside = `${file}.${randomInt(2 ** 47).toString(16)}`;
  try {
    fs.renameSync(file, aside);
    if (!isLeftBehind(aside)) fs.linkSync(aside, file);
  } catch {
    // Somebody else was first.
  } finally {
    removeQuietly(aside);
  }
}

function readQuietly(file: string): string {
  try {
    return fs.readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
