import type { ByteString } from "../../tar/byte-string.ts";
import type { Owner } from "../../tar/entry.ts";

/**
 * Directories that are links in every image, and where they lead: merged `/usr`, and what
 * base-files' script makes of `/var/run` and `/var/lock`. Packages that put something below them
 * put it there.
 */
const LINKED_DIRECTORIES: ReadonlyMap<ByteString, ByteString> = new Map([
  ["bin", "usr/bin"],
  ["sbin", "usr/sbin"],
  ["lib", "usr/lib"],
  ["lib32", "usr/lib32"],
  ["lib64", "usr/lib64"],
  ["libx32", "usr/libx32"],
  ["libo32", "usr/libo32"],
  ["var/run", "run"],
  ["var/lock", "run/lock"],
]);

/**
 * Where a package's path lies in the image; undefined for the linked directories themselves, which
 * are part of the system files.
 *
 * @param path without a leading `/`
 */
export function movedPath(path: ByteString): ByteString | undefined {
  if (LINKED_DIRECTORIES.has(path)) return undefined;
  const [first = "", second = ""] = path.split("/", 2);
  const own = LINKED_DIRECTORIES.get(first);
  if (own !== undefined) return own + path.slice(first.length);
  const both = `${first}/${second}`;
  const nested = LINKED_DIRECTORIES.get(both);
  return nested === undefined ? path : nested + path.slice(both.length);
}

/** The same paths as Debian's own slim images leave out. */
const LEFT_OUT =
  /^usr\/share\/(?:man|info|groff|lintian|linda|locale|doc-base|gnome\/help|help)(?:\/|$)/;
const KEPT = /^usr\/share\/locale\/locale\.alias$/;
const DOCUMENTATION = /^usr\/share\/doc\/[^/]+\/(?!copyright$)/;

/** Whether an entry is documentation or a translation. Copyright files stay, and links to them. */
export function isLeftOut(path: ByteString, isSymlink: boolean): boolean {
  if (KEPT.test(path)) return false;
  if (LEFT_OUT.test(path)) return true;
  return DOCUMENTATION.test(path) && !(isSymlink && path.endsWith("/copyright"));
}

const STAFF: Owner = { uid: 0, gid: 50, uname: "root", gname: "staff" };
const MAIL: Owner = { uid: 0, gid: 8, uname: "root", gname: "mail" };
const ROOT: Owner = { uid: 0, gid: 0, uname: "root", gname: "root" };

/**
 * Directories that are not root's with mode 0755 on a Debian system. They are the same in every
 * layer, whatever package is in it, so that no layer changes what another set.
 */
export const SPECIAL_DIRECTORIES: ReadonlyMap<
  ByteString,
  { readonly mode: number; readonly owner: Owner }
> = new Map([
  ["root", { mode: 0o700, owner: ROOT }],
  ["tmp", { mode: 0o1777, owner: ROOT }],
  ["var/tmp", { mode: 0o1777, owner: ROOT }],
  ["run/lock", { mode: 0o1777, owner: ROOT }],
  ["var/local", { mode: 0o2775, owner: STAFF }],
  ["var/mail", { mode: 0o2775, owner: MAIL }],
]);
