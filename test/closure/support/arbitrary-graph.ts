import * as fc from "fast-check";
import type { ComponentInput } from "../../../src/closure/closure.ts";

const HASH_LETTERS = "0123456789abcdfghijklmnpqrsvwxyz";

/**
 * Components in any order, without cycles: few names and sizes, so that ties are common; references
 * repeated and to self; ids whose order says nothing about who refers to whom.
 */
export function arbitraryComponents(most = 24): fc.Arbitrary<ComponentInput[]> {
  return fc
    .uniqueArray(fc.tuple(hash, fc.constantFrom("a", "b", "b-1.0", "c-2", "ü", "😀")), {
      maxLength: most,
      selector: ([prefix]) => prefix,
    })
    .chain((names) => {
      const ids = names.map(([prefix, name]) => `/nix/store/${prefix}-${name}`);
      return fc.tuple(...ids.map((id, index) => component(id, ids.slice(0, index))));
    })
    .chain((components) => fc.shuffledSubarray(components, { minLength: components.length }));
}

const hash = fc.string({
  unit: fc.constantFrom(...HASH_LETTERS.split("")),
  minLength: 32,
  maxLength: 32,
});

function component(id: string, lower: readonly string[]): fc.Arbitrary<ComponentInput> {
  const references = fc.array(fc.constantFrom(id, ...lower), { maxLength: 5 });
  return fc.record({
    id: fc.constant(id),
    references,
    size: fc.constantFrom(0, 1, 2, 3, 10, 10, 1000, 123_456),
  });
}

/** Graphs as lists of targets; cycles and repeated edges allowed. */
export function arbitraryLists(most = 12): fc.Arbitrary<number[][]> {
  return fc.integer({ min: 0, max: most }).chain((count) =>
    fc.array(fc.array(fc.nat({ max: Math.max(0, count - 1) }), { maxLength: 3 }), {
      minLength: count,
      maxLength: count,
    }),
  );
}

/**
 * A random graph without cycles, numbered in topological order: each vertex points to higher ones
 * only. The same seed gives the same graph.
 */
export function randomLists(count: number, edges: number, seed: number): number[][] {
  const random = randomNumbers(seed);
  return Array.from({ length: count }, (_, vertex) => {
    const above = count - vertex - 1;
    const targets = Array.from(
      { length: Math.min(edges, above) },
      () => vertex + 1 + Math.floor(random() * above),
    );
    return [...new Set(targets)];
  });
}

/** Numbers from 0 to 1 (a linear congruential generator: enough to scatter edges). */
export function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
