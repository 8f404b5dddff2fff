import * as fs from "node:fs";
import { digestOf } from "../../../src/image/digest.ts";

/** A file as a reader of tars gives it back. Names have one character per byte. */
export interface ListedFile {
  readonly name: string;
  readonly type: "file" | "directory" | "symlink";
  /** Permission bits; those of symlinks mean nothing. */
  readonly mode: number;
  /** Bytes of a file. */
  readonly size: number;
  readonly link: string;
  /** Of a file's content, in hexadecimal. */
  readonly sha256?: string;
}

const LATIN1 = { encoding: "latin1" } as const;

/** Everything below a folder, under its name from there on. */
export function listFolder(folder: string, name = ""): ListedFile[] {
  const path = Buffer.from(name === "" ? folder : `${folder}/${name}`, "latin1");
  const stats = fs.lstatSync(path);
  const own = { name, mode: stats.mode & 0o7777, size: 0, link: "" };
  if (stats.isSymbolicLink()) {
    return [{ ...own, type: "symlink", mode: 0o777, link: fs.readlinkSync(path, LATIN1) }];
  }
  if (!stats.isDirectory()) {
    const sha256 = digestOf(fs.readFileSync(path)).slice(7);
    return [{ ...own, type: "file", size: stats.size, sha256 }];
  }
  const below = fs
    .readdirSync(path, LATIN1)
    .flatMap((child) => listFolder(folder, name === "" ? child : `${name}/${child}`));
  return name === "" ? below : [{ ...own, type: "directory" }, ...below];
}

/** In an order of its own, since readers list in theirs. */
export function sortedByName(files: readonly ListedFile[]): ListedFile[] {
  return files.toSorted((a, b) => (a.name < b.name ? -1 : 1));
}
