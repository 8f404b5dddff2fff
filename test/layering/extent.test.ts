import { describe, expect, it } from "vitest";
import { Graph } from "../../src/closure/graph.ts";
import { reach } from "../../src/closure/reach.ts";
import { closureExtents } from "../../src/layering/extent.ts";
import { randomLists } from "../closure/support/arbitrary-graph.ts";

describe("closureExtents", () => {
  it.each([
    ["few parts", 300, 7],
    ["a part for each vertex, more than are worked on at once", 1500, 1500],
  ])("weighs each part with all it needs: %s", (_, count, parts) => {
    const graph = Graph.of(randomLists(count, 3, 9));
    const sizes = Float64Array.from({ length: count }, (__, vertex) => (vertex * 7919) % 1000);
    const partOf = Uint32Array.from({ length: count }, (__, vertex) => vertex % parts);
    const extents = closureExtents(graph, sizes, partOf, parts);
    for (let part = 0; part < parts; part += Math.ceil(parts / 40)) {
      const members = [...partOf.keys()].filter((vertex) => partOf[vertex] === part);
      const below = [...reach(graph, members).entries()].filter(([, mark]) => mark === 1);
      expect(extents[part]).toEqual({
        size: below.reduce((sum, [vertex]) => sum + sizes[vertex]!, 0),
        count: below.length,
      });
    }
  });
});
