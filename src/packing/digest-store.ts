import { homedir } from "node:os";
import path from "node:path";
import * as v from "valibot";
import { KeyedFiles } from "./keyed-files.ts";
import type { LayerDigest } from "./layer-spec.ts";

const entrySchema = v.object({
  diffId: v.pipe(v.string(), v.regex(/^sha256:[0-9a-f]{64}$/)),
  size: v.pipe(v.number(), v.safeInteger(), v.minValue(0)),
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
 * The persistent map from content key to diffID and size. It is never needed for correctness, and
 * an entry that a disk or a person has changed is none: a wrong digest would go into an image.
 */
export class DigestStore {
  readonly #files: KeyedFiles;

  constructor(folder: string | undefined = cacheFolder()) {
    this.#files = new KeyedFiles(folder === undefined ? undefined : path.join(folder, "digests-1"));
  }

  get(contentKey: string): LayerDigest | undefined {
    const text = this.#files.get(contentKey);
    try {
      return text === undefined ? undefined : v.parse(entrySchema, JSON.parse(text));
    } catch {
      return undefined;
    }
  }

  put(contentKey: string, { diffId, size }: LayerDigest): void {
    this.#files.put(contentKey, JSON.stringify({ diffId, size }));
  }
}
