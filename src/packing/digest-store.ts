import * as crypto from "node:crypto";
import * as fs from "node:fs";
import { homedir } from "node:os";
import path from "node:path";
import * as v from "valibot";
import type { LayerDigest } from "./layer-spec.ts";

/** Entries a shard may hold before its oldest are dropped; there are 256 shards. */
const SHARD_LIMIT = 96;
const SHARD_KEPT = 64;
const CHECK_LENGTH = 16;

const entrySchema = v.object({
  diffId: v.pipe(v.string(), v.regex(/^sha256:[0-9a-f]{64}$/)),
  size: v.pipe(v.number(), v.safeInteger(), v.minValue(0)),
  check: v.string(),
});

/**
 * The cache folder: `VARVE_CACHE_DIR`, else `varve` in the XDG cache folder; undefined for a user
 * who has no home.
 */
export function cacheFolder(env: NodeJS.ProcessEnv = process.env): string | undefined {
  const own = env["VARVE_CACHE_DIR"];
  if (own !== undefined && own !== "") return own;
  const xdg = env["XDG_CACHE_HOME"];
  if (xdg !== undefined && path.isAbsolute(xdg)) return path.join(xdg, "varve");
  try {
    return path.join(homedir(), ".cache", "varve");
  } catch {
    return undefined;
  }
}

/**
 * The persistent map from content key to diffID and size: a file an entry, written beside and
 * renamed, so that processes at work together and `kill -9` do no harm. It is never needed for
 * correctness: what cannot be read or written is as if it were not there.
 */
export class DigestStore {
  readonly #folder: string | undefined;

  constructor(folder: string | undefined = cacheFolder()) {
    this.#folder = folder === undefined ? undefined : path.join(folder, "digests-1");
  }

  get(contentKey: string): LayerDigest | undefined {
    if (this.#folder === undefined) return undefined;
    try {
      const text = fs.readFileSync(fileFor(this.#folder, contentKey), "utf8");
      const { diffId, size, check } = v.parse(entrySchema, JSON.parse(text));
      return check === checkOf(contentKey, { diffId, size }) ? { diffId, size } : undefined;
    } catch {
      return undefined;
    }
  }

  put(contentKey: string, { diffId, size }: LayerDigest): void {
    if (this.#folder === undefined) return;
    const file = fileFor(this.#folder, contentKey);
    const shard = path.dirname(file);
    const beside = `${file}.${process.pid}.tmp`;
    const check = checkOf(contentKey, { diffId, size });
    try {
      fs.mkdirSync(shard, { recursive: true });
      fs.writeFileSync(beside, JSON.stringify({ diffId, size, check }));
      fs.renameSync(beside, file);
      dropOldest(shard);
    } catch {
      removeQuietly(beside);
    }
  }
}

function fileFor(folder: string, contentKey: string): string {
  const hex = contentKey.replace(/^sha256:/, "");
  return path.join(folder, hex.slice(0, 2), hex.slice(2));
}

/** Tells an entry that a disk or a person has changed: a wrong digest would go into an image. */
function checkOf(contentKey: string, { diffId, size }: LayerDigest): string {
  return crypto.hash("sha256", `${contentKey} ${diffId} ${size}`, "hex").slice(0, CHECK_LENGTH);
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
