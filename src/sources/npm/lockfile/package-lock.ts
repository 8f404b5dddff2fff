import path from "node:path";
import { VarveError } from "../../../errors.ts";
import { lookupPlaces } from "../layout/lookup.ts";
import { commandsOf } from "./manifest.ts";
import type { Manifest } from "./manifest.ts";
import { DEPENDENCY_LISTS } from "./lock.ts";
import type { Lock, LockedEdge, LockedPackage, RecordedDependency } from "./lock.ts";

/** An entry of `packages` (npm's documentation, "package-lock.json"). */
interface LockEntry extends Manifest {
  readonly resolved?: string;
  readonly integrity?: string;
  readonly link?: boolean;
  readonly inBundle?: boolean;
  readonly hasInstallScript?: boolean;
  readonly extraneous?: boolean;
}

type Entries = Readonly<Record<string, LockEntry>>;

/**
 * Reads npm's `package-lock.json` (or `npm-shrinkwrap.json`) of version 2 or 3: packages at their
 * places, dependencies resolved as Node looks them up from there.
 *
 * @throws VarveError `NPM_LOCK`, `NPM_LOCK_INCOMPLETE`, `NPM_OUTSIDE`
 */
export function parsePackageLock(text: string, file: string): Lock {
  const entries = entriesOf(text, file);
  const packages = new Map<string, LockedPackage>();
  const links = new Map<string, string>();
  const folders: string[] = [];
  for (const [place, entry] of Object.entries(entries)) {
    // Nobody needs it; npm leaves entries of workspaces so that were removed.
    if (entry.extraneous === true) continue;
    if (entry.link === true) {
      links.set(place, insideOf(entry.resolved ?? "", place, file));
      continue;
    }
    insideOf(place, place, file);
    if (!isInNodeModules(place)) folders.push(place);
    packages.set(place, lockedPackage(place, entry, entries, file));
  }
  return {
    manager: "npm",
    file,
    root: path.dirname(file),
    layout: "placed",
    packages,
    folders,
    recorded: new Map(folders.map((folder) => [folder, recordedOf(folder, entries)])),
    links,
  };
}

function entriesOf(text: string, file: string): Entries {
  let value: { lockfileVersion?: unknown; packages?: Entries } | null;
  try {
    value = JSON.parse(text) as typeof value;
  } catch (error) {
    throw new VarveError("NPM_LOCK", `${file} is no JSON`, {
      cause: error,
      hint: "are there marks of a merge conflict in it? npm install resolves them",
    });
  }
  const packages = value?.packages;
  if (packages === undefined || packages === null || packages[""] === undefined) {
    const version = JSON.stringify(value?.lockfileVersion ?? "unknown");
    throw new VarveError("NPM_LOCK", `${file} has version ${version}, which names no places`, {
      hint: "renew it with npm 7 or newer: npm install --package-lock-only",
    });
  }
  return packages;
}

function lockedPackage(
  place: string,
  entry: LockEntry,
  entries: Entries,
  file: string,
): LockedPackage {
  const name = entry.name ?? nameOf(place);
  return {
    key: place,
    name,
    version: entry.version ?? "0.0.0",
    integrity: entry.integrity,
    resolved: isRegistryTarball(entry.resolved) ? undefined : entry.resolved,
    dependencies: edgesOf(place, entry, entries, file),
    platform: { os: entry.os, cpu: entry.cpu, libc: entry.libc },
    hasInstallScript: entry.hasInstallScript ?? false,
    bin: commandsOf({ name, ...(entry.bin === undefined ? {} : { bin: entry.bin }) }),
    bundledIn: entry.inBundle === true ? bundlerOf(place, entries) : undefined,
  };
}

function edgesOf(
  place: string,
  entry: LockEntry,
  entries: Entries,
  file: string,
): Map<string, LockedEdge> {
  const edges = new Map<string, LockedEdge>();
  const resolve = (name: string): string | undefined => {
    for (const candidate of lookupPlaces(place, name)) {
      const found = entries[candidate];
      if (found !== undefined) return found.link === true ? found.resolved : candidate;
    }
    return undefined;
  };
  const { dependencies = {}, optionalDependencies = {}, peerDependencies = {} } = entry;
  for (const name of Object.keys(optionalDependencies)) {
    const to = resolve(name);
    if (to !== undefined) edges.set(name, { to, optional: true });
  }
  for (const name of Object.keys(dependencies)) {
    if (edges.has(name) || name in optionalDependencies) continue;
    const to = resolve(name);
    if (to === undefined) throw incomplete(place, name, file);
    edges.set(name, { to, optional: false });
  }
  for (const name of Object.keys(peerDependencies)) {
    // An optional peer is there because somebody else wants it, or it is not there.
    if (edges.has(name) || entry.peerDependenciesMeta?.[name]?.optional === true) continue;
    const to = resolve(name);
    if (to !== undefined) edges.set(name, { to, optional: false });
  }
  return edges;
}

function recordedOf(folder: string, entries: Entries): Map<string, RecordedDependency> {
  const recorded = new Map<string, RecordedDependency>();
  for (const list of DEPENDENCY_LISTS) {
    for (const [name, range] of Object.entries(entries[folder]?.[list] ?? {})) {
      const place = lookupPlaces(folder, name).find((candidate) => candidate in entries);
      const { name: own = name, version = "" } = place === undefined ? {} : entries[place]!;
      recorded.set(name, { range, list, to: { name: own, version } });
    }
  }
  return recorded;
}

/** `a/node_modules/@scope/b` → `@scope/b`; a folder of the project → its last part. */
function nameOf(place: string): string {
  const marker = "node_modules/";
  const at = place.lastIndexOf(marker);
  return at === -1 ? path.posix.basename(place) : place.slice(at + marker.length);
}

function isInNodeModules(place: string): boolean {
  return place.split("/").includes("node_modules");
}

/** The tarball of a registry, on whichever host: npm asks the registry of its settings. */
export function isRegistryTarball(resolved: string | undefined): boolean {
  return resolved !== undefined && /^https?:\/\/.*\/-\/[^/]+\.tgz(?:#.*)?$/.test(resolved);
}

function bundlerOf(place: string, entries: Entries): string | undefined {
  let at = place;
  while (entries[at]?.inBundle === true) {
    const end = at.lastIndexOf("/node_modules/");
    if (end === -1) return undefined;
    at = at.slice(0, end);
  }
  return at;
}

function insideOf(folder: string, place: string, file: string): string {
  const normal = path.posix.normalize(folder === "" ? "." : folder);
  if (!normal.startsWith("../") && normal !== ".." && !path.posix.isAbsolute(normal)) {
    return normal === "." ? "" : normal;
  }
  throw new VarveError(
    "NPM_OUTSIDE",
    `${file}: ${place} lies outside of the project, in ${folder}`,
    { hint: "make it a workspace of the project, or publish it" },
  );
}

function incomplete(place: string, name: string, file: string): VarveError {
  const who = place === "" ? "the project" : place;
  return new VarveError("NPM_LOCK_INCOMPLETE", `${file}: ${who} needs ${name}, which is missing`, {
    hint: "renew the lockfile: npm install --package-lock-only",
  });
}
