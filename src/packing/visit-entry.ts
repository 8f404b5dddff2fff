import type { TarEntry } from "../tar/entry.ts";
import type { DiskPath } from "./read-disk.ts";

/** Where a file's content lies: on disk, or in memory; undefined where there is none. */
export type EntryContent = DiskPath | Buffer | undefined;

/** Told of an entry and where its content lies. */
export type VisitEntry = (entry: TarEntry, content: EntryContent) => void;

/** Of folders that only lead somewhere. */
export const PARENT_MODE = 0o755;
/** Linux has no other; where a system has, it means nothing. */
export const SYMLINK_MODE = 0o777;
/** File names as byte strings. */
export const LATIN1 = { encoding: "latin1" } as const;
