import * as fs from "node:fs";

/** How old the last change must be, so that a later one shows in the file's times, in ms. */
const CLOCK_TICK = 100;
/** The same on file systems that keep whole seconds, or even seconds. */
const COARSE_TICK = 2100;

/** The database is being written, or has been a moment ago: try again later. */
export class UnsettledError extends Error {
  constructor(file: string) {
    super(`${file} is being written all the time`);
  }
}

/**
 * Reads a database without locks, and makes sure that nobody wrote to it meanwhile: writers first
 * put something into a log or journal beside it, and end with a new time of the database itself.
 *
 * @throws UnsettledError
 */
export function readUnlocked<Result>(file: string, read: () => Result): Result {
  const before = stateOf(file);
  let result: Result;
  try {
    result = read();
  } catch (error) {
    // A database that changes while it is read can look damaged.
    if (stateOf(file) !== before) throw new UnsettledError(file);
    throw error;
  }
  if (stateOf(file) !== before) throw new UnsettledError(file);
  return result;
}

/** Whether the log or journal beside a database holds something. */
export function isBeingWritten(file: string): boolean {
  return [`${file}-wal`, `${file}-journal`].some((beside) => {
    const stats = fs.statSync(beside, { throwIfNoEntry: false });
    return stats !== undefined && stats.size > 0;
  });
}

/** What changes when the database does. @throws UnsettledError while it may be changing */
function stateOf(file: string): string {
  if (isBeingWritten(file)) throw new UnsettledError(file);
  const { ino, size, mtimeNs, ctimeNs } = fs.statSync(file, { bigint: true });
  const tick = ctimeNs % 1_000_000_000n === 0n ? COARSE_TICK : CLOCK_TICK;
  // A time in the future is as good: whoever writes now will set another one.
  const age = Math.abs(Date.now() - Number(ctimeNs / 1_000_000n));
  if (age < tick) throw new UnsettledError(file);
  return `${ino} ${size} ${mtimeNs} ${ctimeNs}`;
}
