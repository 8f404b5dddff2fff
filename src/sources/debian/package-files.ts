import { VarveError } from "../../errors.ts";
import { FewAtOnce } from "../../packing/few-at-once.ts";
import type { AptSource } from "./apt-sources.ts";
import { noMirrors } from "./choose-sources.ts";
import { DebFile } from "./deb-file.ts";
import type { PinnedPackage } from "./lock.ts";
import { pinnedFile } from "./mirror.ts";
import type { MirrorAccess } from "./mirror.ts";

const DOWNLOADS_AT_ONCE = 6;

/** The `.deb` files of a lock: fetched when they are wanted, from the cache or a mirror. */
export class PackageFiles {
  readonly #mirrors: readonly AptSource[];
  readonly #access: MirrorAccess;
  readonly #turns = new FewAtOnce(DOWNLOADS_AT_ONCE);
  /** Two layers may want one file at a time. */
  readonly #fetching = new Map<string, Promise<string>>();

  constructor(mirrors: readonly AptSource[], access: MirrorAccess) {
    this.#mirrors = mirrors;
    this.#access = access;
  }

  /** Path of the file, its content checked. @throws VarveError `DEB_MISSING` */
  path(pinned: PinnedPackage): Promise<string> {
    const key = pinned.sha256;
    let fetching = this.#fetching.get(key);
    if (fetching === undefined) {
      fetching = this.#turns.run(() => this.#fetch(pinned));
      this.#fetching.set(key, fetching);
      const forget = (): void => void this.#fetching.delete(key);
      fetching.then(forget, forget);
    }
    return fetching;
  }

  /**
   * Opens the file for as long as `use` takes. One that proves damaged is removed from the cache.
   *
   * @throws VarveError `DEB_MISSING`, `DEB_DAMAGED`
   */
  async *read<Item>(
    pinned: PinnedPackage,
    use: (deb: DebFile, what: string) => AsyncIterable<Item>,
  ): AsyncGenerator<Item, void, undefined> {
    const what = `${pinned.name} ${pinned.version}`;
    const file = await this.path(pinned);
    let deb: DebFile | undefined;
    try {
      deb = new DebFile(file, what);
      yield* use(deb, what);
    } catch (error) {
      if (!(error instanceof VarveError) || error.code !== "DEB_DAMAGED") throw error;
      this.#access.cache.forget(pinned);
      throw new VarveError(error.code, error.message, {
        cause: error,
        hint: `it was removed from the cache; if it comes again, the suite ${pinned.suite} has it so`,
      });
    } finally {
      deb?.close();
    }
  }

  async #fetch(pinned: PinnedPackage): Promise<string> {
    const file = await pinnedFile(pinned, this.#urls(pinned), this.#access);
    if (file !== undefined) return file;
    if (this.#mirrors.length === 0) throw noMirrors();
    throw new VarveError(
      "DEB_MISSING",
      `no mirror has ${pinned.name} ${pinned.version} (${pinned.path}) any more`,
      {
        hint: "take what the suites have now: varve lock --update; or add a mirror that keeps old versions",
      },
    );
  }

  /** The mirror of the suite first; any other may have it, too. */
  #urls({ suite, path }: PinnedPackage): string[] {
    const own = this.#mirrors.filter((source) => source.suite === suite);
    const encoded = path.split("/").map(encodeURIComponent).join("/");
    return [...new Set([...own, ...this.#mirrors].map(({ mirror }) => mirror + encoded))];
  }
}
