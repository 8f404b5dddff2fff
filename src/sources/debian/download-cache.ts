import { createHash } from "node:crypto";
import * as fs from "node:fs";
import { homedir, tmpdir } from "node:os";
import path from "node:path";
import { systemCodeOf, VarveError } from "../../errors.ts";
import { boundCache, cacheLimit, isCached } from "../../io/bounded-cache.ts";
import { beginFile, endFile, removeQuietly } from "../../io/unfinished-files.ts";
import { cacheFolder } from "../../packing/digest-store.ts";

/** A file that is known by what is in it. */
export interface Pinned {
  /** Hexadecimal. */
  readonly sha256: string;
  /** Bytes. */
  readonly size: number;
}

/** Where content comes from when the cache lacks it; undefined where it is not to be had. */
type Fetch = (
  take: (content: AsyncIterable<Uint8Array>) => Promise<string>,
) => Promise<string | undefined>;

/**
 * What was fetched, in the user's cache folder: files by the SHA-256 of their content, and the
 * Release files by their URLs. A file is written beside and renamed, so that processes at work
 * together and `kill -9` do no harm. What is found is hashed before it is used: a damaged file is
 * removed and fetched anew. What was used longest ago goes when there is too much.
 */
export class DownloadCache {
  readonly #folder: string;
  readonly #limit = cacheLimit();
  /** Digests that were found right by this process. */
  readonly #checked = new Set<string>();

  constructor(folder = cacheFolder() ?? path.join(homedirOr(tmpdir()), ".varve")) {
    this.#folder = path.join(folder, "debian-1");
  }

  /**
   * Path of the file with this content, fetched if need be.
   *
   * @param what names it in errors
   * @returns undefined where it is not to be had
   * @throws VarveError `DOWNLOAD_DIFFERS` when what comes is other content
   */
  async file(pinned: Pinned, what: string, fetch: Fetch): Promise<string | undefined> {
    const file = this.#fileFor(pinned.sha256);
    if (await this.#holds(file, pinned)) return file;
    return fetch((content) => this.#store(file, pinned, what, content));
  }

  /** Path of the file with this content, if the cache has it. */
  async have(pinned: Pinned): Promise<string | undefined> {
    const file = this.#fileFor(pinned.sha256);
    return (await this.#holds(file, pinned)) ? file : undefined;
  }

  /** Removes content that turned out to be of no use. */
  forget({ sha256 }: Pinned): void {
    this.#checked.delete(sha256);
    fs.rmSync(this.#fileFor(sha256), { force: true });
  }

  /** Remembers a text that only its URL names: a Release file, checked by its signature. */
  remember(url: string, text: Uint8Array): void {
    const file = this.#textFor(url);
    const beside = besideOf(file);
    fs.writeFileSync(beside, text);
    fs.renameSync(beside, file);
    endFile(beside);
  }

  /** What was remembered under the URL. */
  recall(url: string): Buffer | undefined {
    try {
      return fs.readFileSync(this.#textFor(url));
    } catch {
      return undefined;
    }
  }

  async #holds(file: string, { sha256, size }: Pinned): Promise<boolean> {
    try {
      if (isCached(file) && fs.statSync(file).size === size) {
        if (this.#checked.has(sha256)) return true;
        const hash = createHash("sha256");
        for await (const chunk of fs.createReadStream(file, { highWaterMark: 1 << 20 })) {
          hash.update(chunk as Buffer);
        }
        if (hash.digest("hex") === sha256) {
          this.#checked.add(sha256);
          return true;
        }
      }
    } catch (error) {
      if (systemCodeOf(error) === "ENOENT") return false;
      throw error;
    }
    fs.rmSync(file, { force: true });
    return false;
  }

  async #store(
    file: string,
    { sha256, size }: Pinned,
    what: string,
    content: AsyncIterable<Uint8Array>,
  ): Promise<string> {
    const beside = besideOf(file);
    try {
      const handle = await fs.promises.open(beside, "wx");
      const hash = createHash("sha256");
      let length = 0;
      try {
        for await (const chunk of content) {
          length += chunk.length;
          if (length > size) break;
          hash.update(chunk);
          await handle.writeFile(chunk);
        }
        await handle.sync();
      } finally {
        await handle.close();
      }
      const digest = hash.digest("hex");
      if (length !== size || digest !== sha256) {
        throw new VarveError(
          "DOWNLOAD_DIFFERS",
          length < size
            ? `${what} is cut off: ${length} of ${size} bytes came`
            : `${what} has the SHA-256 ${digest}, not ${sha256}`,
          { hint: "the mirror is being updated or damaged: try again later, or another mirror" },
        );
      }
      fs.renameSync(beside, file);
      this.#checked.add(sha256);
      boundCache(this.#folder, "files", this.#limit);
      return file;
    } finally {
      removeQuietly(beside);
      endFile(beside);
    }
  }

  #fileFor(sha256: string): string {
    return path.join(this.#folder, "sha256", sha256.slice(0, 2), sha256.slice(2));
  }

  #textFor(url: string): string {
    const name = createHash("sha256").update(url).digest("hex");
    return path.join(this.#folder, "release", name);
  }
}

let besides = 0;

function besideOf(file: string): string {
  fs.mkdirSync(path.dirname(file), { recursive: true });
  besides += 1;
  const beside = `${file}.${process.pid}.${besides}.tmp`;
  beginFile(beside);
  return beside;
}

function homedirOr(other: string): string {
  try {
    return homedir();
  } catch {
    return other;
  }
}
