import * as fs from "node:fs";
import path from "node:path";
import { promisify } from "node:util";
import { messageOf, systemCodeOf, VarveError } from "../errors.ts";
import { besideOf } from "../io/beside.ts";
import { beginFile, endFile, removeQuietly } from "../io/unfinished-files.ts";
import { writeFailure } from "../io/write-fully.ts";

/** Awaited, since it can take long and signals are to be heard meanwhile. */
const sync = promisify(fs.fsync);

/**
 * Writes a file so that it is there whole or not at all: beside its place, synced, then renamed.
 * Devices and pipes, such as `/dev/null`, are written to directly.
 *
 * @throws VarveError `OUTPUT_UNWRITABLE`, `DESTINATION_FULL`, and whatever `write` throws
 */
export async function writeWholeFile(
  file: string,
  write: (fd: number) => Promise<void>,
): Promise<void> {
  const target = targetOf(file);
  if (isSpecial(target, file)) return writeAndClose(open(target, "w", file), write);
  const beside = besideOf(target);
  const fd = open(beside, "wx", file);
  beginFile(beside);
  try {
    await writeAndClose(fd, async () => {
      await write(fd);
      await sync(fd).catch((error: unknown) => {
        throw writeFailure(error);
      });
    });
    attempt(file, () => fs.renameSync(beside, target));
  } catch (error) {
    removeQuietly(beside);
    throw error;
  } finally {
    endFile(beside);
  }
}

async function writeAndClose(fd: number, write: (fd: number) => Promise<void>): Promise<void> {
  try {
    await write(fd);
  } finally {
    fs.closeSync(fd);
  }
}

/** Symlinks are followed, so that the link stays and what it points to is replaced or made. */
function targetOf(file: string): string {
  try {
    return fs.realpathSync(file);
  } catch {
    return linkTargetOf(path.resolve(file));
  }
}

function linkTargetOf(file: string): string {
  try {
    return path.resolve(path.dirname(file), fs.readlinkSync(file));
  } catch {
    return file;
  }
}

function isSpecial(target: string, shown: string): boolean {
  const stats = attempt(shown, () => fs.statSync(target, { throwIfNoEntry: false }));
  if (stats?.isDirectory() === true) {
    throw new VarveError("OUTPUT_UNWRITABLE", `${shown} is a folder`, {
      hint: "give the name of a file, such as image.tar.gz",
    });
  }
  return stats !== undefined && !stats.isFile();
}

function open(file: string, flags: "w" | "wx", shown: string): number {
  return attempt(shown, () => fs.openSync(file, flags, 0o666));
}

/** A file call whose failure is put in words. */
function attempt<Result>(shown: string, call: () => Result): Result {
  try {
    return call();
  } catch (error) {
    const [why, hint] = reasonOf(error);
    throw new VarveError("OUTPUT_UNWRITABLE", `${shown} cannot be written: ${why}`, {
      cause: error,
      hint,
    });
  }
}

function reasonOf(error: unknown): [why: string, hint: string] {
  switch (systemCodeOf(error)) {
    case "ENOENT":
      return ["its folder does not exist", "make the folder first"];
    case "ENOTDIR":
      return ["a part of its path is not a folder", "write elsewhere"];
    case "EACCES":
    case "EPERM":
      return ["permission denied", "write elsewhere, or as a user who may write there"];
    case "EROFS":
      return ["its file system is read-only", "write elsewhere"];
    default:
      return [messageOf(error), "write elsewhere"];
  }
}
