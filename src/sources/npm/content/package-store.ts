import * as crypto from "node:crypto";
import * as fs from "node:fs";
import path from "node:path";
import { messageOf, systemCodeOf, VarveError } from "../../../errors.ts";
import { boundCache, cacheLimit, isCached } from "../../../io/bounded-cache.ts";
import { FewAtOnce } from "../../../packing/few-at-once.ts";
import type { NpmRegistry, WantedPackage } from "../registry/npm-registry.ts";
import { readTarball, writeFiles } from "./unpack.ts";

/** Version of how packages are unpacked; another one is another folder. */
const STORE_FORMAT = 1;
/** Fetches at a time: more than registries answer faster. */
const AT_A_TIME = 8;
/** Names of folders that are not whole yet begin so. */
const UNPACKING = ".unpacking-";
/** Whoever began them is gone by then, in milliseconds. */
const ABANDONED_AFTER = 24 * 60 * 60 * 1000;

/**
 * Unpacked packages, a folder for each, named by what pins its content. A folder appears whole or
 * not at all; remove any of them, and it is fetched again. What was used longest ago goes when there
 * is too much.
 */
export class PackageStore {
  readonly #folder: string;
  readonly #registry: NpmRegistry;
  readonly #limit = cacheLimit();
  readonly #running = new Map<string, Promise<string>>();
  readonly #turns = new FewAtOnce(AT_A_TIME);
  #isSwept = false;

  /** @param cacheFolder varve's own, beside its other caches */
  constructor(cacheFolder: string, registry: NpmRegistry) {
    this.#folder = path.join(cacheFolder, `npm-packages-${STORE_FORMAT}`);
    this.#registry = registry;
  }

  /**
   * The folder of a package, fetched unless it is there.
   *
   * @param only files to keep, of a package that holds much that is not needed
   */
  async folderOf(
    wanted: WantedPackage & { readonly checksum?: string | undefined },
    only?: readonly string[],
  ): Promise<string> {
    const { name, version, integrity, checksum = "", resolved = "" } = wanted;
    const pin = integrity ?? checksum;
    const identity = JSON.stringify([name, version, pin, resolved, only?.toSorted() ?? null]);
    const folder = path.join(this.#folder, crypto.hash("sha256", identity, "hex"));
    if (isCached(folder)) return folder;
    let work = this.#running.get(folder);
    if (work === undefined) {
      work = this.#turns.run(() => this.#unpack(wanted, folder, only));
      this.#running.set(folder, work);
    }
    return work;
  }

  async #unpack(
    wanted: WantedPackage,
    folder: string,
    only: readonly string[] | undefined,
  ): Promise<string> {
    const tarball = await this.#registry.tarball(wanted);
    const all = await readTarball(tarball, `${wanted.name}@${wanted.version}`);
    const files = only === undefined ? all : all.filter((file) => only.includes(file.path));
    const beside = this.#folderBeside();
    try {
      writeFiles(beside, files);
      fs.chmodSync(beside, 0o755);
      fs.renameSync(beside, folder);
    } catch (error) {
      fs.rmSync(beside, { recursive: true, force: true });
      // Somebody else was faster: the same files.
      const code = systemCodeOf(error);
      if (code !== "ENOTEMPTY" && code !== "EEXIST") throw this.#unwritable(error);
    }
    boundCache(this.#folder, "folders", this.#limit);
    return folder;
  }

  #folderBeside(): string {
    try {
      fs.mkdirSync(this.#folder, { recursive: true });
      this.#sweep();
      return fs.mkdtempSync(path.join(this.#folder, UNPACKING));
    } catch (error) {
      throw this.#unwritable(error);
    }
  }

  /** Packages lie nowhere else while they are packed, so there is no doing without. */
  #unwritable(cause: unknown): VarveError {
    const message = `packages cannot be unpacked in ${this.#folder}: ${messageOf(cause)}`;
    return new VarveError("CACHE_UNWRITABLE", message, {
      cause,
      hint: "make room there, or name another folder for varve's cache: VARVE_CACHE_DIR, XDG_CACHE_HOME",
    });
  }

  /** Removes what processes that were killed left behind, once. */
  #sweep(): void {
    if (this.#isSwept) return;
    this.#isSwept = true;
    for (const name of fs.readdirSync(this.#folder)) {
      if (!name.startsWith(UNPACKING)) continue;
      const folder = path.join(this.#folder, name);
      const stats = fs.statSync(folder, { throwIfNoEntry: false });
      if (stats === undefined || Date.now() - stats.mtimeMs < ABANDONED_AFTER) continue;
      fs.rmSync(folder, { recursive: true, force: true });
    }
  }
}
