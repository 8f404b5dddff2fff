import { byText } from "../by-text.ts";
import type { Lock } from "../lockfile/lock.ts";
import type { PlacedLink, Placement } from "./placement.ts";
import { lookupPlaces } from "./lookup.ts";

interface Placed {
  readonly place: string;
  readonly key: string;
  readonly references: Map<string, string>;
}

/**
 * A plain `node_modules` for lockfiles that say nothing of places: every package as near to the
 * root as it can lie without another version of the same name in its way, so that each finds
 * exactly the versions of the lockfile by Node's own lookup. Nearer dependencies go first, then
 * names: the result follows from the lockfile alone, not from whoever installed it.
 *
 * Packages that need each other in several versions would lie within each other without end; there
 * a symlink leads back to the one around.
 */
export function hoistedLayout(lock: Lock, selected: readonly string[]): Placement[] {
  const chosen = new Set(selected);
  const folders = lock.folders.filter((folder) => chosen.has(folder)).toSorted(byText);
  const packages = new Map<string, Placed>();
  /** Places that somebody looked past: nothing may be put there any more. */
  const passed = new Set<string>();
  const links: PlacedLink[] = [];
  const queue: Placed[] = [];
  const add = (place: string, key: string): Placed => {
    const placed = { place, key, references: new Map<string, string>() };
    packages.set(place, placed);
    queue.push(placed);
    return placed;
  };
  for (const folder of folders) add(folder, folder);
  for (const folder of folders) {
    if (folder === "") continue;
    const at = `node_modules/${lock.packages.get(folder)!.name}`;
    links.push({ at, to: folder });
    packages.set(at, packages.get(folder)!);
  }
  // What the project's own folders ask for themselves comes before what others drag in.
  for (const placed of queue) {
    const { dependencies } = lock.packages.get(placed.key)!;
    for (const [name, { to }] of [...dependencies].toSorted(([a], [b]) => byText(a, b))) {
      if (!chosen.has(to)) continue;
      const candidates = lookupPlaces(placed.place, name);
      const at = findPlace(candidates, to, packages, passed, (place) => isHome(place, name));
      for (const place of candidates.slice(0, candidates.indexOf(at))) passed.add(place);
      const there = packages.get(at) ?? linkToAround(placed.place, at, to) ?? add(at, to);
      placed.references.set(name, there.place);
    }
  }
  return queue.map(({ place, key, references }) => ({
    place,
    key,
    references,
    links: links.filter(({ to }) => to === place),
  }));

  /** A symlink to the package in whose folder another one lies, when that needs it again. */
  function linkToAround(from: string, at: string, key: string): Placed | undefined {
    for (let around = from; around.includes("node_modules/");) {
      const placed = packages.get(around);
      if (placed?.key === key) {
        packages.set(at, placed);
        links.push({ at, to: placed.place });
        return placed;
      }
      around = around.slice(0, around.lastIndexOf("node_modules/")).replace(/\/$/, "");
    }
    return undefined;
  }

  /** Whether a place lies directly in the `node_modules` of a package or of a folder of ours. */
  function isHome(place: string, name: string): boolean {
    const home = place.slice(0, -`node_modules/${name}`.length).replace(/\/$/, "");
    return home === "" || packages.has(home);
  }
}

/** The place farthest from the asking package where its lookup may end in `key`. */
function findPlace(
  candidates: readonly string[],
  key: string,
  packages: ReadonlyMap<string, Placed>,
  passed: ReadonlySet<string>,
  isHome: (place: string) => boolean,
): string {
  // Nobody but the package itself has looked into its own folder yet.
  let best = candidates[0]!;
  for (const place of candidates) {
    const there = packages.get(place);
    if (there?.key === key) return place;
    if (there !== undefined) break;
    if (!passed.has(place) && isHome(place)) best = place;
  }
  return best;
}
