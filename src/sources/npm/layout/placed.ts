import type { Lock } from "../lockfile/lock.ts";
import type { Placement, PlacedLink } from "./placement.ts";

/** npm's lockfile says itself where everything lies. Bundled packages lie within their bundlers. */
export function placedLayout(lock: Lock, selected: readonly string[]): Placement[] {
  const owners = new Map<string, string>();
  for (const key of selected) owners.set(key, lock.packages.get(key)!.bundledIn ?? key);
  const references = new Map<string, Map<string, string>>();
  for (const key of selected) {
    const owner = owners.get(key)!;
    const own = references.get(owner) ?? new Map<string, string>();
    references.set(owner, own);
    for (const [name, { to }] of lock.packages.get(key)!.dependencies) {
      const target = owners.get(to);
      if (target !== undefined && target !== owner) own.set(name, target);
    }
  }
  const links = new Map<string, PlacedLink[]>();
  for (const [at, to] of lock.links) {
    if (owners.has(to)) links.set(to, [...(links.get(to) ?? []), { at, to }]);
  }
  return [...references].map(([key, own]) => ({
    place: key,
    key,
    references: own,
    links: links.get(key) ?? [],
  }));
}
