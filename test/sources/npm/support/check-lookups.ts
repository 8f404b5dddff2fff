import path from "node:path";
import { lookupPlaces } from "../../../../src/sources/npm/layout/lookup.ts";
import type { Placement } from "../../../../src/sources/npm/layout/placement.ts";
import type { Lock } from "../../../../src/sources/npm/lockfile/lock.ts";

/**
 * Dependencies that Node would not find from where packages lie: `from → name`, with what it finds
 * instead. Symlinks are followed as Node follows them.
 */
export function wrongLookups(lock: Lock, placements: readonly Placement[]): string[] {
  const chosen = new Set(placements.map(({ key }) => key));
  const at = new Map(placements.map(({ place, key }) => [place, key]));
  const keyAt = new Map(at);
  for (const { links } of placements) {
    for (const link of links) {
      if (keyAt.has(link.at)) throw new Error(`something lies at ${link.at} already`);
      keyAt.set(link.at, at.get(link.to) ?? `nothing at ${link.to}`);
    }
  }
  const wrong: string[] = [];
  for (const { place, key } of placements) {
    for (const [name, { to }] of lock.packages.get(key)!.dependencies) {
      if (!chosen.has(to)) continue;
      const found = lookupPlaces(place, name).find((candidate) => keyAt.has(candidate));
      const got = found === undefined ? "nothing" : keyAt.get(found);
      if (got !== to) wrong.push(`${place} → ${name}: ${got} at ${found}, not ${to}`);
    }
  }
  return wrong;
}

/** Relative targets of links, as a person reads them. */
export function shownLinks(placements: readonly Placement[]): string[] {
  return placements
    .flatMap(({ links }) => links)
    .map(({ at, to }) => `${at} -> ${path.posix.relative(path.posix.dirname(at), to)}`)
    .toSorted();
}
