import path from "node:path";
import { messageOf, VarveError } from "../../../errors.ts";
import { DEPENDENCY_LISTS } from "./lock.ts";
import type { LayoutKind, Lock, LockedEdge, LockedPackage, RecordedDependency } from "./lock.ts";

interface Resolution {
  readonly integrity?: string;
  readonly tarball?: string;
  readonly type?: string;
  readonly directory?: string;
  readonly repo?: string;
}

interface PackageEntry {
  readonly resolution?: Resolution;
  readonly name?: string;
  readonly version?: string;
  readonly os?: readonly string[];
  readonly cpu?: readonly string[];
  readonly libc?: readonly string[];
  readonly hasBin?: boolean;
  readonly requiresBuild?: boolean;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

interface ImporterDependency {
  readonly specifier?: string;
  readonly version?: string;
}

interface Importer {
  readonly devDependencies?: Readonly<Record<string, ImporterDependency | string>>;
  readonly dependencies?: Readonly<Record<string, ImporterDependency | string>>;
  readonly optionalDependencies?: Readonly<Record<string, ImporterDependency | string>>;
}

interface PnpmLock {
  readonly lockfileVersion?: string | number;
  readonly importers?: Readonly<Record<string, Importer>>;
  readonly overrides?: Readonly<Record<string, string>>;
  readonly pnpmfileChecksum?: string;
  readonly packages?: Readonly<Record<string, PackageEntry>>;
  readonly snapshots?: Readonly<Record<string, PackageEntry>>;
  readonly patchedDependencies?: Readonly<Record<string, unknown>>;
}

/**
 * Reads `pnpm-lock.yaml` of version 6 (pnpm 8) or 9 (pnpm 9 and later).
 *
 * @param layout how pnpm was told to lay out `node_modules`
 * @throws VarveError `NPM_LOCK`, `NPM_LOCK_INCOMPLETE`, `NPM_OUTSIDE`
 */
export async function parsePnpmLock(text: string, file: string, layout: LayoutKind): Promise<Lock> {
  const lock = await readYaml(text, file);
  const version = Number.parseFloat(String(lock.lockfileVersion));
  if (!(version >= 6 && version < 10)) {
    throw new VarveError("NPM_LOCK", `${file} has version ${String(lock.lockfileVersion)}`, {
      hint: "versions 6 and 9 are known, which pnpm 8 and later write: pnpm install --lockfile-only",
    });
  }
  const packages = new Map<string, LockedPackage>();
  // Version 6 keeps a package and its dependencies in one entry, under a name with a slash.
  const snapshots = lock.snapshots ?? lock.packages ?? {};
  for (const [path_, snapshot] of Object.entries(snapshots)) {
    const key = keyOf(path_);
    const entry = { ...lock.packages?.[version < 9 ? path_ : withoutPeers(path_)], ...snapshot };
    packages.set(key, lockedPackage(key, entry));
  }
  // Without workspaces, version 6 writes the only importer at the top.
  const importers = lock.importers ?? { ".": lock as Importer };
  const folders = Object.keys(importers).map((folder) => (folder === "." ? "" : folder));
  for (const folder of folders) {
    const importer = importers[folder === "" ? "." : folder]!;
    packages.set(folder, importerPackage(folder, importer, file));
  }
  checkEdges(packages, file);
  const root = path.dirname(file);
  const recorded = new Map(
    folders.map((folder) => [folder, recordedOf(importers[folder === "" ? "." : folder]!, lock)]),
  );
  return { manager: "pnpm", file, root, layout, packages, folders, recorded, links: new Map() };
}

async function readYaml(text: string, file: string): Promise<PnpmLock> {
  const { parseAllDocuments } = await import("yaml");
  // A first document may describe the package manager itself; the project's comes last.
  const document = parseAllDocuments(text).at(-1);
  const problem = document === undefined ? "it is empty" : document.errors[0];
  if (document === undefined || problem !== undefined) {
    throw new VarveError("NPM_LOCK", `${file} cannot be read: ${messageOf(problem)}`, {
      hint: "are there marks of a merge conflict in it? pnpm install resolves them",
    });
  }
  const value: unknown = document.toJS();
  if (typeof value !== "object" || value === null) {
    throw new VarveError("NPM_LOCK", `${file} holds no lock`);
  }
  return value;
}

/** `/ms@2.0.0` → `ms@2.0.0`, `/ms/2.0.0` never occurs from version 6 on. */
function keyOf(depPath: string): string {
  return depPath.startsWith("/") ? depPath.slice(1) : depPath;
}

function withoutPeers(depPath: string): string {
  const at = depPath.indexOf("(");
  return at === -1 ? depPath : depPath.slice(0, at);
}

function lockedPackage(key: string, entry: PackageEntry): LockedPackage {
  const bare = withoutPeers(key);
  const at = bare.indexOf("@", 1);
  const version = at === -1 ? "0.0.0" : bare.slice(at + 1);
  const { resolution } = entry;
  const isRegistry = resolution?.tarball === undefined && resolution?.type === undefined;
  return {
    key,
    name: entry.name ?? (at === -1 ? bare : bare.slice(0, at)),
    version: entry.version ?? version,
    integrity: resolution?.integrity,
    resolved: isRegistry ? undefined : (resolution?.tarball ?? resolution?.repo ?? version),
    dependencies: edgesOf(entry.dependencies, entry.optionalDependencies, (name, to) =>
      keyOfReference(name, to),
    ),
    platform: { os: entry.os, cpu: entry.cpu, libc: entry.libc },
    hasInstallScript: entry.requiresBuild,
    patched: /\(patch_hash=/.test(key),
    bin: entry.hasBin === true ? undefined : {},
  };
}

function versionsOf(
  list: Readonly<Record<string, ImporterDependency | string>> = {},
): Record<string, string> {
  return Object.fromEntries(
    Object.entries(list).map(([name, value]) => [
      name,
      typeof value === "string" ? value : (value.version ?? ""),
    ]),
  );
}

function importerPackage(folder: string, importer: Importer, file: string): LockedPackage {
  return {
    key: folder,
    name: folder,
    version: "0.0.0",
    dependencies: edgesOf(
      versionsOf(importer.dependencies),
      versionsOf(importer.optionalDependencies),
      (name, to) => {
        if (!to.startsWith("link:")) return keyOfReference(name, to);
        const target = path.posix.join(folder, to.slice("link:".length));
        if (target.startsWith("..")) throw outside(file, name, target);
        return target === "." ? "" : target;
      },
    ),
    platform: {},
    hasInstallScript: false,
  };
}

/** Overrides and hooks change what the manifests ask for before the lockfile repeats it. */
function recordedOf(
  importer: Importer,
  { overrides = {}, pnpmfileChecksum }: PnpmLock,
): Map<string, RecordedDependency> {
  // `debug`, `debug@4`, `express>debug`
  const overridden = new Set(
    Object.keys(overrides).map((key) => withoutRange(key.slice(key.lastIndexOf(">") + 1))),
  );
  const recorded = new Map<string, RecordedDependency>();
  for (const list of DEPENDENCY_LISTS) {
    for (const [name, value] of Object.entries(importer[list] ?? {})) {
      const isTrue = pnpmfileChecksum === undefined && !overridden.has(name);
      const range = isTrue && typeof value !== "string" ? value.specifier : undefined;
      recorded.set(name, { range, list });
    }
  }
  return recorded;
}

function withoutRange(pattern: string): string {
  const at = pattern.indexOf("@", 1);
  return at === -1 ? pattern : pattern.slice(0, at);
}

/** A dependency's version is either that, or the name of another entry (an alias, a URL, a file). */
function keyOfReference(name: string, to: string): string {
  if (to.startsWith("/")) return to.slice(1);
  const bare = withoutPeers(to);
  const isKey = bare.indexOf("@", 1) !== -1 && !/^\w+:/.test(bare);
  return isKey ? to : `${name}@${to}`;
}

function edgesOf(
  required: Readonly<Record<string, string>> = {},
  optional: Readonly<Record<string, string>> = {},
  keyFor: (name: string, to: string) => string,
): Map<string, LockedEdge> {
  const edges = new Map<string, LockedEdge>();
  for (const [name, to] of Object.entries(required)) {
    edges.set(name, { to: keyFor(name, to), optional: false });
  }
  for (const [name, to] of Object.entries(optional)) {
    edges.set(name, { to: keyFor(name, to), optional: true });
  }
  return edges;
}

function checkEdges(packages: ReadonlyMap<string, LockedPackage>, file: string): void {
  for (const { key, dependencies } of packages.values()) {
    for (const [name, { to }] of dependencies) {
      if (packages.has(to)) continue;
      throw new VarveError(
        "NPM_LOCK_INCOMPLETE",
        `${file}: ${key === "" ? "the project" : key} needs ${name} (${to}), which is missing`,
        { hint: "renew the lockfile: pnpm install --lockfile-only" },
      );
    }
  }
}

function outside(file: string, name: string, target: string): VarveError {
  return new VarveError(
    "NPM_OUTSIDE",
    `${file}: ${name} lies outside of the project, in ${target}`,
    {
      hint: "make it a workspace of the project, or publish it",
    },
  );
}
