import * as fs from "node:fs";
import path from "node:path";
import { VarveError } from "../../../errors.ts";
import { DEPENDENCY_LISTS } from "./lock.ts";
import type { DependencyList, Lock, RecordedDependency } from "./lock.ts";
import { readManifest } from "./manifest.ts";
import type { Manifest } from "./manifest.ts";
import { findWorkspaces } from "./workspaces.ts";

const RENEW: Readonly<Record<Lock["manager"], string>> = {
  npm: "npm install --package-lock-only",
  pnpm: "pnpm install --lockfile-only",
  yarn: "yarn install",
};

/** A dependency as the manifest has it. */
interface WantedDependency {
  readonly range: string;
  readonly list: DependencyList;
}

/**
 * Whether every manifest of the project asks for what the lockfile has for it, as `npm ci`,
 * `pnpm install --frozen-lockfile` and `yarn install --immutable` see it: no dependency without an
 * entry, none too many, no range that what is locked does not meet, no workspace that is new.
 *
 * @param patterns of the workspaces, where they are not in the manifest
 * @throws VarveError `NPM_LOCK_STALE`
 */
export async function checkManifests(lock: Lock, patterns?: readonly string[]): Promise<void> {
  for (const folder of lock.folders) {
    const manifest = readManifest(path.join(lock.root, folder));
    if (manifest === undefined) throw stale(lock, `${folder} has no package.json`);
    const recorded = lock.recorded.get(folder);
    if (recorded !== undefined) await checkManifest(lock, folder, manifest, recorded);
  }
  checkWorkspaces(lock, patterns);
}

async function checkManifest(
  lock: Lock,
  folder: string,
  manifest: Manifest,
  recorded: ReadonlyMap<string, RecordedDependency>,
): Promise<void> {
  const file = folder === "" ? "package.json" : `${folder}/package.json`;
  const wanted = wantedBy(manifest);
  const overridden = namesIn(lock.manager === "npm" ? readOverrides(lock) : {});
  for (const [name, { range, list }] of wanted) {
    const found = recorded.get(name);
    if (found === undefined) {
      // What is optional may be missing where it could not be found when the lockfile was made;
      // pnpm can be told not to write down links.
      if (list === "optionalDependencies" || range.startsWith("link:")) continue;
      throw stale(lock, `${file} asks for ${name}, which the lockfile does not have`);
    }
    if (found.list !== undefined && isForDevelopment(found.list) !== isForDevelopment(list)) {
      throw stale(lock, `${file} has ${name} in ${list}, the lockfile in ${found.list}`);
    }
    if (found.range === undefined || bare(found.range) === bare(range)) continue;
    if (overridden.has(name) || (await meets(found, range))) continue;
    const has = found.to === undefined ? found.range : found.to.version;
    throw stale(lock, `${file} asks for ${name}@${range}, the lockfile has ${has}`);
  }
  for (const [name, { list }] of recorded) {
    if (wanted.has(name) || name in (manifest.peerDependencies ?? {})) continue;
    // npm lets it pass, and the image would be the same.
    if (lock.manager === "npm" && list === "devDependencies") continue;
    throw stale(lock, `${file} no longer asks for ${name}, which the lockfile has`);
  }
}

function wantedBy(manifest: Manifest): Map<string, WantedDependency> {
  const wanted = new Map<string, WantedDependency>();
  for (const list of DEPENDENCY_LISTS) {
    for (const [name, range] of Object.entries(manifest[list] ?? {})) {
      wanted.set(name, { range, list });
    }
  }
  return wanted;
}

function isForDevelopment(list: DependencyList): boolean {
  return list === "devDependencies";
}

/** Registries' protocol goes without saying. */
function bare(range: string): string {
  return range.startsWith("npm:") ? range.slice("npm:".length) : range;
}

/** Whether what is locked meets another range, too; npm then takes the lockfile as it is. */
async function meets({ to }: RecordedDependency, range: string): Promise<boolean> {
  if (to === undefined) return false;
  const { default: semver } = await import("semver");
  const alias = /^npm:(@?[^@]+)(?:@(.*))?$/.exec(range);
  if (alias !== null && alias[1] !== to.name) return false;
  const asked = alias === null ? range : (alias[2] ?? "*");
  if (semver.validRange(asked) !== null) return semver.satisfies(to.version, asked);
  // A tag may stand for any version.
  return /^[\w.-]+$/.test(asked);
}

function readOverrides({ root }: Lock): Readonly<Record<string, unknown>> {
  return readManifest(root)?.overrides ?? {};
}

/** Names of all packages that npm's overrides speak of. */
function namesIn(overrides: Readonly<Record<string, unknown>>): Set<string> {
  const names = new Set<string>();
  for (const [pattern, value] of Object.entries(overrides)) {
    const at = pattern.indexOf("@", 1);
    names.add(at === -1 ? pattern : pattern.slice(0, at));
    if (typeof value === "object" && value !== null) {
      for (const name of namesIn(value as Record<string, unknown>)) names.add(name);
    }
  }
  return names;
}

function checkWorkspaces(lock: Lock, patterns: readonly string[] | undefined): void {
  // Yarn's lockfile does not tell; its folders were found in the same way.
  if (lock.manager === "yarn") return;
  const known = new Set(lock.folders);
  const ownLock = path.basename(lock.file);
  for (const { folder } of findWorkspaces(lock.root, patterns)) {
    if (known.has(folder) || fs.existsSync(path.join(lock.root, folder, ownLock))) continue;
    throw stale(lock, `the workspace ${folder} is not in the lockfile`);
  }
}

function stale({ file, manager }: Lock, why: string): VarveError {
  return new VarveError("NPM_LOCK_STALE", `${file} is out of step: ${why}`, {
    hint: `renew it: ${RENEW[manager]}`,
  });
}
