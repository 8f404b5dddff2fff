import * as fs from "node:fs";
import path from "node:path";
import { messageOf, systemCodeOf, VarveError } from "../errors.ts";

/** Files begun and not yet in place, to be removed when the process is interrupted. */
const unfinished = new Set<string>();

/** Removes what was begun and not finished. For signal handlers: synchronous, never throws. */
export function removeUnfinishedFiles(): void {
  for (const file of unfinished) fs.rmSync(file, { force: true });
  unfinished.clear();
}

/**
 * Writes a file so that it is there whole or not at all: beside its place, synced, then renamed.
 * Devices and pipes, such as `/dev/null`, are written to directly.
 *
 * @throws VarveError `OUTPUT_UNWRITABLE`, and whatever `write` throws
 */
export async function writeWholeFile(
  file: string,
  write: (fd: number) => Promise<void>,
): Promise<void> {
  const target = targetOf(file);
  const beside = isSpecial(target)
    ? undefined
    : path.join(path.dirname(target), `.${path.basename(target)}.${process.pid}.partial`);
  const fd = open(beside ?? target, file);
  if (beside !== undefined) unfinished.add(beside);
  try {
    await write(fd);
    if (beside !== undefined) fs.fsyncSync(fd);
    fs.closeSync(fd);
    if (beside !== undefined) fs.renameSync(beside, target);
  } catch (error) {
    closeQuietly(fd);
    if (beside !== undefined) fs.rmSync(beside, { force: true });
    throw error;
  } finally {
    if (beside !== undefined) unfinished.delete(beside);
  }
}

/** Symlinks are followed, so that the link stays and what it points to is replaced. */
function targetOf(file: string): string {
  try {
    return fs.realpathSync(file);
  } catch {
    return path.resolve(file);
  }
}

function isSpecial(file: string): boolean {
  const stats = fs.statSync(file, { throwIfNoEntry: false });
  if (stats?.isDirectory() === true) {
    throw new VarveError("OUTPUT_UNWRITABLE", `${file} is a folder`, {
      hint: "give the name of a file, such as image.tar.gz",
    });
  }
  return stats !== undefined && !stats.isFile();
}

function open(file: string, shown: string): number {
  try {
    return fs.openSync(file, "w", 0o666);
  } catch (error) {
    const missing = systemCodeOf(error) === "ENOENT";
    throw new VarveError(
      "OUTPUT_UNWRITABLE",
      missing
        ? `${shown} cannot be written: its folder does not exist`
        : `${shown} cannot be written: ${messageOf(error)}`,
      { cause: error, hint: missing ? "make the folder first" : "write elsewhere" },
    );
  }
}

function closeQuietly(fd: number): void {
  try {
    fs.closeSync(fd);
  } catch {
    // It is closed already; the error that led here is the one to report.
  }
}
