import type { ByteString } from "../tar/byte-string.ts";
import { plainPath } from "./tar-entries.ts";
import type { EntryFacts } from "./tar-entries.ts";

/** The files of an image as a container sees them: by path. */
export type FileView = Map<ByteString, EntryFacts>;

const WHITEOUT = ".wh.";
const OPAQUE = ".wh..wh..opq";

/** What a whiteout hides in the layers below (OCI image-spec, layer.md, "Whiteouts"). */
export interface Hidden {
  /** A path, and everything under it. */
  readonly path: ByteString;
  /** Whether the path itself stays, and only what is under it is hidden. */
  readonly opaque: boolean;
}

/** What an entry hides, if it is a whiteout. */
export function hiddenBy({ path }: Pick<EntryFacts, "path">): Hidden | undefined {
  const slash = path.lastIndexOf("/");
  const name = path.slice(slash + 1);
  if (!name.startsWith(WHITEOUT)) return undefined;
  const folder = path.slice(0, Math.max(0, slash));
  if (name === OPAQUE) return { path: folder, opaque: true };
  const hidden = name.slice(WHITEOUT.length);
  return { path: folder === "" ? hidden : `${folder}/${hidden}`, opaque: false };
}

/** Whether a path is hidden, itself or by a folder that it is in. */
export function isHidden(path: ByteString, hidden: ReadonlyMap<ByteString, Hidden>): boolean {
  if (hidden.get(path)?.opaque === false) return true;
  if (path !== "" && hidden.has("")) return true;
  for (let at = path.lastIndexOf("/"); at > 0; at = path.lastIndexOf("/", at - 1)) {
    if (hidden.has(path.slice(0, at))) return true;
  }
  return false;
}

/** What a layer's whiteouts hide, by path. */
export function hiddenByAll(entries: readonly EntryFacts[]): Map<ByteString, Hidden> {
  const all = new Map<ByteString, Hidden>();
  for (const entry of entries) {
    const hidden = hiddenBy(entry);
    if (hidden !== undefined) all.set(hidden.path, hidden);
  }
  return all;
}

/** Lays a layer over what is there: its whiteouts hide what is below, never its own entries. */
export function layOver(view: FileView, entries: readonly EntryFacts[]): void {
  removeHidden(view, hiddenByAll(entries));
  for (const entry of entries) {
    if (hiddenBy(entry) !== undefined) continue;
    const { path, type } = entry;
    if (type !== "folder" && view.get(path)?.type === "folder") {
      removeHidden(view, new Map([[path, { path, opaque: false }]]));
    }
    view.set(path, type === "hard link" ? linked(view, entry) : entry);
  }
}

function removeHidden(view: FileView, hidden: ReadonlyMap<ByteString, Hidden>): void {
  if (hidden.size === 0) return;
  for (const path of view.keys()) if (isHidden(path, hidden)) view.delete(path);
}

/** A hard link is the file that it leads to, under another name. */
function linked(view: FileView, entry: EntryFacts): EntryFacts {
  const target = view.get(plainPath(entry.link));
  return target === undefined ? entry : { ...target, path: entry.path, name: entry.name };
}
