import path from "node:path";
import { messageOf, VarveError } from "../../../errors.ts";
import { splitDescriptor } from "./yarn-classic.ts";
import { applies, readResolutions } from "./yarn-resolutions.ts";
import { commandsOf } from "./manifest.ts";
import type { Lock, LockedEdge, LockedPackage, PlatformRules, RecordedDependency } from "./lock.ts";
import type { Manifest } from "./manifest.ts";
import type { Workspace } from "./workspaces.ts";

interface BerryEntry {
  readonly version?: string | number;
  readonly resolution?: string;
  readonly checksum?: string;
  readonly conditions?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly dependenciesMeta?: Readonly<Record<string, { readonly optional?: boolean }>>;
  readonly peerDependenciesMeta?: Readonly<Record<string, { readonly optional?: boolean }>>;
  readonly bin?: Readonly<Record<string, string>>;
}

/**
 * Reads `yarn.lock` of Yarn 2 and later. Its checksums are those of Yarn's own archives, not of
 * the published tarballs.
 *
 * @throws VarveError `NPM_LOCK`, `NPM_LOCK_INCOMPLETE`
 */
export async function parseYarnBerry(
  text: string,
  file: string,
  workspaces: readonly Workspace[],
): Promise<Lock> {
  const entries = await readYaml(text, file);
  const byDescriptor = new Map<string, BerryEntry>();
  for (const [descriptors, entry] of Object.entries(entries)) {
    for (const descriptor of descriptors.split(/,\s*/)) byDescriptor.set(descriptor, entry);
  }
  const folderOf = new Map(workspaces.map(({ folder, manifest }) => [manifest.name, folder]));
  const root = workspaces.find(({ folder }) => folder === "");
  const resolutions = readResolutions(root?.manifest.resolutions ?? {});
  const resolve = (who: string, name: string, range: string): string => {
    const instead = resolutions.find((resolution) => applies(resolution, who, name, range));
    const entry = findEntry(byDescriptor, name, instead?.to ?? range);
    if (entry?.resolution !== undefined) return keyOf(entry.resolution, folderOf);
    throw new VarveError(
      "NPM_LOCK_INCOMPLETE",
      `${file}: ${who} needs ${name}@${range}, which is missing`,
      {
        hint: "the lockfile is out of step with package.json: yarn install",
      },
    );
  };
  const packages = new Map<string, LockedPackage>();
  const recorded = new Map<string, ReadonlyMap<string, RecordedDependency>>();
  for (const entry of Object.values(entries)) {
    const { resolution } = entry;
    if (resolution === undefined) continue;
    const key = keyOf(resolution, folderOf);
    if (resolution.includes("@workspace:")) {
      recorded.set(key, recordedOf(entry));
      continue;
    }
    if (packages.has(key) && entry.checksum === undefined) continue;
    packages.set(key, lockedPackage(key, resolution, entry, resolve));
  }
  for (const { folder, manifest } of workspaces) {
    packages.set(folder, ownPackage(folder, manifest, resolve));
  }
  return {
    manager: "yarn",
    file,
    root: path.dirname(file),
    layout: "hoisted",
    packages,
    folders: workspaces.map(({ folder }) => folder),
    recorded,
    links: new Map(),
  };
}

async function readYaml(text: string, file: string): Promise<Record<string, BerryEntry>> {
  const { parse } = await import("yaml");
  try {
    const value = parse(text) as Record<string, BerryEntry>;
    const { __metadata: _, ...entries } = value;
    return entries;
  } catch (error) {
    throw new VarveError("NPM_LOCK", `${file} cannot be read: ${messageOf(error)}`, {
      cause: error,
      hint: "are there marks of a merge conflict in it? yarn install resolves them",
    });
  }
}

function recordedOf({ dependencies = {} }: BerryEntry): Map<string, RecordedDependency> {
  return new Map(
    Object.entries(dependencies).map(([name, range]) => [name, { range, list: undefined }]),
  );
}

function findEntry(
  entries: ReadonlyMap<string, BerryEntry>,
  name: string,
  range: string,
): BerryEntry | undefined {
  // Before version 4, the protocol of registries went without saying.
  return (
    entries.get(`${name}@${range}`) ??
    entries.get(`${name}@npm:${range}`) ??
    [...entries].find(([descriptor]) => {
      const parts = splitDescriptor(descriptor);
      return (
        parts.name === name &&
        parts.range.startsWith(`patch:${name}@`) &&
        decodeURIComponent(parts.range).includes(range)
      );
    })?.[1]
  );
}

/**
 * `ms@npm:2.0.0` → `ms@2.0.0`, `a@workspace:packages/a` → its folder. Yarn's own patches only
 * teach packages about its loader; the image has a plain `node_modules`.
 */
function keyOf(resolution: string, folderOf: ReadonlyMap<string | undefined, string>): string {
  const { name, range } = splitDescriptor(resolution);
  if (range.startsWith("workspace:")) {
    const folder = range.slice("workspace:".length);
    return folder === "." ? "" : (folderOf.get(name) ?? folder);
  }
  if (range.startsWith("patch:") && range.includes("builtin<")) {
    const inner = decodeURIComponent(range.slice("patch:".length).split("#")[0]!);
    return keyOf(inner, folderOf);
  }
  if (range.startsWith("virtual:")) return keyOf(`${name}@${range.split("#")[1]!}`, folderOf);
  return range.startsWith("npm:") ? `${name}@${range.slice(4).split("::")[0]!}` : resolution;
}

function lockedPackage(
  key: string,
  resolution: string,
  entry: BerryEntry,
  resolve: (who: string, name: string, range: string) => string,
): LockedPackage {
  const { name, range } = splitDescriptor(resolution);
  const isBuiltin = range.includes("builtin<");
  const isRegistry = range.startsWith("npm:") || isBuiltin;
  return {
    key,
    name,
    version: String(entry.version ?? "0.0.0"),
    checksum: entry.checksum,
    resolved: isRegistry ? undefined : range,
    dependencies: edgesOf(entry.dependencies, entry.dependenciesMeta, (dependency, asked) =>
      resolve(key, dependency, asked),
    ),
    platform: platformOf(entry.conditions),
    patched: range.startsWith("patch:") && !isBuiltin,
    bin: commandsOf({ name, bin: entry.bin ?? {} }),
  };
}

function ownPackage(
  folder: string,
  manifest: Manifest,
  resolve: (who: string, name: string, range: string) => string,
): LockedPackage {
  const who = folder === "" ? "the project" : folder;
  const { optionalDependencies = {}, dependencies = {} } = manifest;
  const optional = Object.fromEntries(
    Object.keys(optionalDependencies).map((name) => [name, { optional: true }]),
  );
  return {
    key: folder,
    name: manifest.name ?? folder,
    version: manifest.version ?? "0.0.0",
    dependencies: edgesOf({ ...dependencies, ...optionalDependencies }, optional, (name, range) =>
      resolve(who, name, range),
    ),
    platform: {},
    hasInstallScript: false,
  };
}

function edgesOf(
  dependencies: Readonly<Record<string, string>> = {},
  meta: Readonly<Record<string, { readonly optional?: boolean }>> = {},
  resolve: (name: string, range: string) => string,
): Map<string, LockedEdge> {
  const edges = new Map<string, LockedEdge>();
  for (const [name, range] of Object.entries(dependencies)) {
    // Yarn adds this where a package has a binding.gyp; nothing requires it when it runs.
    if (name === "node-gyp" && range === "npm:latest") continue;
    edges.set(name, { to: resolve(name, range), optional: meta[name]?.optional === true });
  }
  return edges;
}

/** `os=linux & cpu=x64 & libc=glibc`, with `(os=a | os=b)` for several. */
function platformOf(conditions: string | undefined): PlatformRules {
  const values = (field: string): string[] | undefined => {
    const found = [...(conditions ?? "").matchAll(new RegExp(`\\b${field}=([\\w!-]+)`, "g"))];
    return found.length === 0 ? undefined : found.map((match) => match[1]!);
  };
  return { os: values("os"), cpu: values("cpu"), libc: values("libc") };
}
