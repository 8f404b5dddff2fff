import { byteStringOf, isAscii, isUtf8 } from "./byte-string.ts";
import type { ByteString } from "./byte-string.ts";
import type { TarCommon, TarEntry } from "./entry.ts";

/** Longest name and link target that a ustar header holds without its prefix field, in bytes. */
export const USTAR_NAME_LENGTH = 100;
/** Longest user or group name that a ustar header is used for. */
const USTAR_OWNER_NAME_LENGTH = 32;
/** Before the name of an extended attribute in a record's key, as star, GNU tar and Go write it. */
export const XATTR_PREFIX = "SCHILY.xattr.";
/** First value that does not fit the seven octal digits of uid and gid. */
export const USTAR_ID_LIMIT = 8 ** 7;
/** First value that does not fit the eleven octal digits of size and mtime. */
export const USTAR_NUMBER_LIMIT = 8 ** 11;

/**
 * The records that an extended header must hold because a ustar field cannot: in the order and by
 * the rule of CPython's tarfile (reference: dockertools-wire-format, section 3.4). Length counts
 * characters there, but a name that is not ASCII gets its record anyway, so bytes do as well.
 * Extended attributes come first, as headers do that CPython's caller gives, by their names.
 *
 * @param common owner and date of this entry
 */
export function paxRecords(entry: TarEntry, common: TarCommon): Array<[string, ByteString]> {
  const records: Array<[string, ByteString]> = [];
  if (entry.xattrs !== undefined) {
    for (const name of Object.keys(entry.xattrs).toSorted()) {
      records.push([XATTR_PREFIX + name, entry.xattrs[name]!]);
    }
  }
  if (entry.name.length > USTAR_NAME_LENGTH || !isAscii(entry.name)) {
    records.push(["path", entry.name]);
  }
  if (entry.link.length > USTAR_NAME_LENGTH || !isAscii(entry.link)) {
    records.push(["linkpath", entry.link]);
  }
  for (const field of ["uname", "gname"] as const) {
    const name = byteStringOf(common[field]);
    if (name.length > USTAR_OWNER_NAME_LENGTH || !isAscii(name)) records.push([field, name]);
  }
  if (common.uid >= USTAR_ID_LIMIT) records.push(["uid", String(common.uid)]);
  if (common.gid >= USTAR_ID_LIMIT) records.push(["gid", String(common.gid)]);
  if (entry.size >= USTAR_NUMBER_LIMIT) records.push(["size", String(entry.size)]);
  if (common.mtime < 0 || common.mtime >= USTAR_NUMBER_LIMIT) {
    records.push(["mtime", String(common.mtime)]);
  }
  return records;
}

/**
 * The body of an extended header: `<length> key=value\n` per record, the length counting itself
 * (POSIX.1-2017, pax, "Extended Header"). Values that are not UTF-8 are announced by
 * `hdrcharset=BINARY`, as CPython does; extended attributes, which never were text, need no
 * announcement, and other writers make none.
 */
export function paxBody(records: ReadonlyArray<readonly [string, ByteString]>): ByteString {
  const isText = records.every(([key, value]) => key.startsWith(XATTR_PREFIX) || isUtf8(value));
  let body = isText ? "" : "21 hdrcharset=BINARY\n";
  for (const [key, value] of records) {
    const rest = key.length + value.length + 3;
    let length = rest + String(rest).length;
    length = rest + String(length).length;
    body += `${length} ${key}=${value}\n`;
  }
  return body;
}
