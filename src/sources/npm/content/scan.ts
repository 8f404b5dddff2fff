import * as fs from "node:fs";
import { VarveError } from "../../../errors.ts";
import type { FileStamp } from "../../files/stat-cache.ts";
import { byText } from "../by-text.ts";

/** What a folder holds, as far as its metadata tell. */
export interface FolderScan {
  /** Files and symlinks by their paths within the folder, with `/`, sorted. */
  readonly files: readonly ScannedFile[];
  /** Bytes of all files. */
  readonly size: number;
  /** When the newest of them was written, in milliseconds since 1970. */
  readonly newest: number;
  /** Whether there are folders without anything in them. */
  readonly hasEmptyFolder: boolean;
}

export interface ScannedFile extends FileStamp {
  readonly path: string;
  readonly isExecutable: boolean;
  /** Target, for symlinks. */
  readonly link?: string;
}

const ANYBODY_EXECUTES = 0o111;

/**
 * Lists a folder by its metadata alone.
 *
 * @param leaveOut names what is not looked at, by its path within the folder
 * @throws VarveError `NPM_CONTENT` for sockets, pipes and devices
 */
export function scanFolder(
  root: string,
  leaveOut: (path: string, isFolder: boolean) => boolean,
): FolderScan {
  const files: ScannedFile[] = [];
  let size = 0;
  let newest = 0;
  let hasEmptyFolder = false;
  // Thousands of files: joining their paths by `path.join` would be a third of the time.
  const visit = (folder: string, prefix: string): void => {
    const entries = fs.readdirSync(folder, { withFileTypes: true });
    if (entries.length === 0 && prefix !== "") hasEmptyFolder = true;
    for (const entry of entries) {
      const isFolder = entry.isDirectory();
      const place = prefix + entry.name;
      if (leaveOut(place, isFolder)) continue;
      const full = `${folder}/${entry.name}`;
      if (isFolder) {
        visit(full, `${place}/`);
        continue;
      }
      const stats = fs.lstatSync(full);
      const { mtimeMs, ctimeMs, ino } = stats;
      if (mtimeMs > newest) newest = mtimeMs;
      if (stats.isFile()) {
        const isExecutable = (stats.mode & ANYBODY_EXECUTES) !== 0;
        files.push({ path: place, size: stats.size, mtimeMs, ctimeMs, ino, isExecutable });
        size += stats.size;
      } else if (stats.isSymbolicLink()) {
        const link = fs.readlinkSync(full);
        files.push({ path: place, size: 0, mtimeMs, ctimeMs, ino, isExecutable: false, link });
      } else {
        throw new VarveError("NPM_CONTENT", `${full} is neither file, folder nor symlink`, {
          hint: "remove it, or leave it out of the image",
        });
      }
    }
  };
  visit(root, "");
  return { files: files.toSorted((a, b) => byText(a.path, b.path)), size, newest, hasEmptyFolder };
}
