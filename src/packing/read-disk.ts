import * as fs from "node:fs";
import { messageOf, systemCodeOf, VarveError } from "../errors.ts";
import { displayText, fileSystemPath } from "../tar/byte-string.ts";
import type { ByteString } from "../tar/byte-string.ts";

/** What was a file a moment ago is neither followed as a symlink nor waited for as a pipe. */
export const OPEN_FLAGS: number =
  fs.constants.O_RDONLY | fs.constants.O_NOFOLLOW | fs.constants.O_NONBLOCK;

/** A path on disk: in words for messages, and as file calls take it. */
export interface DiskPath {
  readonly name: ByteString;
  readonly path: string | Buffer;
  /** The `ctime` that the file must still have once it has been read, in milliseconds. */
  readonly stamp?: number | undefined;
}

export function diskPath(name: ByteString): DiskPath {
  return { name, path: fileSystemPath(name) };
}

/**
 * A file call whose failure is put in words.
 *
 * @throws VarveError `PACK_CHANGED`, `PACK_UNREADABLE`
 */
export function attempt<Result>(from: DiskPath, call: () => Result): Result {
  try {
    return call();
  } catch (error) {
    throw readFailure(from.name, error);
  }
}

/** @throws VarveError `PACK_CHANGED`, always */
export function refuseTouched(path: ByteString): never {
  throw new VarveError(
    "PACK_CHANGED",
    `${displayText(path)} was changed after its content had been looked at`,
    { hint: "run again when nothing writes there" },
  );
}

/** @throws VarveError `PACK_CHANGED`, always */
export function refuseVanished(path: ByteString, cause?: unknown): never {
  throw new VarveError("PACK_CHANGED", `${displayText(path)} vanished while it was packed`, {
    cause,
    hint: "something removes or replaces files there (a garbage collection?); run again when it is done",
  });
}

function readFailure(path: ByteString, error: unknown): Error {
  const name = displayText(path);
  switch (systemCodeOf(error)) {
    case "ENOENT":
    case "ENOTDIR":
    case "EISDIR":
    case "ELOOP":
      return refuseVanished(path, error);
    case "EACCES":
    case "EPERM":
      return new VarveError("PACK_UNREADABLE", `${name} cannot be read: permission denied`, {
        cause: error,
        hint: "run as a user who may read it",
      });
    default:
      return new VarveError("PACK_UNREADABLE", `${name} cannot be read: ${messageOf(error)}`, {
        cause: error,
        hint: "is the disk sound, and can other programs read the file?",
      });
  }
}

/** @throws VarveError `PACK_MISSING` */
export function refuseAbsent(from: DiskPath): void {
  const stats = attempt(from, () => fs.lstatSync(from.path, { throwIfNoEntry: false }));
  if (stats !== undefined) return;
  throw new VarveError("PACK_MISSING", `${displayText(from.name)} does not exist`, {
    hint: "build or fetch it first",
  });
}

/** @throws VarveError `PACK_UNSUPPORTED` for a name that would delete something */
export function refuseWhiteout(child: ByteString, path: ByteString): void {
  if (!child.startsWith(".wh.")) return;
  throw new VarveError(
    "PACK_UNSUPPORTED",
    `${displayText(path)}: names that begin with ".wh." mean a deletion in an image layer`,
    { hint: "rename the file, or leave the component out" },
  );
}

/** @throws VarveError `PACK_UNSUPPORTED`, always */
export function refuseKind(name: ByteString, stats: fs.Stats): never {
  throw new VarveError(
    "PACK_UNSUPPORTED",
    `${displayText(name)} is a ${kindOf(stats)}; an image layer holds files, folders and symlinks`,
    { hint: "remove it from the component, or leave the component out" },
  );
}

function kindOf(stats: fs.Stats): string {
  if (stats.isSocket()) return "socket";
  if (stats.isFIFO()) return "named pipe";
  if (stats.isBlockDevice()) return "block device";
  return "character device";
}
