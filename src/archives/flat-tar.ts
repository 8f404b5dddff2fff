import type { Layer } from "../image/layer.ts";
import type { ByteString } from "../tar/byte-string.ts";
import { endOfArchiveLength, paddingOf } from "../tar/header.ts";
import { memberHeader } from "../tar/member-header.ts";
import type { TarMember } from "../tar/reader.ts";
import { streamMembers } from "../tar/stream-reader.ts";
import { MergedRoot } from "./merged-root.ts";
import type { RootNode } from "./merged-root.ts";

export interface FlatTarOptions {
  /** Date of every entry, in seconds since 1970; each keeps its own without it. */
  readonly mtime?: number | undefined;
}

/** For folders that no layer describes: as engines make them. */
const FOLDER_NOBODY_DESCRIBES = {
  typeFlag: "5",
  link: "",
  size: 0,
  mode: 0o755,
  owner: { uid: 0, gid: 0, uname: "", gname: "" },
  mtime: 0,
} as const;

/**
 * An image's files as one tar: layers applied, whiteouts too, with owners, modes, hard links,
 * devices and extended attributes as they are. Each layer is read twice, its headers first, and no
 * content is kept. Names begin with `./`; a folder comes before what is in it.
 *
 * @throws VarveError `TAR_DAMAGED`, `LAYER_DAMAGED`; whatever the layers throw
 */
export async function* flatTar(
  layers: readonly Layer[],
  options: FlatTarOptions = {},
): AsyncGenerator<Uint8Array, void, undefined> {
  const paths = new Map(await mergedPaths(layers));
  const wanted = wantedContents(paths);
  const output = new FlatOutput(paths, options.mtime);
  for (const [index, layer] of layers.entries()) {
    const inLayer = wanted.get(index);
    if (inLayer === undefined) continue;
    let ordinal = 0;
    for await (const { member, content } of streamMembers(layer.stream())) {
      const [first, ...others] = inLayer.get(ordinal) ?? [];
      ordinal += 1;
      if (first === undefined) continue;
      yield* output.begin(first);
      if (member.size > 0) {
        for await (const chunk of content()) yield output.counted(Buffer.from(chunk));
        yield output.counted(new Uint8Array(paddingOf(member.size)));
      }
      for (const other of others) yield* output.link(other, first);
    }
  }
  yield* output.rest();
  yield new Uint8Array(endOfArchiveLength(output.length));
}

async function mergedPaths(
  layers: readonly Layer[],
): Promise<Array<readonly [ByteString, RootNode]>> {
  const root = new MergedRoot();
  for (const layer of layers) {
    const members: TarMember[] = [];
    for await (const { member } of streamMembers(layer.stream({ lent: true }))) {
      members.push(member);
    }
    root.apply(members);
  }
  return [...root.paths()];
}

/** By layer and member: the paths that its content is at. */
function wantedContents(
  paths: ReadonlyMap<ByteString, RootNode>,
): Map<number, Map<number, ByteString[]>> {
  const wanted = new Map<number, Map<number, ByteString[]>>();
  for (const [path, { entry }] of paths) {
    if (entry === undefined) continue;
    const { layer, member } = entry.content;
    const inLayer = wanted.get(layer) ?? new Map<number, ByteString[]>();
    wanted.set(layer, inLayer);
    const sharing = inLayer.get(member);
    if (sharing === undefined) inLayer.set(member, [path]);
    else sharing.push(path);
  }
  return wanted;
}

class FlatOutput {
  readonly #paths: ReadonlyMap<ByteString, RootNode>;
  readonly #mtime: number | undefined;
  readonly #done = new Set<ByteString>();
  length = 0;

  constructor(paths: ReadonlyMap<ByteString, RootNode>, mtime: number | undefined) {
    this.#paths = paths;
    this.#mtime = mtime;
  }

  /** The header of a path, after those of the folders that it is in. */
  *begin(path: ByteString): Generator<Uint8Array, void, undefined> {
    if (this.#done.has(path)) return;
    if (path !== "") yield* this.begin(parentOf(path));
    this.#done.add(path);
    const { entry, children } = this.#paths.get(path)!;
    const fields = entry?.fields ?? FOLDER_NOBODY_DESCRIBES;
    yield this.#header(
      path === "" ? "./" : `./${path}${children === undefined ? "" : "/"}`,
      fields,
    );
  }

  /** Another name of a file that is there already. */
  *link(path: ByteString, target: ByteString): Generator<Uint8Array, void, undefined> {
    yield* this.begin(parentOf(path));
    this.#done.add(path);
    const { fields } = this.#paths.get(path)!.entry!;
    const { xattrs: _shared, ...rest } = fields;
    yield this.#header(`./${path}`, { ...rest, typeFlag: "1", size: 0, link: `./${target}` });
  }

  /** What has not come by: folders that no layer describes. */
  *rest(): Generator<Uint8Array, void, undefined> {
    for (const path of this.#paths.keys()) yield* this.begin(path);
  }

  counted(bytes: Uint8Array): Uint8Array {
    this.length += bytes.length;
    return bytes;
  }

  #header(name: ByteString, fields: Omit<TarMember, "name" | "offset">): Uint8Array {
    const mtime = this.#mtime ?? fields.mtime;
    return this.counted(memberHeader({ ...fields, name, mtime }));
  }
}

function parentOf(path: ByteString): ByteString {
  return path.slice(0, Math.max(path.lastIndexOf("/"), 0));
}
