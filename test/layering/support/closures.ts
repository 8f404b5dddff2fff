import { Closure } from "../../../src/closure/closure.ts";

/** A closure from `{ A: ["B", "G"] }`, all of size 1 unless said. Names that are only referred to count. */
export function closureOf(
  references: Readonly<Record<string, readonly string[]>>,
  sizes: Readonly<Record<string, number>> = {},
): Closure {
  const ids = new Set([...Object.keys(references), ...Object.values(references).flat()]);
  return Closure.of(
    [...ids].map((id) => ({ id, references: references[id] ?? [], size: sizes[id] ?? 1 })),
  );
}

export function pathsOf(plan: {
  readonly layers: ReadonlyArray<{ readonly paths: readonly string[] }>;
}): Array<readonly string[]> {
  return plan.layers.map(({ paths }) => paths);
}

export function reasonsOf(plan: {
  readonly layers: ReadonlyArray<{ readonly reason: string }>;
}): string[] {
  return plan.layers.map(({ reason }) => reason);
}

/** The id of a store path with this name. */
export function storePath(name: string, letter = "a"): string {
  return `/nix/store/${letter.repeat(32)}-${name}`;
}
