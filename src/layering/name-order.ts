import { codePointOrder, compareCodePoints } from "../closure/order.ts";

/**
 * Sorts ids by what follows their first dash, then by what precedes it: store paths by name, and by
 * hash where names are equal (reference: layering, section 2, order inside a layer). An id without a
 * dash is all name.
 */
export function sortedByName(ids: readonly string[]): string[] {
  const compare = codePointOrder(ids);
  return ids
    .map((id) => ({ id, ...nameAndHash(id) }))
    .toSorted((a, b) => compare(a.name, b.name) || compare(a.hash, b.hash))
    .map(({ id }) => id);
}

/** Compares two ids in the order of `sortedByName`. */
export function compareByName(a: string, b: string): number {
  const [keyA, keyB] = [nameAndHash(a), nameAndHash(b)];
  return compareCodePoints(keyA.name, keyB.name) || compareCodePoints(keyA.hash, keyB.hash);
}

/**
 * The key by which the popularity contest settles ties: the id with its first dash-separated piece
 * moved to the end (reference: layering, section 3).
 */
export function popularityTieKey(id: string): string {
  const dash = id.indexOf("-");
  return dash === -1 ? id : `${id.slice(dash + 1)}-${id.slice(0, dash)}`;
}

function nameAndHash(id: string): { name: string; hash: string } {
  const dash = id.indexOf("-");
  return dash === -1
    ? { name: id, hash: "" }
    : { name: id.slice(dash + 1), hash: id.slice(0, dash) };
}
