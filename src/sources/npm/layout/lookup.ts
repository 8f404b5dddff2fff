/**
 * Where Node looks for a package from a folder, nearest first (Node.js, "Loading from
 * node_modules folders"): places relative to the project's root.
 */
export function lookupPlaces(from: string, name: string): string[] {
  const parts = from === "" ? [] : from.split("/");
  const places: string[] = [];
  for (let length = parts.length; length >= 0; length -= 1) {
    if (parts[length - 1] === "node_modules") continue;
    places.push([...parts.slice(0, length), "node_modules", name].join("/"));
  }
  return places;
}
