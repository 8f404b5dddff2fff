import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Closure } from "../../src/closure/closure.ts";
import { induced } from "../../src/closure/subgraph.ts";
import { popularityOf } from "../../src/layering/popularity.ts";
import { arbitraryComponents, randomLists } from "../closure/support/arbitrary-graph.ts";
import { closureOf } from "./support/closures.ts";
import { naivePopularity } from "./support/oracles.ts";

function popularityIn(closure: Closure): Map<string, bigint> {
  const { order } = closure.graph;
  const popularity = popularityOf(induced(closure.graph, order));
  return new Map(
    Array.from(order, (vertex, place) => [
      closure.components[vertex]!.id,
      popularity.toBigInt(place),
    ]),
  );
}

function sorted(points: ReadonlyMap<string, bigint>): Array<[string, bigint]> {
  return [...points].toSorted(([a], [b]) => (a < b ? -1 : 1));
}

describe("popularityOf", () => {
  it("has the published check value", () => {
    const closure = closureOf({
      A: ["B", "G"],
      B: ["C", "E"],
      C: ["D", "E"],
      D: ["F"],
      E: ["F"],
    });
    expect(sorted(popularityIn(closure))).toEqual([
      ["A", 1n],
      ["B", 2n],
      ["C", 3n],
      ["D", 4n],
      ["E", 5n],
      ["F", 9n],
      ["G", 2n],
    ]);
  });

  it("gives foo 1, bar 2, baz 4, tux 6", () => {
    const closure = closureOf({ foo: ["bar", "baz"], bar: ["baz"], baz: ["tux"] });
    expect(Object.fromEntries(popularityIn(closure))).toEqual({
      foo: 1n,
      bar: 2n,
      baz: 4n,
      tux: 6n,
    });
  });

  it("takes self references for none", () => {
    const closure = closureOf({ a: ["a", "b"], b: ["b"] });
    expect(Object.fromEntries(popularityIn(closure))).toEqual({ a: 1n, b: 2n });
  });

  it("counts nothing in nothing", () => {
    expect(popularityIn(Closure.of([])).size).toBe(0);
  });

  it("is exact far above 2^64", () => {
    // A ladder of pairs, each member of which refers to both of the next: walks double per rung.
    const rungs = 200;
    const ladder = Object.fromEntries(
      Array.from({ length: rungs }, (_, rung) => {
        const next = rung + 1 < rungs ? [`l${rung + 1}`, `r${rung + 1}`] : ["last"];
        return [
          [`l${rung}`, next],
          [`r${rung}`, next],
        ] as const;
      }).flat(),
    );
    // W is 2^rung on both sides, and 2^rungs for the last: 1 + … sums to 2^(rungs+1) - 2 + 2^rungs.
    expect(popularityIn(closureOf(ladder)).get("last")).toBe(3n * 2n ** BigInt(rungs) - 2n);
  });

  it("agrees with the recursion as it is stated", () => {
    fc.assert(
      fc.property(arbitraryComponents(), (inputs) => {
        const closure = Closure.of(inputs);
        expect(sorted(popularityIn(closure))).toEqual(sorted(naivePopularity(closure)));
      }),
      { numRuns: 500 },
    );
  });

  it.each([
    ["dense", 600, 10],
    ["of more than one block", 1500, 3],
  ])("agrees with it on a large graph, %s", (_, count, edges) => {
    const lists = randomLists(count, edges, 11);
    const closure = Closure.of(
      lists.map((targets, id) => ({ id: `${id}`, references: targets.map(String), size: 1 })),
    );
    expect(sorted(popularityIn(closure))).toEqual(sorted(naivePopularity(closure)));
  });

  it("has no trouble with thousands of users of one path", () => {
    const users = Array.from({ length: 5000 }, (_, index) => [`user${index}`, ["libc"]] as const);
    expect(popularityIn(closureOf(Object.fromEntries(users))).get("libc")).toBe(10_000n);
  });
});
