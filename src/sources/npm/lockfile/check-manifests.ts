import path from "node:path";
import { VarveError } from "../../../errors.ts";
import { readManifest } from "./manifest.ts";
import type { Manifest } from "./manifest.ts";
import type { Lock } from "./lock.ts";

const RENEW: Readonly<Record<Lock["manager"], string>> = {
  npm: "npm install --package-lock-only",
  pnpm: "pnpm install --lockfile-only",
  yarn: "yarn install",
};

/**
 * Whether every manifest of the project asks for what the lockfile has for it: no dependency
 * without an entry, none too many. Ranges are the installing program's business where the
 * lockfile does not repeat them.
 *
 * @throws VarveError `NPM_LOCK_STALE`
 */
export function checkManifests(lock: Lock): void {
  for (const folder of lock.folders) {
    const manifest = readManifest(path.join(lock.root, folder));
    if (manifest === undefined) {
      throw stale(lock, `${folder} has no package.json`);
    }
    const wanted = wantedNames(manifest);
    const locked = lock.packages.get(folder)!.dependencies;
    for (const [name, optional] of wanted) {
      // What is optional may be missing where it could not be found when the lockfile was made.
      if (!locked.has(name) && !optional) {
        throw stale(lock, `${fileOf(folder)} asks for ${name}, which the lockfile does not have`);
      }
    }
    for (const name of locked.keys()) {
      if (wanted.has(name) || isPeer(manifest, name)) continue;
      throw stale(lock, `${fileOf(folder)} no longer asks for ${name}, which the lockfile has`);
    }
  }
}

function wantedNames({
  dependencies = {},
  optionalDependencies = {},
}: Manifest): Map<string, boolean> {
  const names = new Map<string, boolean>();
  for (const name of Object.keys(dependencies)) names.set(name, false);
  for (const name of Object.keys(optionalDependencies)) names.set(name, true);
  return names;
}

function isPeer({ peerDependencies = {} }: Manifest, name: string): boolean {
  return name in peerDependencies;
}

function fileOf(folder: string): string {
  return folder === "" ? "package.json" : `${folder}/package.json`;
}

function stale({ file, manager }: Lock, why: string): VarveError {
  return new VarveError("NPM_LOCK_STALE", `${file} is out of step: ${why}`, {
    hint: `renew it: ${RENEW[manager]}`,
  });
}
