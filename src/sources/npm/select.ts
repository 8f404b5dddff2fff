import { VarveError } from "../../errors.ts";
import { byText } from "./by-text.ts";
import { runsOn } from "./platform.ts";
import type { NodePlatform } from "./platform.ts";
import type { Lock, LockedPackage } from "./lockfile/lock.ts";

/**
 * What an application needs in production on a platform: every package reached from it by
 * dependencies, without those that are optional and made for other platforms. Keys, sorted.
 *
 * @param folder the application: the root (`""`), which takes its workspaces along, or a workspace
 * @throws VarveError `NPM_PLATFORM` when something that is not optional does not run there
 */
export function selectProduction(lock: Lock, folder: string, platform: NodePlatform): string[] {
  const starts = folder === "" ? lock.folders : [folder];
  const required = reach(lock, starts, (_, optional) => !optional);
  for (const key of [...required].toSorted(byText)) {
    const found = lock.packages.get(key)!;
    if (!runsOn(found.platform, platform)) throw wrongPlatform(found, platform);
  }
  const all = reach(lock, starts, ({ platform: rules }) => runsOn(rules, platform));
  return [...all].toSorted(byText);
}

/** Keys of what is only there if it can be, and whose platforms the lockfile does not tell. */
export function unknownPlatforms(lock: Lock, folder: string): string[] {
  const starts = folder === "" ? lock.folders : [folder];
  const required = reach(lock, starts, (_, optional) => !optional);
  const all = reach(lock, starts, () => true);
  return [...all].filter(
    (key) => !required.has(key) && lock.packages.get(key)!.platform === undefined,
  );
}

function reach(
  { packages }: Lock,
  starts: readonly string[],
  follows: (to: LockedPackage, optional: boolean) => boolean,
): Set<string> {
  const reached = new Set<string>(starts);
  // A set is walked in the order of insertion, what is added on the way included.
  for (const key of reached) {
    const found = packages.get(key)!;
    if (found.bundledIn !== undefined) reached.add(found.bundledIn);
    for (const { to, optional } of found.dependencies.values()) {
      const target = packages.get(to);
      if (target !== undefined && follows(target, optional)) reached.add(to);
    }
  }
  return reached;
}

function wrongPlatform(
  { name, version, platform = {} }: LockedPackage,
  wanted: NodePlatform,
): Error {
  const rules = [platform.os, platform.cpu, platform.libc]
    .filter((list) => list !== undefined)
    .map((list) => list.join(" or "));
  return new VarveError(
    "NPM_PLATFORM",
    `${name}@${version} runs on ${rules.join(", ")} only; the image is for ${wanted.os}/${wanted.cpu} with ${wanted.libc}`,
    { hint: "build for another platform, or list the package in optionalDependencies" },
  );
}
