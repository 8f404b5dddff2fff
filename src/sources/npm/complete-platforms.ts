import { locateInstalled } from "./content/locate.ts";
import { readManifest } from "./lockfile/manifest.ts";
import type { Lock, LockedPackage, PlatformRules } from "./lockfile/lock.ts";
import { machinePlatform } from "./platform.ts";
import type { NodePlatform } from "./platform.ts";
import type { NpmRegistry } from "./registry/npm-registry.ts";
import { unknownPlatforms } from "./select.ts";

/** Rules that no platform meets. */
const NOWHERE: PlatformRules = { os: ["none"] };

/**
 * Yarn 1 does not write down which systems an optional package is for. What is installed says so
 * itself; what is not installed on a machine like the image's was left out there, too; for
 * everything else the registry is asked.
 *
 * @param usesInstalled whether the installed tree counts
 */
export async function completePlatforms(
  lock: Lock,
  folder: string,
  platform: NodePlatform,
  registry: NpmRegistry,
  usesInstalled: boolean,
): Promise<Lock> {
  const unknown = unknownPlatforms(lock, folder);
  if (unknown.length === 0) return lock;
  const installed = usesInstalled
    ? locateInstalled(lock, [...lock.packages.keys()])
    : new Map<string, string>();
  const hasTree = [...installed.keys()].some((key) => !lock.folders.includes(key));
  const isLikeMachine = JSON.stringify(platform) === JSON.stringify(machinePlatform());
  const packages = new Map(lock.packages);
  await Promise.all(
    unknown.map(async (key) => {
      const locked = packages.get(key)!;
      const place = installed.get(key);
      packages.set(key, { ...locked, platform: await rulesOf(locked, place) });
    }),
  );
  return { ...lock, packages };

  async function rulesOf(locked: LockedPackage, place: string | undefined): Promise<PlatformRules> {
    if (place !== undefined) return rulesIn(readManifest(place) ?? {});
    if (hasTree && isLikeMachine) return NOWHERE;
    return rulesIn(await registry.manifest(locked));
  }
}

function rulesIn({ os, cpu, libc }: PlatformRules): PlatformRules {
  return { os, cpu, libc };
}
