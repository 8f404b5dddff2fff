import { VarveError } from "../errors.ts";
import type { ByteString } from "../tar/byte-string.ts";
import type { TarMember } from "../tar/reader.ts";

/** Where a file's content lies: in which layer, its how many-th member. */
export interface Place {
  readonly layer: number;
  readonly member: number;
}

/** What is at a path of the root. Hard links of one file share `content`. */
export interface RootEntry {
  readonly fields: TarMember;
  readonly content: Place;
}

/** A path of the root; without an entry it is a folder that no layer describes. */
export interface RootNode {
  entry: RootEntry | undefined;
  /** Undefined for what is no folder. */
  children: Map<ByteString, RootNode> | undefined;
}

const WHITEOUT = ".wh.";
const OPAQUE = ".wh..wh..opq";
/** What AUFS kept its own things under. */
const META = ".wh..wh.";

/**
 * The root that layers make when they lie above each other, as overlay file systems show it (OCI
 * image-spec, layer.md, "Applying Changesets"): what is above hides what is below, folders are
 * merged, whiteouts remove what lower layers have.
 */
export class MergedRoot {
  readonly root: RootNode = folder();
  #layers = 0;

  /** Puts a layer on top. @throws VarveError `LAYER_DAMAGED` for a hard link to nothing */
  apply(members: readonly TarMember[]): void {
    const layer = this.#layers++;
    const placed = members.map((fields, member) => ({ fields, place: { layer, member } }));
    // Whiteouts are about lower layers alone, wherever in the layer they stand.
    for (const { fields } of placed) this.#whiteOut(fields);
    for (const { fields, place } of placed) this.#put(fields, place);
  }

  /** Every path, folders before what is in them, names in the order of their bytes. */
  *paths(): Generator<readonly [path: ByteString, node: RootNode], void, undefined> {
    yield* walk("", this.root);
  }

  #whiteOut({ name }: TarMember): void {
    const names = namesOf(name);
    const last = names.pop();
    if (last?.startsWith(WHITEOUT) !== true) return;
    const parent = this.#find(names);
    if (last === OPAQUE) parent?.children?.clear();
    else if (!last.startsWith(META)) parent?.children?.delete(last.slice(WHITEOUT.length));
  }

  #put(fields: TarMember, place: Place): void {
    const names = namesOf(fields.name);
    const isFolder = fields.typeFlag === "5";
    const last = names.pop();
    if (last === undefined) {
      if (isFolder) this.root.entry = { fields, content: place };
      return;
    }
    if (last.startsWith(WHITEOUT)) return;
    const entry = fields.typeFlag === "1" ? this.#linked(fields) : { fields, content: place };
    const siblings = this.#folderAt(names).children!;
    const before = siblings.get(last);
    siblings.set(last, {
      entry,
      children: isFolder ? (before?.children ?? new Map<ByteString, RootNode>()) : undefined,
    });
  }

  #linked({ name, link }: TarMember): RootEntry {
    const entry = this.#find(namesOf(link))?.entry;
    if (entry !== undefined && entry.fields.typeFlag !== "5") return entry;
    throw new VarveError("LAYER_DAMAGED", `${name} is a hard link to ${link}, which is no file`, {
      hint: "get the image again, or build it anew",
    });
  }

  #find(names: readonly ByteString[]): RootNode | undefined {
    let node: RootNode | undefined = this.root;
    for (const name of names) node = node?.children?.get(name);
    return node;
  }

  /** The folder, made where there is none. */
  #folderAt(names: readonly ByteString[]): RootNode {
    let node = this.root;
    for (const name of names) {
      let next = node.children!.get(name);
      if (next?.children === undefined) {
        next = folder();
        node.children!.set(name, next);
      }
      node = next;
    }
    return node;
  }
}

function folder(): RootNode {
  return { entry: undefined, children: new Map() };
}

function* walk(
  path: ByteString,
  node: RootNode,
): Generator<readonly [ByteString, RootNode], void, undefined> {
  yield [path, node];
  if (node.children === undefined) return;
  const names = [...node.children.keys()].toSorted();
  for (const name of names) {
    yield* walk(path === "" ? name : `${path}/${name}`, node.children.get(name)!);
  }
}

/** The parts of a path that say something. */
function namesOf(name: ByteString): ByteString[] {
  const names: ByteString[] = [];
  for (const part of name.split("/")) {
    if (part === "..") names.pop();
    else if (part !== "" && part !== ".") names.push(part);
  }
  return names;
}
