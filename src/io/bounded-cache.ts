import { randomInt } from "node:crypto";
import * as fs from "node:fs";
import path from "node:path";
import { UsageError } from "../errors.ts";
import { removeQuietly } from "./unfinished-files.ts";

const HOUR = 60 * 60 * 1000;
const DAY = 24 * HOUR;
/** What nobody has used for so long goes, however small the cache is. */
const LONGEST_UNUSED = 90 * DAY;
/** What was used so shortly ago stays, however large the cache is: somebody may be at work with it. */
const STAYS = DAY;
/** Share of the limit that stays when it was exceeded, so that not every run has to clear. */
const KEPT_SHARE = 0.8;
const DEFAULT_LIMIT = 4_000_000_000;
/** When the cache was looked through. */
const MARK = ".looked-through";
const REMOVING = ".removing-";

/** Files, wherever they lie in the cache; or its folders, each whole. */
export type CacheUnit = "files" | "folders";

/**
 * The most bytes that a cache of downloads may have: `VARVE_CACHE_SIZE`, such as `500M` or `10G`.
 *
 * @throws UsageError for what is no size
 */
export function cacheLimit(env: NodeJS.ProcessEnv = process.env): number {
  const text = env["VARVE_CACHE_SIZE"] ?? "";
  if (text === "") return DEFAULT_LIMIT;
  const match = /^(\d{1,6}(?:\.\d+)?)([KMGT])B?$/i.exec(text);
  if (match !== null) return Number(match[1]) * 1000 ** " KMGT".indexOf(match[2]!.toUpperCase());
  throw new UsageError(`VARVE_CACHE_SIZE is "${text}", which is no size`, {
    hint: "write it as 500M or 10G",
  });
}

/**
 * Whether the cache has the file or folder; one that it has counts as used now. A cache that cannot
 * be written is used all the same.
 */
export function isCached(entry: string, now: number = Date.now()): boolean {
  const stats = fs.statSync(entry, { throwIfNoEntry: false });
  if (stats === undefined) return false;
  if (now - stats.mtimeMs > HOUR) {
    try {
      fs.utimesSync(entry, now / 1000, now / 1000);
    } catch {
      // Then others know less well what to remove.
    }
  }
  return true;
}

/**
 * Removes from a cache what was not used for long, and of the rest what was used longest ago while
 * there is more than the limit. Once a day at most; never what was used within the last day, so
 * that processes at work together do no harm to each other. What cannot be removed stays.
 *
 * @param limit bytes
 * @param now milliseconds since 1970
 */
export function boundCache(
  folder: string,
  unit: CacheUnit,
  limit: number,
  now: number = Date.now(),
): void {
  try {
    if (!isTurn(path.join(folder, MARK), now)) return;
    const entries = entriesOf(folder, unit).toSorted((a, b) => a.used - b.used);
    let size = entries.reduce((sum, entry) => sum + entry.size, 0);
    const isFull = size > limit;
    for (const entry of entries) {
      const isOld = now - entry.used > LONGEST_UNUSED;
      if (!isOld && (!isFull || size <= limit * KEPT_SHARE)) break;
      if (now - entry.used < STAYS) break;
      remove(folder, entry.path);
      size -= entry.size;
    }
  } catch {
    // A cache that cannot be read cannot be cleared; whoever needs it says what is wrong.
  }
}

interface Entry {
  readonly path: string;
  /** Milliseconds since 1970. */
  readonly used: number;
  /** Bytes. */
  readonly size: number;
}

function isTurn(mark: string, now: number): boolean {
  const before = fs.statSync(mark, { throwIfNoEntry: false });
  if (before !== undefined && Math.abs(now - before.mtimeMs) < DAY) return false;
  fs.writeFileSync(mark, "");
  fs.utimesSync(mark, now / 1000, now / 1000);
  return true;
}

function entriesOf(folder: string, unit: CacheUnit): Entry[] {
  if (unit === "files") return filesBelow(folder);
  return fs
    .readdirSync(folder, { withFileTypes: true })
    .filter((each) => each.isDirectory())
    .map(({ name }) => {
      const entry = path.join(folder, name);
      const size = filesBelow(entry).reduce((sum, file) => sum + file.size, 0);
      return { path: entry, used: fs.statSync(entry).mtimeMs, size };
    });
}

function filesBelow(folder: string): Entry[] {
  return fs.readdirSync(folder, { withFileTypes: true, recursive: true }).flatMap((each) => {
    if (!each.isFile() || each.name === MARK) return [];
    const file = path.join(each.parentPath, each.name);
    // Another process may clear, too.
    const stats = fs.statSync(file, { throwIfNoEntry: false });
    return stats === undefined ? [] : [{ path: file, used: stats.mtimeMs, size: stats.size }];
  });
}

/** In one step, so that no folder is ever there in part; the rest of it goes the next time. */
function remove(folder: string, entry: string): void {
  const away = path.join(folder, `${REMOVING}${process.pid}-${randomInt(2 ** 32)}`);
  fs.renameSync(entry, away);
  removeQuietly(away);
}
