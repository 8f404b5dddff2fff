import { displayText } from "../tar/byte-string.ts";
import type { ByteString } from "../tar/byte-string.ts";
import type { TarEntryType } from "../tar/entry.ts";
import type { Attributes, PatternAttributes, Tree, TreeRules } from "./layer-spec.ts";
import { SYMLINK_MODE } from "./visit-entry.ts";

const FOLDER_MODE = 0o755;
const FILE_MODE = 0o644;
const PROGRAM_MODE = 0o755;
const ANYBODY_EXECUTES = 0o111;
const PERMISSIONS = 0o7777;

/** The rules of one tree, ready to be asked of every path in it. */
export class RuledTree {
  readonly tree: Tree;
  readonly #rules: TreeRules;
  readonly #executables: ReadonlySet<ByteString>;
  readonly #withoutPaths: ReadonlySet<ByteString>;
  readonly #withoutNames: ReadonlySet<ByteString>;
  readonly #overrides: ReadonlyMap<ByteString, Attributes>;
  readonly #patterns: ReadonlyArray<{ regex: RegExp; attributes: PatternAttributes }>;
  readonly #stamps: ReadonlyMap<ByteString, number>;
  /** Folder → names in it that are on the list; undefined when there is no list. */
  readonly #only: ReadonlyMap<ByteString, ReadonlySet<ByteString>> | undefined;

  constructor(tree: Tree) {
    this.tree = tree;
    const rules = tree.rules ?? {};
    this.#rules = rules;
    this.#executables = new Set(rules.executables);
    this.#withoutPaths = new Set(rules.without?.paths);
    this.#withoutNames = new Set(rules.without?.names);
    this.#overrides = new Map(Object.entries(rules.overrides ?? {}));
    this.#patterns = (rules.patterns ?? []).map((attributes) => ({
      regex: new RegExp(attributes.regex),
      attributes,
    }));
    this.#stamps = new Map(Object.entries(rules.stamps ?? {}));
    this.#only = rules.only === undefined ? undefined : namesByFolder(rules.only);
  }

  /** The names in a folder of the tree that go into the layer; `read` reads the folder. */
  childrenOf(folder: ByteString, read: () => readonly ByteString[]): readonly ByteString[] {
    const names = this.#only === undefined ? read() : [...(this.#only.get(folder) ?? [])];
    if (this.#withoutNames.size === 0 && this.#withoutPaths.size === 0) return names;
    return names.filter(
      (name) => !this.#withoutNames.has(name) && !this.#withoutPaths.has(pathBelow(folder, name)),
    );
  }

  /** Whether something below this path is on the list. */
  leadsOn(path: ByteString): boolean {
    return this.#only?.has(path) === true;
  }

  /** When a file must have been changed last, if that counts. */
  stampOf(path: ByteString): number | undefined {
    return this.#stamps.get(path);
  }

  /** What the layer says of an entry whose mode on disk is `diskMode`. */
  attributesOf(path: ByteString, type: TarEntryType, diskMode: number): RuledAttributes {
    const override = this.#overrides.get(path) ?? this.#byPattern(path, type);
    return {
      mode:
        type === "symlink" ? SYMLINK_MODE : (override?.mode ?? this.#mode(path, type, diskMode)),
      owner: override?.owner ?? this.#rules.owner,
      xattrs: override?.xattrs,
    };
  }

  #byPattern(path: ByteString, type: TarEntryType): Attributes | undefined {
    if (this.#patterns.length === 0) return undefined;
    const { at } = this.tree;
    const names = [at, this.#rules.calledPath ?? at].map((top) => displayText(pathIn(top, path)));
    let found: Attributes | undefined;
    for (const { regex, attributes } of this.#patterns) {
      if (!names.some((name) => regex.test(name))) continue;
      const { mode, owner, xattrs } = attributes;
      found = {
        mode: mode ?? found?.mode,
        owner: owner ?? found?.owner,
        // Capabilities are of programs, whatever folder they are in.
        xattrs: type === "file" ? (xattrs ?? found?.xattrs) : undefined,
      };
    }
    return found;
  }

  #mode(path: ByteString, type: TarEntryType, diskMode: number): number {
    if (this.#rules.modes !== "normalised") return diskMode & PERMISSIONS;
    if (type === "directory") return FOLDER_MODE;
    const isProgram = (diskMode & ANYBODY_EXECUTES) !== 0 || this.#executables.has(path);
    return isProgram ? PROGRAM_MODE : FILE_MODE;
  }
}

export interface RuledAttributes extends Attributes {
  readonly mode: number;
}

/** The path of a name in a folder of a tree. */
export function pathBelow(folder: ByteString, name: ByteString): ByteString {
  return folder === "" ? name : `${folder}/${name}`;
}

/** The path of an entry of a tree that lies or is called so. */
function pathIn(top: ByteString, path: ByteString): ByteString {
  return path === "" ? top || "/" : `${top}/${path}`;
}

function namesByFolder(paths: readonly ByteString[]): Map<ByteString, Set<ByteString>> {
  const folders = new Map<ByteString, Set<ByteString>>();
  for (const path of paths) {
    let below = path;
    while (below !== "") {
      const slash = below.lastIndexOf("/");
      const folder = slash === -1 ? "" : below.slice(0, slash);
      const name = below.slice(slash + 1);
      const names = folders.get(folder);
      if (names?.has(name) === true) break;
      if (names === undefined) folders.set(folder, new Set([name]));
      else names.add(name);
      below = folder;
    }
  }
  return folders;
}
