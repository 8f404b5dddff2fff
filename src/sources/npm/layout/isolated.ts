import * as crypto from "node:crypto";
import { byText } from "../by-text.ts";
import type { Lock } from "../lockfile/lock.ts";
import type { PlacedLink, Placement } from "./placement.ts";

/** Where pnpm keeps every package in a folder of its own, beside links to what it needs. */
const VIRTUAL_STORE = "node_modules/.pnpm";
/** Longer names of folders are cut and get a hash (pnpm's documentation, virtual-store-dir-max-length). */
const LONGEST_NAME = 120;
const HASH_LENGTH = 32;

/**
 * pnpm's layout: a package sees what it depends on and, as pnpm does by default, everything else
 * that is hoisted to the virtual store's own `node_modules`.
 */
export function isolatedLayout(lock: Lock, selected: readonly string[]): Placement[] {
  const folders = new Set(lock.folders);
  const places = new Map<string, string>();
  for (const key of selected) {
    const { name } = lock.packages.get(key)!;
    const place = folders.has(key)
      ? key
      : `${VIRTUAL_STORE}/${folderName(key)}/node_modules/${name}`;
    places.set(key, place);
  }
  const hoisted = hoistedLinks(lock, selected, places);
  return selected.map((key) => {
    const { dependencies, name: own } = lock.packages.get(key)!;
    const place = places.get(key)!;
    const home = folders.has(key)
      ? [place, "node_modules"].filter((part) => part !== "").join("/")
      : place.slice(0, -own.length - 1);
    const references = new Map<string, string>();
    const links: PlacedLink[] = [];
    for (const [name, { to }] of dependencies) {
      const target = places.get(to);
      if (target === undefined || target === place) continue;
      references.set(name, target);
      const at = `${home}/${name}`;
      if (at !== target && at !== place) links.push({ at, to: target });
    }
    return { place, key, references, links: [...links, ...(hoisted.get(key) ?? [])] };
  });
}

/**
 * Links in the virtual store's `node_modules`, by which packages find what they forgot to declare.
 * Of several versions the newest key wins, by name. They belong to what they lead to.
 */
function hoistedLinks(
  lock: Lock,
  selected: readonly string[],
  places: ReadonlyMap<string, string>,
): Map<string, PlacedLink[]> {
  const folders = new Set(lock.folders);
  const winners = new Map<string, string>();
  const names = new Map<string, Set<string>>();
  for (const key of selected) {
    for (const [name, { to }] of lock.packages.get(key)!.dependencies) {
      if (!places.has(to) || folders.has(to)) continue;
      names.set(name, (names.get(name) ?? new Set()).add(to));
    }
  }
  for (const [name, keys] of names) winners.set(name, [...keys].toSorted(byText).at(-1)!);
  const links = new Map<string, PlacedLink[]>();
  for (const [name, key] of [...winners].toSorted(([a], [b]) => byText(a, b))) {
    const link = { at: `${VIRTUAL_STORE}/node_modules/${name}`, to: places.get(key)! };
    links.set(key, [...(links.get(key) ?? []), link]);
  }
  return links;
}

/** The folder of a package in the virtual store. */
export function folderName(key: string): string {
  let name = key.replace(/^file:/, "file+").replace(/[\\/:*?"<>|#]/g, "+");
  if (name.includes("(")) name = name.replace(/\)$/, "").replace(/\)\(|\(|\)/g, "_");
  const isSafe = name === name.toLowerCase() || name.startsWith("file+");
  if (name.length <= LONGEST_NAME && isSafe) return name;
  const hash = crypto.hash("sha256", name, "hex").slice(0, HASH_LENGTH);
  return `${name.slice(0, LONGEST_NAME - HASH_LENGTH - 1)}_${hash}`;
}
