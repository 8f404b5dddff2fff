import { byText } from "../by-text.ts";
import type { Lock } from "../lockfile/lock.ts";
import type { PlacedLink, Placement } from "./placement.ts";

/**
 * Links in `.bin` to packages' commands, as npm makes them, by the places of the packages they
 * belong to. In pnpm's layout only the project's own folders have them. Where two packages offer
 * one command in one folder, the first by name has it.
 *
 * @param commandsOf commands of a package of the lock: name → file
 */
export function commandLinks(
  lock: Lock,
  placements: readonly Placement[],
  commandsOf: (key: string) => Readonly<Record<string, string>>,
): Map<string, PlacedLink[]> {
  const keys = new Map(placements.map(({ place, key }) => [place, key]));
  const taken = new Set<string>();
  const links = new Map<string, PlacedLink[]>();
  for (const { at, owner, place } of visiblePackages(lock, placements)) {
    const folder = at.slice(0, at.lastIndexOf("node_modules/") + "node_modules".length);
    const commands = Object.entries(commandsOf(keys.get(place)!));
    for (const [command, file] of commands.toSorted(([a], [b]) => byText(a, b))) {
      const link = { at: `${folder}/.bin/${command}`, to: `${at}/${file}` };
      if (taken.has(link.at)) continue;
      taken.add(link.at);
      links.set(owner, [...(links.get(owner) ?? []), link]);
    }
  }
  return links;
}

interface Visible {
  /** Place in a `node_modules`, perhaps of a link. */
  readonly at: string;
  /** Place of the package itself. */
  readonly place: string;
  /** Place of the component that the links belong to. */
  readonly owner: string;
}

function visiblePackages(lock: Lock, placements: readonly Placement[]): Visible[] {
  const folders = new Set(lock.folders);
  const visible: Visible[] = [];
  for (const { place, key, links } of placements) {
    if (lock.layout === "isolated") {
      if (!folders.has(key)) continue;
      for (const { at, to } of links) visible.push({ at, place: to, owner: place });
    } else if (!folders.has(key)) {
      visible.push({ at: place, place, owner: place });
    }
  }
  return visible.toSorted((a, b) => byText(a.at, b.at));
}
