import * as crypto from "node:crypto";
import * as fs from "node:fs";
import path from "node:path";

/** Entries a shard may hold before its oldest are dropped; there are 256 shards. */
const SHARD_LIMIT = 96;
const SHARD_KEPT = 64;
const CHECK_LENGTH = 16;

/**
 * A persistent map from digests to small texts, a file an entry: written beside and renamed, so
 * that processes at work together and `kill -9` do no harm, and bounded. What cannot be read or
 * written is as if it were not there.
 */
export class KeyedFiles {
  readonly #folder: string | undefined;

  /** @param folder undefined for a map that forgets everything */
  constructor(folder: string | undefined) {
    this.#folder = folder;
  }

  /** @param key `sha256:<hex>` */
  get(key: string): string | undefined {
    if (this.#folder === undefined) return undefined;
    try {
      const text = fs.readFileSync(fileFor(this.#folder, key), "utf8");
      const check = text.slice(-CHECK_LENGTH);
      const value = text.slice(0, -CHECK_LENGTH);
      return check === checkOf(key, value) ? value : undefined;
    } catch {
      return undefined;
    }
  }

  put(key: string, value: string): void {
    if (this.#folder === undefined) return;
    const file = fileFor(this.#folder, key);
    const shard = path.dirname(file);
    const beside = `${file}.${process.pid}.tmp`;
    try {
      fs.mkdirSync(shard, { recursive: true });
      fs.writeFileSync(beside, value + checkOf(key, value));
      fs.renameSync(beside, file);
      dropOldest(shard);
    } catch {
      removeQuietly(beside);
    }
  }
}

function fileFor(folder: string, key: string): string {
  const hex = key.replace(/^sha256:/, "");
  return path.join(folder, hex.slice(0, 2), hex.slice(2));
}

/** Tells an entry that a disk or a person has changed. */
function checkOf(key: string, value: string): string {
  return crypto.hash("sha256", `${key} ${value}`, "hex").slice(0, CHECK_LENGTH);
}

function removeQuietly(file: string): void {
  try {
    fs.rmSync(file, { force: true });
  } catch {
    // Nor can it have been written.
  }
}

function dropOldest(shard: string): void {
  const names = fs.readdirSync(shard);
  if (names.length <= SHARD_LIMIT) return;
  const dated = names.map((name) => {
    const file = path.join(shard, name);
    return { file, time: fs.statSync(file).mtimeMs };
  });
  dated.sort((a, b) => b.time - a.time);
  for (const { file } of dated.slice(SHARD_KEPT)) fs.rmSync(file, { force: true });
}
