import { displayText } from "../tar/byte-string.ts";
import type { ByteString } from "../tar/byte-string.ts";
import { compareEntries, octal } from "./entry-fields.ts";
import type { FieldDifference } from "./entry-fields.ts";
import { hiddenBy, hiddenByAll, isHidden, layOver } from "./file-view.ts";
import type { FileView, Hidden } from "./file-view.ts";
import type { ImageFacts, LayerFacts } from "./image-facts.ts";
import type { LayersDifference } from "./compare-layers.ts";
import { plainPath, readEntries } from "./tar-entries.ts";
import type { EntryFacts } from "./tar-entries.ts";

/** What a container of B sees otherwise than one of A. */
export interface FilesDifference {
  readonly added: readonly FileSummary[];
  readonly removed: readonly FileSummary[];
  readonly changed: readonly FileChange[];
  /** How many files differ in their dates and nothing else. */
  readonly datesOnly: number;
}

export interface FileSummary {
  /** `/etc/passwd`. */
  readonly path: string;
  readonly type: string;
  /** `0755`. */
  readonly mode: string;
  /** `0:0`. */
  readonly owner: string;
  /** Bytes. */
  readonly size: number;
  /** Where a symlink leads; otherwise empty. */
  readonly link: string;
}

export interface FileChange extends FileSummary {
  /** Its path in A, if that is another: in the same place of a component that has changed. */
  readonly pathInA?: string;
  readonly fields: readonly FieldDifference[];
}

/** No engine heeds names of owners; how a path is spelled in the tar is nothing to a container. */
const UNHEEDED = new Set(["mtime", "uname", "gname", "name"]);

/**
 * Compares what is in two images, file by file, whiteouts and later layers heeded. Reads the layers
 * that are not in both, and of the others those that may matter; contents are hashed, not kept.
 *
 * A layer that says by the config's history which store paths it holds is believed.
 *
 * @param replaced store paths of A, and those of B that took their places: their files are compared
 * @param onLayer told of each layer that is about to be read
 */
export async function compareFiles(
  a: ImageFacts,
  b: ImageFacts,
  difference: LayersDifference,
  replaced: ReadonlyMap<string, string> = new Map(),
  onLayer: (layer: LayerFacts) => void = () => undefined,
): Promise<FilesDifference> {
  const { onlyInA, onlyInB, common, sameOrder } = difference;
  const differing = sameOrder ? [...onlyInA, ...onlyInB] : [...onlyInA, ...onlyInB, ...common];
  const distinct = new Map([...a.layers, ...b.layers].map((layer) => [layer.diffId, layer]));
  const read = new Map<string, EntryFacts[]>();
  const readLayer = async (diffId: string, wanted?: (e: EntryFacts) => boolean): Promise<void> => {
    if (read.has(diffId)) return;
    const layer = distinct.get(diffId)!;
    onLayer(layer);
    const entries: EntryFacts[] = [];
    await readEntries(layer.layer.stream(), (entry) => {
      if (wanted === undefined || wanted(entry)) entries.push({ ...entry, sums: [] });
    });
    read.set(diffId, entries);
  };
  for (const { diffId } of differing) await readLayer(diffId);
  const interest = new Interest(viewOf(a, read), viewOf(b, read), {
    entries: [...read.values()].flat(),
    covered: [a, b].some(({ layers }) => isCovered(layers, read)),
  });
  for (const { diffId, paths } of common) {
    if (interest.mayBeIn(paths)) await readLayer(diffId, (entry) => interest.has(entry));
  }
  return differenceOf(viewOf(a, read), viewOf(b, read), replaced);
}

function viewOf({ layers }: ImageFacts, read: ReadonlyMap<string, EntryFacts[]>): FileView {
  const view: FileView = new Map();
  for (const { diffId } of layers) layOver(view, read.get(diffId) ?? []);
  return view;
}

/** Whether a layer that is not read lies over one that is. */
function isCovered(
  layers: readonly LayerFacts[],
  read: ReadonlyMap<string, readonly EntryFacts[]>,
): boolean {
  const first = layers.findIndex(({ diffId }) => read.has(diffId));
  return first !== -1 && layers.slice(first).some(({ diffId }) => !read.has(diffId));
}

/** The paths on which layers that are in both images can have a bearing. */
class Interest {
  readonly #paths = new Set<ByteString>();
  readonly #hidden: Map<ByteString, Hidden>;

  /** @param read what has been read, and whether layers that have not been may lie over it */
  constructor(
    a: FileView,
    b: FileView,
    { entries, covered }: { readonly entries: readonly EntryFacts[]; readonly covered: boolean },
  ) {
    for (const [path, entry] of [...a, ...b]) {
      const [left, right] = [a.get(path), b.get(path)];
      const isSame = left !== undefined && right !== undefined && sameEntry(left, right);
      if (covered || !isSame) this.#paths.add(path);
      if (entry.type === "hard link") this.#paths.add(plainPath(entry.link));
    }
    this.#hidden = hiddenByAll(entries);
    // What is no folder hides what was in one.
    for (const { path, type } of entries) {
      if (type !== "folder" && this.#paths.has(path))
        this.#hidden.set(path, { path, opaque: false });
    }
  }

  has(entry: EntryFacts): boolean {
    const { path } = entry;
    return this.#paths.has(path) || isHidden(path, this.#hidden) || hiddenBy(entry) !== undefined;
  }

  /** @param paths the store paths that a layer says to hold; undefined for anything */
  mayBeIn(paths: readonly string[] | undefined): boolean {
    if (this.#paths.size === 0 && this.#hidden.size === 0) return false;
    if (paths === undefined || !paths.every(isTree)) return true;
    const trees = new Set(paths.map((path) => path.slice(1)));
    const isIn = (path: ByteString): boolean => {
      for (let at = path.length; at > 0; at = path.lastIndexOf("/", at - 1)) {
        if (trees.has(path.slice(0, at))) return true;
      }
      return false;
    };
    return [...this.#paths, ...this.#hidden.keys()].some(isIn);
  }
}

/** dockerTools' last layer is called like a store path, but its files may be anywhere. */
function isTree(path: string): boolean {
  return path.startsWith("/") && !path.endsWith("-customisation-layer");
}

function sameEntry(a: EntryFacts, b: EntryFacts): boolean {
  return compareEntries(a, b).length === 0;
}

function differenceOf(
  a: FileView,
  b: FileView,
  replaced: ReadonlyMap<string, string>,
): FilesDifference {
  const added: FileSummary[] = [];
  const removed: FileSummary[] = [];
  const changed: FileChange[] = [];
  let datesOnly = 0;
  const inA = new Map([...a].map(([path, entry]) => [placeInB(path, replaced), entry]));
  for (const path of [...new Set([...inA.keys(), ...b.keys()])].toSorted()) {
    const [left, right] = [inA.get(path), b.get(path)];
    if (left === undefined) added.push(summaryOf(right!));
    else if (right === undefined) removed.push(summaryOf(left));
    else {
      const fields = compareEntries(left, right, UNHEEDED);
      const moved = left.path === path ? {} : { pathInA: shown(left.path) };
      if (fields.length > 0) changed.push({ ...summaryOf(right), ...moved, fields });
      else if (left.mtime !== right.mtime) datesOnly += 1;
    }
  }
  return { added, removed, changed, datesOnly };
}

/** `nix/store/…-openssl-3.0.13/lib` of A is where B has `nix/store/…-openssl-3.0.14/lib`. */
function placeInB(path: ByteString, replaced: ReadonlyMap<string, string>): ByteString {
  if (replaced.size === 0) return path;
  const [, tree = "", rest = ""] = /^([^/]+\/[^/]+\/[^/]+)(.*)$/s.exec(path) ?? [];
  const other = replaced.get(`/${tree}`);
  return other === undefined ? path : other.slice(1) + rest;
}

function summaryOf({ path, type, mode, uid, gid, size, link }: EntryFacts): FileSummary {
  return {
    path: shown(path),
    type,
    mode: octal(mode),
    owner: `${uid}:${gid}`,
    size,
    link: displayText(link),
  };
}

function shown(path: ByteString): string {
  return `/${displayText(path)}`;
}
