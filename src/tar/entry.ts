import type { ByteString } from "./byte-string.ts";

export type TarEntryType = "file" | "hardlink" | "symlink" | "directory";

/** Who owns an entry: numbers, and names beside them. */
export interface Owner {
  readonly uid: number;
  readonly gid: number;
  readonly uname: string;
  readonly gname: string;
}

/** Extended attributes: name → value, both byte strings. */
export type Xattrs = Readonly<Record<string, ByteString>>;

/** What one tar entry says, before it is laid out in blocks. */
export interface TarEntry {
  /** As it stands in the archive; a directory's ends in `/`. */
  readonly name: ByteString;
  readonly type: TarEntryType;
  /** Permission bits, 0…0o7777. */
  readonly mode: number;
  /** Bytes of content; 0 unless a file. */
  readonly size: number;
  /** Target of a symlink or hard link, otherwise empty. */
  readonly link: ByteString;
  /** Where it is not the archive's common one. */
  readonly owner?: Owner | undefined;
  /** Extended attributes by their names (`security.capability`), any bytes. */
  readonly xattrs?: Xattrs | undefined;
}

/** What all entries of one archive have in common. */
export interface TarCommon extends Owner {
  /** Seconds since 1970. */
  readonly mtime: number;
}
