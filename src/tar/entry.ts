import type { ByteString } from "./byte-string.ts";

export type TarEntryType = "file" | "hardlink" | "symlink" | "directory";

/** Who owns an entry: numbers, and names beside them. */
interface Owner {
  readonly uid: number;
  readonly gid: number;
  readonly uname: string;
  readonly gname: string;
}

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
}

/** What all entries of one archive have in common. */
export interface TarCommon extends Owner {
  /** Seconds since 1970. */
  readonly mtime: number;
}
