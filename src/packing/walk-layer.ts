import * as fs from "node:fs";
import { messageOf, VarveError, systemCodeOf } from "../errors.ts";
import { compareNames, displayText, fileSystemPath } from "../tar/byte-string.ts";
import type { ByteString } from "../tar/byte-string.ts";
import type { TarEntry } from "../tar/entry.ts";
import type { LayerSpec } from "./layer-spec.ts";

/** A path on disk: in words for messages, and as file calls take it. */
export interface DiskPath {
  readonly name: ByteString;
  readonly path: string | Buffer;
}

/** Told of an entry and where its content lies; parents of the trees lie nowhere. */
export type VisitEntry = (entry: TarEntry, from: DiskPath | undefined) => void;

const PARENT_MODE = 0o755;
/** Linux has no other; where a system has, it means nothing. */
const SYMLINK_MODE = 0o777;
const LATIN1 = { encoding: "latin1" } as const;

/**
 * Visits everything that goes into a layer, in the order of its tar: the parents, then each tree
 * with its descendants in component-wise order (reference: dockertools-wire-format, section 3.1).
 *
 * @throws VarveError `PACK_MISSING`, `PACK_CHANGED`, `PACK_UNREADABLE`, `PACK_UNSUPPORTED`, naming
 *   the file
 */
export function walkLayer(spec: LayerSpec, visit: VisitEntry): void {
  for (const parent of spec.parents) {
    const entry = { name: `${parent}/`, type: "directory", mode: PARENT_MODE } as const;
    visit({ ...entry, size: 0, link: "" }, undefined);
  }
  for (const { at, from } of spec.trees) {
    refuseAbsent(from);
    walkTree(at, from, visit);
  }
}

function walkTree(at: ByteString, name: ByteString, visit: VisitEntry): void {
  const from = { name, path: fileSystemPath(name) };
  const stats = attempt(from, () => fs.lstatSync(from.path));
  const mode = stats.mode & 0o7777;
  if (stats.isFile()) {
    visit({ name: at, type: "file", mode, size: stats.size, link: "" }, from);
  } else if (stats.isDirectory()) {
    visit({ name: `${at}/`, type: "directory", mode, size: 0, link: "" }, from);
    const children = attempt(from, () => fs.readdirSync(from.path, LATIN1));
    for (const child of children.toSorted(compareNames)) {
      if (child.startsWith(".wh.")) refuseWhiteout(`${name}/${child}`);
      walkTree(`${at}/${child}`, `${name}/${child}`, visit);
    }
  } else if (stats.isSymbolicLink()) {
    const link = attempt(from, () => fs.readlinkSync(from.path, LATIN1));
    visit({ name: at, type: "symlink", mode: SYMLINK_MODE, size: 0, link }, from);
  } else {
    throw new VarveError(
      "PACK_UNSUPPORTED",
      `${displayText(name)} is a ${kindOf(stats)}; an image layer holds files, folders and symlinks`,
      { hint: "remove it from the component, or leave the component out" },
    );
  }
}

/** A file call whose failure is put in words. */
export function attempt<Result>(from: DiskPath, call: () => Result): Result {
  try {
    return call();
  } catch (error) {
    throw readFailure(from.name, error);
  }
}

function readFailure(path: ByteString, error: unknown): Error {
  const name = displayText(path);
  switch (systemCodeOf(error)) {
    case "ENOENT":
    case "ENOTDIR":
    case "EISDIR":
    case "ELOOP":
      return new VarveError("PACK_CHANGED", `${name} vanished while it was packed`, {
        cause: error,
        hint: "something removes or replaces files there (a garbage collection?); run again when it is done",
      });
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

function refuseAbsent(name: ByteString): void {
  const from = { name, path: fileSystemPath(name) };
  const stats = attempt(from, () => fs.lstatSync(from.path, { throwIfNoEntry: false }));
  if (stats !== undefined) return;
  throw new VarveError("PACK_MISSING", `${displayText(name)} does not exist`, {
    hint: "build or fetch it first",
  });
}

function refuseWhiteout(path: ByteString): never {
  throw new VarveError(
    "PACK_UNSUPPORTED",
    `${displayText(path)}: names that begin with ".wh." mean a deletion in an image layer`,
    { hint: "rename the file, or leave the component out" },
  );
}

function kindOf(stats: fs.Stats): string {
  if (stats.isSocket()) return "socket";
  if (stats.isFIFO()) return "named pipe";
  if (stats.isBlockDevice()) return "block device";
  return "character device";
}
