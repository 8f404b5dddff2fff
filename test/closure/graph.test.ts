import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ancestorBlocks } from "../../src/closure/ancestors.ts";
import { findCycle } from "../../src/closure/cycle.ts";
import { Graph } from "../../src/closure/graph.ts";
import { reach } from "../../src/closure/reach.ts";
import { disjointUnion, induced, withoutEdgesInto } from "../../src/closure/subgraph.ts";
import { arbitraryLists, randomLists } from "./support/arbitrary-graph.ts";

function listsOf(graph: Graph): number[][] {
  return Array.from({ length: graph.count }, (_, vertex) => [...graph.next(vertex)]);
}

/** All blocks put together, as one set per vertex. */
function ancestorsIn(graph: Graph): number[][] {
  const sets: number[][] = Array.from({ length: graph.count }, () => []);
  for (const { first, last, words, rows } of ancestorBlocks(graph)) {
    for (let vertex = first; vertex < graph.count; vertex += 1) {
      for (let ancestor = first; ancestor < last; ancestor += 1) {
        const word = rows[vertex * words + ((ancestor - first) >>> 5)]!;
        if ((word >>> ((ancestor - first) & 31)) % 2 === 1) sets[vertex]!.push(ancestor);
      }
    }
  }
  return sets.map((set) => set.toSorted((a, b) => a - b));
}

/** 0 → 1 → 3, 0 → 2 → 3, 4 alone. */
const diamond = Graph.of([[2, 1], [3], [3], [], []]);

describe("Graph", () => {
  it("gives back its lists", () => {
    fc.assert(
      fc.property(arbitraryLists(), (lists) => {
        expect(listsOf(Graph.of(lists))).toEqual(lists);
      }),
    );
  });

  it("turns round", () => {
    expect(listsOf(diamond.reversed)).toEqual([[], [0], [0], [1, 2], []]);
    expect(diamond.reversed.reversed).toBe(diamond);
  });

  it("sorts each vertex's edges", () => {
    expect(listsOf(diamond.sorted())).toEqual([[1, 2], [3], [3], [], []]);
    expect(listsOf(diamond)).toEqual([[2, 1], [3], [3], [], []]);
  });

  it("has roots", () => {
    expect(diamond.roots).toEqual([0, 4]);
    expect(Graph.of([]).roots).toEqual([]);
  });

  it("has an order in which every vertex precedes what it points to, unless there is a cycle", () => {
    fc.assert(
      fc.property(arbitraryLists(), (lists) => {
        const graph = Graph.of(lists);
        const places = new Map([...graph.order].map((vertex, place) => [vertex, place]));
        for (const vertex of graph.order) {
          for (const user of graph.reversed.next(vertex)) {
            expect(places.get(user)).toBeLessThan(places.get(vertex)!);
          }
        }
        const cycle = findCycle(graph);
        expect(cycle === undefined).toBe(places.size === graph.count);
        for (const [index, vertex] of (cycle ?? []).entries()) {
          expect(lists[vertex]).toContain(cycle![(index + 1) % cycle!.length]);
        }
      }),
    );
  });
});

describe("findCycle", () => {
  it("finds none where there is none", () => {
    expect(findCycle(diamond)).toBeUndefined();
  });

  it("finds one, its lowest vertex first", () => {
    expect(findCycle(Graph.of([[3], [2], [3], [1]]))).toEqual([1, 2, 3]);
    expect(findCycle(Graph.of([[], [1]]))).toEqual([1]);
  });
});

describe("reach", () => {
  it("follows edges from all starts, which it includes", () => {
    expect([...reach(diamond, [1, 4])]).toEqual([0, 1, 0, 1, 1]);
    expect([...reach(diamond.reversed, [1])]).toEqual([1, 1, 0, 0, 0]);
    expect([...reach(diamond, [])]).toEqual([0, 0, 0, 0, 0]);
  });

  it("agrees with following edges until nothing is new", () => {
    fc.assert(
      fc.property(arbitraryLists(), fc.array(fc.nat({ max: 11 })), (lists, chosen) => {
        const starts = chosen.filter((vertex) => vertex < lists.length);
        let found = new Set(starts);
        for (let before = -1; before !== found.size;) {
          before = found.size;
          found = new Set([...found, ...[...found].flatMap((vertex) => lists[vertex]!)]);
        }
        const expected = lists.map((_, vertex) => (found.has(vertex) ? 1 : 0));
        expect([...reach(Graph.of(lists), starts)]).toEqual(expected);
      }),
    );
  });
});

describe("parts of graphs", () => {
  it("keeps vertices in the order asked for, and the edges between them", () => {
    expect(listsOf(induced(diamond, Uint32Array.of(3, 0, 2)))).toEqual([[], [2], [0]]);
    expect(induced(diamond, Uint32Array.of()).count).toBe(0);
  });

  it("cuts the edges into marked vertices", () => {
    expect(listsOf(withoutEdgesInto(diamond, Uint8Array.of(0, 1, 0, 1, 0)))).toEqual([
      [2],
      [],
      [],
      [],
      [],
    ]);
  });

  it("puts graphs side by side", () => {
    const pair = Graph.of([[1], []]);
    expect(listsOf(disjointUnion([pair, diamond, pair]))).toEqual([
      [1],
      [],
      [4, 3],
      [5],
      [5],
      [],
      [],
      [8],
      [],
    ]);
    expect(disjointUnion([]).count).toBe(0);
  });
});

describe("ancestorBlocks", () => {
  it.each([
    ["empty", 0, 0],
    ["one vertex", 1, 1],
    ["exactly one block", 1024, 2],
    ["one vertex more", 1025, 2],
    ["sparse", 2500, 1],
    ["dense, with many implied edges", 2500, 12],
  ])("finds what reaches each vertex: %s", (_, count, edges) => {
    const graph = Graph.of(randomLists(count, edges, 7));
    const found = ancestorsIn(graph);
    for (let vertex = 0; vertex < count; vertex += 97) {
      const marks = reach(graph.reversed, [vertex]);
      expect(found[vertex]).toEqual([...marks.keys()].filter((index) => marks[index] === 1));
    }
  });
});
