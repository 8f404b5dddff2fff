import { Closure } from "../../closure/closure.ts";
import { VarveError } from "../../errors.ts";
import { contentKey } from "../../packing/content-key.ts";
import { cacheFolder } from "../../packing/digest-store.ts";
import type { GeneratedEntry, LayerSpec } from "../../packing/layer-spec.ts";
import { displayText } from "../../tar/byte-string.ts";
import type { ByteString } from "../../tar/byte-string.ts";
import type { TarCommon } from "../../tar/entry.ts";
import type { SourcedContents, SourcedLayer } from "../contents.ts";
import type { FilesDeclaration } from "./declaration.ts";
import { partOf, signatureOf } from "./part.ts";
import type { Laid, Part } from "./part.ts";

export interface FilesOptions {
  /** The folder that `from` is relative to and may not lead out of. */
  readonly project: string;
  /** Where hashes of files are remembered. [`cacheFolder()`] */
  readonly cacheFolder?: string | undefined;
  /** Remember nothing, believe nothing. */
  readonly ignoreRemembered?: boolean;
}

/**
 * Folders and files of the project, generated files, symlinks and folders: each declaration is one
 * component, `files:` and its place in the image. Its content hash is of what it holds, so that
 * neither time nor place on disk count.
 *
 * @throws VarveError `FILES_…`, naming the declaration or the file
 */
export async function closureOfFiles(
  declarations: readonly FilesDeclaration[],
  options: FilesOptions,
): Promise<FilesContents> {
  const folder =
    options.ignoreRemembered === true ? undefined : (options.cacheFolder ?? cacheFolder());
  const parts = new Map<string, Part>();
  for (const [index, declaration] of declarations.entries()) {
    const part = partOf(declaration, index, { project: options.project, cacheFolder: folder });
    parts.set(idOf(declaration, part, parts), part);
    // Between large folders others get their turn.
    await Promise.resolve();
  }
  return new FilesContents(parts);
}

function idOf(
  declaration: FilesDeclaration,
  { at }: Part,
  others: ReadonlyMap<string, Part>,
): string {
  const id = `files:${displayText(at) || "/"}`;
  if (!others.has(id)) return id;
  const long = "from" in declaration ? `${id} (${declaration.from})` : id;
  let next = long;
  for (let count = 2; others.has(next); count += 1) next = `${long} (${count})`;
  return next;
}

/** What was declared, ready to be planned and packed. */
export class FilesContents implements SourcedContents {
  readonly closure: Closure;
  readonly #parts: ReadonlyMap<string, Part>;
  /** Everything that is laid, by absolute path. */
  readonly #laid: ReadonlyMap<ByteString, { readonly part: Part; readonly what: Laid }>;

  /** @throws VarveError `FILES_CONFLICT` */
  constructor(parts: ReadonlyMap<string, Part>) {
    this.#parts = parts;
    this.#laid = layAll([...parts.values()]);
    this.closure = Closure.of(
      [...parts].map(([id, { size, contentHash }]) => ({ id, size, contentHash, references: [] })),
    );
  }

  specOf(ids: readonly string[], common: TarCommon): SourcedLayer {
    const parts = ids.map((id) => this.#part(id));
    const spec: LayerSpec = {
      parents: [],
      trees: parts.flatMap(({ trees }) => trees),
      entries: [...parts.flatMap(({ entries }) => entries), ...this.#foldersAbove(parts)],
      common,
    };
    return { spec, contentKey: contentKey(spec) };
  }

  #part(id: string): Part {
    const part = this.#parts.get(id);
    if (part !== undefined) return part;
    throw new VarveError("INTERNAL", `${id} is no component of these files`);
  }

  /**
   * Folders that lead to these parts and are declared by others, which may be in another layer:
   * every layer must say the same of them.
   */
  #foldersAbove(parts: readonly Part[]): GeneratedEntry[] {
    const folders = new Map<ByteString, GeneratedEntry>();
    for (const { at } of parts) {
      for (const above of ancestorsOf(at)) {
        const { what } = this.#laid.get(above) ?? {};
        if (what !== undefined)
          folders.set(above, { ...what.attributes, at: above, type: "directory" });
      }
    }
    return [...folders.values()];
  }
}

function layAll(parts: readonly Part[]): Map<ByteString, { part: Part; what: Laid }> {
  const all = new Map<ByteString, { part: Part; what: Laid }>();
  for (const part of parts) {
    for (const [at, what] of part.laid) {
      const other = all.get(at);
      if (other === undefined) all.set(at, { part, what });
      else if (at !== "" && signatureOf(other.what) !== signatureOf(what)) {
        throw conflict(at, other.part, part, differenceOf(other.what, what));
      }
    }
  }
  for (const part of parts) {
    for (const above of ancestorsOf(part.at)) {
      const other = all.get(above);
      if (other === undefined || other.what.type === "directory") continue;
      throw conflict(above, other.part, part, `a ${other.what.type} and a folder`);
    }
  }
  return all;
}

function differenceOf(one: Laid, other: Laid): string {
  if (one.type !== other.type) return `a ${one.type} and a ${other.type}`;
  if (one.content !== other.content) return "different content";
  return "different modes, owners or capabilities";
}

function conflict(at: ByteString, one: Part, other: Part, difference: string): VarveError {
  return new VarveError(
    "FILES_CONFLICT",
    `${displayText(at)} is placed twice, by ${one.label} and by ${other.label}: ${difference}`,
    { hint: "leave it out of one of them with `exclude`, or declare the same of it" },
  );
}

/** `/a/b/c` → `/a`, `/a/b`. */
function ancestorsOf(at: ByteString): ByteString[] {
  const ancestors: ByteString[] = [];
  for (let end = at.indexOf("/", 1); end !== -1; end = at.indexOf("/", end + 1)) {
    ancestors.push(at.slice(0, end));
  }
  return ancestors;
}
