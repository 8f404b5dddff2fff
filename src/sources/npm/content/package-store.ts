import * as crypto from "node:crypto";
import * as fs from "node:fs";
import * as os from "node:os";
import path from "node:path";
import { systemCodeOf } from "../../../errors.ts";
import type { NpmRegistry, WantedPackage } from "../registry/npm-registry.ts";
import { readTarball, writeFiles } from "./unpack.ts";

/** Version of how packages are unpacked; another one is another folder. */
const STORE_FORMAT = 1;
/** Fetches at a time: more than registries answer faster. */
const AT_A_TIME = 8;

/**
 * Unpacked packages, a folder for each, named by what pins its content. A folder appears whole or
 * not at all; remove any of them, and it is fetched again.
 */
export class PackageStore {
  readonly #folder: string;
  readonly #registry: NpmRegistry;
  readonly #running = new Map<string, Promise<string>>();
  readonly #waiting: Array<() => void> = [];
  #free = AT_A_TIME;

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
    if (fs.existsSync(folder)) return folder;
    let work = this.#running.get(folder);
    if (work === undefined) {
      work = this.#inTurn(() => this.#unpack(wanted, folder, only));
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
    fs.mkdirSync(this.#folder, { recursive: true });
    const beside = fs.mkdtempSync(path.join(this.#folder, `.unpacking-${os.hostname()}-`));
    try {
      writeFiles(beside, files);
      fs.chmodSync(beside, 0o755);
      fs.renameSync(beside, folder);
    } catch (error) {
      fs.rmSync(beside, { recursive: true, force: true });
      // Somebody else was faster: the same files.
      const code = systemCodeOf(error);
      if (code !== "ENOTEMPTY" && code !== "EEXIST") throw error;
    }
    return folder;
  }

  async #inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.#free === 0) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#free -= 1;
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#free += 1;
      else next();
    }
  }
}
