import type { ByteString } from "../../tar/byte-string.ts";
import type { Owner } from "../../tar/entry.ts";

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
