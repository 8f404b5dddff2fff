import { VarveError } from "../../errors.ts";
import type { StreamedEntry } from "../../packing/streamed-layer.ts";
import { displayText } from "../../tar/byte-string.ts";
import type { ByteString } from "../../tar/byte-string.ts";
import { SPECIAL_DIRECTORIES } from "./image-paths.ts";

/** Entries of one component, and the component for messages. */
export interface EntrySource {
  readonly what: string;
  readonly entries: () => AsyncIterable<StreamedEntry>;
}

const DIRECTORY_MODE = 0o755;
const ROOT = { uid: 0, gid: 0, uname: "root", gname: "root" };

/**
 * The entries of several components as one layer: each directory once, and before what is in it.
 * Directories that no component has an opinion on are root's, mode 0755; those that are special on
 * every Debian system are so in every layer.
 *
 * @throws VarveError `PATH_TWICE` when two components place something at one path
 */
export async function* mergedEntries(
  sources: readonly EntrySource[],
): AsyncGenerator<StreamedEntry, void, undefined> {
  const placed = new Map<ByteString, Placed>();
  for (const { what, entries } of sources) {
    for await (const streamed of entries()) {
      const { entry } = streamed;
      const path = entry.name.replace(/^\/|\/$/g, "");
      const before = placed.get(path);
      const isDirectory = entry.type === "directory";
      if (before !== undefined) {
        const isSame = isDirectory
          ? before.link === undefined
          : entry.type === "symlink" && before.link === entry.link;
        if (isSame) continue;
        refuseTwice(path, before.what, what);
      }
      yield* missingParents(path, placed, what);
      placed.set(path, {
        what,
        link: isDirectory ? undefined : entry.type === "symlink" ? entry.link : "",
      });
      yield isDirectory ? directoryEntry(path, streamed) : streamed;
    }
  }
}

interface Placed {
  readonly what: string;
  /** Undefined for a directory, a symlink's target, or empty. */
  readonly link: ByteString | undefined;
}

function* missingParents(
  path: ByteString,
  placed: Map<ByteString, Placed>,
  what: string,
): Generator<StreamedEntry, void, undefined> {
  let slash = path.indexOf("/");
  while (slash !== -1) {
    const parent = path.slice(0, slash);
    const before = placed.get(parent);
    if (before === undefined) {
      placed.set(parent, { what, link: undefined });
      yield directoryEntry(parent);
    } else if (before.link !== undefined) refuseTwice(parent, before.what, what);
    slash = path.indexOf("/", slash + 1);
  }
}

function directoryEntry(path: ByteString, own?: StreamedEntry): StreamedEntry {
  const special = SPECIAL_DIRECTORIES.get(path);
  if (special === undefined && own !== undefined) return own;
  const { mode, owner } = special ?? { mode: DIRECTORY_MODE, owner: ROOT };
  return { entry: { name: `/${path}/`, type: "directory", mode, size: 0, link: "", owner } };
}

function refuseTwice(path: ByteString, first: string, second: string): never {
  throw new VarveError(
    "PATH_TWICE",
    `${first} and ${second} both place something at /${displayText(path)}`,
    { hint: "leave one of the two out: name it in `without`" },
  );
}
