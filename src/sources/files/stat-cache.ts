import * as crypto from "node:crypto";
import * as fs from "node:fs";
import path from "node:path";
import type { ByteString } from "../../tar/byte-string.ts";

/** Folders that are remembered at a time; the oldest are forgotten. */
const MOST_FOLDERS = 256;
/**
 * A file that was changed less than this long before its folder was looked at could be changed
 * again without another time: file systems' clocks tick every few milliseconds, some every two
 * seconds.
 */
const TICK_MS = 50;
const COARSE_TICK_MS = 2000;

/** What tells, without reading it, whether a file is still the same. */
export interface FileStamp {
  readonly size: number;
  readonly mtimeMs: number;
  readonly ctimeMs: number;
  readonly ino: number;
}

type Remembered = readonly [
  path: ByteString,
  size: number,
  mtimeMs: number,
  ctimeMs: number,
  ino: number,
  hash: string,
];

/**
 * What the files of one folder hashed to when they were looked at last: as in git's index, a file
 * whose size, times and inode are the same has the same content, unless it was changed so shortly
 * before it was hashed that a later change might not show (git's "racily clean" entries); those
 * are hashed again.
 *
 * It is a file a folder, written beside and renamed, so that processes at work together do no harm.
 * It is never needed: what cannot be read or written is as if it were not there.
 */
export class StatCache {
  readonly #file: string | undefined;
  readonly #known: ReadonlyMap<ByteString, Remembered>;
  readonly #startMs: number;
  readonly #seen: Remembered[] = [];
  #hits = 0;

  /**
   * @param cacheFolder varve's own, see `cacheFolder`; undefined remembers nothing
   * @param name stands for the folder that is looked at, and for what of it
   * @param nowMs when looking at it begins, in milliseconds since 1970
   */
  constructor(cacheFolder: string | undefined, name: string, nowMs: number = Date.now()) {
    this.#startMs = nowMs;
    this.#file =
      cacheFolder === undefined
        ? undefined
        : path.join(cacheFolder, "files-1", crypto.hash("sha256", name, "hex"));
    this.#known = new Map(readIndex(this.#file).map((entry) => [entry[0], entry]));
  }

  /** The hash of a file's content, if it is known to be the same. */
  get(file: ByteString, stamp: FileStamp): string | undefined {
    const entry = this.#known.get(file);
    if (entry === undefined) return undefined;
    const [, size, mtimeMs, ctimeMs, ino, hash] = entry;
    const isSame =
      size === stamp.size &&
      mtimeMs === stamp.mtimeMs &&
      ctimeMs === stamp.ctimeMs &&
      ino === stamp.ino;
    if (!isSame) return undefined;
    this.#hits += 1;
    this.#seen.push(entry);
    return hash;
  }

  /** Takes note of a file that has been hashed now. */
  put(file: ByteString, stamp: FileStamp, hash: string): void {
    const { size, mtimeMs, ctimeMs, ino } = stamp;
    if (isRacy(stamp, this.#startMs)) return;
    this.#seen.push([file, size, mtimeMs, ctimeMs, ino, hash]);
  }

  /** Remembers what was seen, and nothing else, for the next time. */
  save(): void {
    if (this.#file === undefined) return;
    if (this.#hits === this.#known.size && this.#seen.length === this.#hits) return;
    const folder = path.dirname(this.#file);
    const beside = `${this.#file}.${process.pid}.tmp`;
    const body = JSON.stringify(this.#seen);
    try {
      fs.mkdirSync(folder, { recursive: true });
      fs.writeFileSync(beside, `${crypto.hash("sha256", body, "hex")}\n${body}`);
      fs.renameSync(beside, this.#file);
      dropOldest(folder);
    } catch {
      removeQuietly(beside);
    }
  }
}

function removeQuietly(file: string): void {
  try {
    fs.rmSync(file, { force: true });
  } catch {
    // Nor can it have been written.
  }
}

function isRacy({ mtimeMs, ctimeMs }: FileStamp, startMs: number): boolean {
  const isCoarse = mtimeMs % 1000 === 0 && ctimeMs % 1000 === 0;
  return Math.max(mtimeMs, ctimeMs) >= startMs - (isCoarse ? COARSE_TICK_MS : TICK_MS);
}

/** The first line says what the rest hashes to, so that damage is noticed. */
function readIndex(file: string | undefined): readonly Remembered[] {
  if (file === undefined) return [];
  try {
    const text = fs.readFileSync(file, "utf8");
    const body = text.slice(text.indexOf("\n") + 1);
    return text.startsWith(`${crypto.hash("sha256", body, "hex")}\n`)
      ? (JSON.parse(body) as Remembered[])
      : [];
  } catch {
    return [];
  }
}

function dropOldest(folder: string): void {
  const names = fs.readdirSync(folder);
  if (names.length <= MOST_FOLDERS) return;
  const dated = names.map((name) => {
    const file = path.join(folder, name);
    return { file, time: fs.statSync(file).mtimeMs };
  });
  dated.sort((a, b) => b.time - a.time);
  for (const { file } of dated.slice(MOST_FOLDERS / 2)) fs.rmSync(file, { force: true });
}
