import { formatBytes, shortName } from "../wording/format.ts";
import type { Component } from "../closure/component.ts";

/** Reason of a layer that holds whatever has no layer of its own. */
export const EVERYTHING_ELSE = "everything else";

/** Reason of a plan's only layer. */
export const EVERYTHING = "everything in one layer";

/** `nodejs-24.21 (190 MB)` */
export function nameAndSize({ id, size }: Component): string {
  return `${shortName(id)} (${formatBytes(size)})`;
}

/** `nodejs`, `nodejs and openssl`, `nodejs, openssl and 3 more`: at most three names. */
export function listed(components: readonly Component[]): string {
  const names = components.map(({ id }) => shortName(id));
  if (names.length > 3) return `${names.slice(0, 2).join(", ")} and ${names.length - 2} more`;
  return names.length < 2 ? names.join() : `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
}

/** `1 dependency`, `2 dependencies` */
export function countedDependencies(number: number): string {
  return `${number} ${number === 1 ? "dependency" : "dependencies"}`;
}
