import type { Graph } from "./graph.ts";

/**
 * Marks (1) the vertices that can be reached from `starts` by any number of edges, the starts
 * themselves included. On `graph.reversed`: those from which a start can be reached.
 */
export function reach(graph: Graph, starts: Iterable<number>): Uint8Array {
  const { offsets, targets } = graph;
  const marks = new Uint8Array(graph.count);
  // Each vertex is pushed at most once, when it is marked.
  const stack = new Uint32Array(graph.count);
  let height = 0;
  for (const start of starts) {
    if (marks[start] === 1) continue;
    marks[start] = 1;
    stack[height] = start;
    height += 1;
  }
  while (height > 0) {
    height -= 1;
    const vertex = stack[height]!;
    for (let edge = offsets[vertex]!; edge < offsets[vertex + 1]!; edge += 1) {
      const target = targets[edge]!;
      if (marks[target] === 0) {
        marks[target] = 1;
        stack[height] = target;
        height += 1;
      }
    }
  }
  return marks;
}
