import { posix } from "node:path";
import { resolve, resolveParent } from "../../packing/follow-links.ts";
import type { FolderLinks } from "../../packing/follow-links.ts";
import type { ByteString } from "../../tar/byte-string.ts";

/**
 * Directories that are links in an image of Debian's, and where they lead: merged `/usr`, and what
 * base-files' script makes of `/var/run` and `/var/lock`. Packages that put something below them
 * put it there.
 */
const LINKED_DIRECTORIES: FolderLinks = new Map([
  ["bin", "usr/bin"],
  ["sbin", "usr/sbin"],
  ["lib", "usr/lib"],
  ["lib32", "usr/lib32"],
  ["lib64", "usr/lib64"],
  ["libx32", "usr/libx32"],
  ["libo32", "usr/libo32"],
  ["var/run", "/run"],
  ["var/lock", "/run/lock"],
]);

/** What an image has below its Debian layers: paths without a leading `/`. */
export interface LayoutBelow {
  readonly links: FolderLinks;
  readonly folders: ReadonlySet<ByteString>;
}

/**
 * Where things lie in an image. A base decides: a folder that it has stays a folder, where `/usr`
 * is not merged, and a link that it has stays that link, with what packages put below it where it
 * leads. A link in the place of a folder would take away all that the base has in it.
 */
export class ImageLayout {
  /** What tells it from other layouts; undefined for that of an image without a base. */
  readonly key: string | undefined;
  readonly #links: FolderLinks;
  readonly #ofBase: ReadonlySet<ByteString>;

  constructor({ links, folders }: LayoutBelow = { links: new Map(), folders: new Set() }) {
    const own = [...LINKED_DIRECTORIES].filter(([path]) => !links.has(path) && !folders.has(path));
    const others = [...links].filter(([path, target]) => !isOurs(path, target));
    const same = [...links].filter(([path, target]) => isOurs(path, target));
    this.#links = new Map([...own, ...same, ...others]);
    const kept = [...LINKED_DIRECTORIES.keys()].filter((path) => folders.has(path));
    this.#ofBase = new Set([...kept, ...others.map(([path]) => path)]);
    const differs = kept.length > 0 || others.length > 0;
    const sorted = others.toSorted(([a], [b]) => (a < b ? -1 : 1));
    this.key = differs ? JSON.stringify([kept.toSorted(), sorted]) : undefined;
  }

  /**
   * Where a package's path lies in the image; undefined for the linked directories themselves,
   * which are part of the base or of the system files.
   *
   * @param path without a leading `/`
   */
  place(path: ByteString, isDirectory: boolean): ByteString | undefined {
    if (isDirectory ? this.#links.has(path) : LINKED_DIRECTORIES.has(path)) return undefined;
    const at = `/${path}`;
    const placed = isDirectory ? resolve(at, this.#links) : resolveParent(at, this.#links);
    return placed.slice(1);
  }

  /** Whether the base has it as it is, so that it is nobody else's to make. */
  isOfBase(path: ByteString): boolean {
    return this.#ofBase.has(path);
  }
}

/** Whether a base has the link as an image without a base would. */
function isOurs(path: ByteString, target: ByteString): boolean {
  const own = LINKED_DIRECTORIES.get(path);
  const folder = posix.dirname(`/${path}`);
  return own !== undefined && posix.resolve(folder, own) === posix.resolve(folder, target);
}
