import * as fs from "node:fs";
import { homedir } from "node:os";
import path from "node:path";
import * as v from "valibot";
import type { LayerDigest } from "./layer-spec.ts";

/** Entries a shard may hold before its oldest are dropped; there are 256 shards. */
const SHARD_LIMIT = 96;
const SHARD_KEPT = 64;

const entrySchema = v.object({
  diffId: v.pipe(v.string(), v.regex(/^sha256:[0-9a-f]{64}$/)),
  size: v.pipe(v.number(), v.safeInteger(), v.minValue(0)),
});

/** The cache folder: `VARVE_CACHE_DIR`, else `varve` in the XDG cache folder. */
export function cacheFolder(env: NodeJS.ProcessEnv = process.env): string {
  const own = env["VARVE_CACHE_DIR"];
  if (own !== undefined && own !== "") return own;
  const xdg = env["XDG_CACHE_HOME"];
  const base = xdg !== undefined && path.isAbsolute(xdg) ? xdg : path.join(homedir(), ".cache");
  return path.join(base, "varve");
}

/**
 * The persistent map from content key to diffID and size: a file an entry, written beside and
 * renamed, so that processes at work together and `kill -9` do no harm. It is never needed for
 * correctness: what cannot be read or written is as if it were not there.
 */
export class DigestStore {
  readonly #folder: string;

  constructor(folder: string = cacheFolder()) {
    this.#folder = path.join(folder, "digests-1");
  }

  get(contentKey: string): LayerDigest | undefined {
    try {
      return v.parse(entrySchema, JSON.parse(fs.readFileSync(this.#fileOf(contentKey), "utf8")));
    } catch {
      return undefined;
    }
  }

  put(contentKey: string, digest: LayerDigest): void {
    const file = this.#fileOf(contentKey);
    const shard = path.dirname(file);
    const beside = `${file}.${process.pid}.tmp`;
    try {
      fs.mkdirSync(shard, { recursive: true });
      fs.writeFileSync(beside, JSON.stringify({ diffId: digest.diffId, size: digest.size }));
      fs.renameSync(beside, file);
      dropOldest(shard);
    } catch {
      fs.rmSync(beside, { force: true });
    }
  }

  #fileOf(contentKey: string): string {
    const hex = contentKey.replace(/^sha256:/, "");
    return path.join(this.#folder, hex.slice(0, 2), hex.slice(2));
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
