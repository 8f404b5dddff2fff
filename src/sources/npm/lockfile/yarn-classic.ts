import path from "node:path";
import { VarveError } from "../../../errors.ts";
import { isRegistryTarball } from "./package-lock.ts";
import type { Lock, LockedEdge, LockedPackage } from "./lock.ts";
import type { Manifest } from "./manifest.ts";
import type { Workspace } from "./workspaces.ts";

interface ClassicEntry {
  readonly version?: string;
  readonly resolved?: string;
  readonly integrity?: string;
  readonly dependencies?: Record<string, string>;
  readonly optionalDependencies?: Record<string, string>;
}

/**
 * Reads `yarn.lock` of Yarn 1. It names neither workspaces nor places: workspaces come from the
 * manifests, places from `layout/hoisted.ts`.
 *
 * @throws VarveError `NPM_LOCK`, `NPM_LOCK_INCOMPLETE`
 */
export function parseYarnClassic(
  text: string,
  file: string,
  workspaces: readonly Workspace[],
): Lock {
  const entries = new Map<string, ClassicEntry>();
  const keys = new Map<string, string>();
  for (const [descriptors, entry] of readClassic(text, file)) {
    const key = keyOf(descriptors[0]!, entry);
    // Entries of one tarball under several names stay apart: the name decides the key.
    entries.set(key, entry);
    for (const descriptor of descriptors) keys.set(descriptor, key);
  }
  const resolve = (who: string, name: string, range: string): string => {
    const own = workspaces.find(({ manifest }) => manifest.name === name);
    const key = keys.get(`${name}@${range}`);
    if (key !== undefined) return key;
    if (own !== undefined) return own.folder;
    throw new VarveError(
      "NPM_LOCK_INCOMPLETE",
      `${file}: ${who} needs ${name}@${range}, which is missing`,
      {
        hint: "the lockfile is out of step with package.json: yarn install",
      },
    );
  };
  const packages = new Map<string, LockedPackage>();
  for (const [key, entry] of entries) {
    const { name } = splitDescriptor(key);
    packages.set(key, {
      key,
      name,
      version: entry.version ?? "0.0.0",
      integrity: entry.integrity,
      resolved: isRegistryTarball(entry.resolved) ? undefined : entry.resolved,
      dependencies: edgesOf(entry, (dependency, range) => resolve(key, dependency, range)),
      platform: undefined,
    });
  }
  for (const { folder, manifest } of workspaces) {
    packages.set(folder, workspacePackage(folder, manifest, resolve));
  }
  return {
    manager: "yarn",
    file,
    root: path.dirname(file),
    layout: "hoisted",
    packages,
    folders: workspaces.map(({ folder }) => folder),
    recorded: new Map(),
    links: new Map(),
  };
}

/** A folder of the project as a package of the lock. */
function workspacePackage(
  folder: string,
  manifest: Manifest,
  resolve: (who: string, name: string, range: string) => string,
): LockedPackage {
  const who = folder === "" ? "the project" : folder;
  // They are not needed, but a lockfile without them is out of step, too.
  for (const [name, range] of Object.entries(manifest.devDependencies ?? {})) {
    if (!range.startsWith("link:")) resolve(who, name, range);
  }
  return {
    key: folder,
    name: manifest.name ?? folder,
    version: manifest.version ?? "0.0.0",
    dependencies: edgesOf(manifest, (name, range) => resolve(who, name, range)),
    platform: {},
    hasInstallScript: false,
  };
}

function edgesOf(
  { dependencies = {}, optionalDependencies = {} }: ClassicEntry | Manifest,
  resolve: (name: string, range: string) => string,
): Map<string, LockedEdge> {
  const edges = new Map<string, LockedEdge>();
  for (const [name, range] of Object.entries(optionalDependencies)) {
    edges.set(name, { to: resolve(name, range), optional: true });
  }
  for (const [name, range] of Object.entries(dependencies)) {
    if (!edges.has(name)) edges.set(name, { to: resolve(name, range), optional: false });
  }
  return edges;
}

/** `name@version`: of the package itself, not of the alias that asks for it. */
function keyOf(descriptor: string, { version = "0.0.0" }: ClassicEntry): string {
  const { name, range } = splitDescriptor(descriptor);
  if (!range.startsWith("npm:")) return `${name}@${version}`;
  return `${splitDescriptor(range.slice("npm:".length)).name}@${version}`;
}

/** `@scope/name@range` → its two parts. */
export function splitDescriptor(descriptor: string): { name: string; range: string } {
  const at = descriptor.indexOf("@", 1);
  return at === -1
    ? { name: descriptor, range: "" }
    : { name: descriptor.slice(0, at), range: descriptor.slice(at + 1) };
}

/**
 * The entries of the file: a small language of its own, lines indented by two spaces a level,
 * names and values quoted as in JSON where they need it.
 */
function* readClassic(text: string, file: string): Generator<[string[], ClassicEntry]> {
  let head: string[] | undefined;
  let entry: Record<string, string | Record<string, string>> = {};
  let block: Record<string, string> | undefined;
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    if (line.trim() === "" || line.trimStart().startsWith("#")) continue;
    const indent = line.length - line.trimStart().length;
    const words = wordsOf(line);
    if (indent === 0 && line.endsWith(":")) {
      if (head !== undefined) yield [head, entry];
      head = words;
      entry = {};
      block = undefined;
    } else if (head !== undefined && indent === 2 && line.endsWith(":") && words.length === 1) {
      block = {};
      entry[words[0]!] = block;
    } else if (head !== undefined && indent === 2 && words.length === 2) {
      block = undefined;
      entry[words[0]!] = words[1]!;
    } else if (indent === 4 && words.length === 2 && block !== undefined) {
      block[words[0]!] = words[1]!;
    } else {
      throw new VarveError("NPM_LOCK", `${file}:${index + 1}: this line is not understood`, {
        hint: "are there marks of a merge conflict in it? yarn install resolves them",
      });
    }
  }
  if (head !== undefined) yield [head, entry];
}

/** Words of a line, unquoted: separated by spaces, commas and a last colon. */
function wordsOf(line: string): string[] {
  const words: string[] = [];
  for (const match of line.matchAll(/"(?:[^"\\]|\\.)*"|[^\s,"]+/g)) {
    const word = match[0];
    const bare = word.startsWith('"') ? (JSON.parse(word) as string) : word;
    words.push(bare);
  }
  const last = words.at(-1);
  if (line.endsWith(":") && last !== undefined && !line.endsWith('":')) {
    words[words.length - 1] = last.slice(0, -1);
  }
  return words.filter((word) => word !== ":" && word !== "");
}
