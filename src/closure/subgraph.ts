import { Graph } from "./graph.ts";

const ABSENT = 0xffff_ffff;

/**
 * The graph on some vertices and the edges between them. Vertex i of the result is `kept[i]`,
 * and each vertex is kept once.
 */
export function induced(graph: Graph, kept: Uint32Array): Graph {
  const renumbered = new Uint32Array(graph.count).fill(ABSENT);
  for (const [index, vertex] of kept.entries()) renumbered[vertex] = index;
  const offsets = new Uint32Array(kept.length + 1);
  const targets: number[] = [];
  for (const [index, vertex] of kept.entries()) {
    for (let edge = graph.offsets[vertex]!; edge < graph.offsets[vertex + 1]!; edge += 1) {
      const target = renumbered[graph.targets[edge]!]!;
      if (target !== ABSENT) targets.push(target);
    }
    offsets[index + 1] = targets.length;
  }
  return new Graph(offsets, Uint32Array.from(targets));
}

/** The same vertices without the edges that point to a marked one. */
export function withoutEdgesInto(graph: Graph, marked: Uint8Array): Graph {
  const offsets = new Uint32Array(graph.count + 1);
  const targets: number[] = [];
  for (let vertex = 0; vertex < graph.count; vertex += 1) {
    for (let edge = graph.offsets[vertex]!; edge < graph.offsets[vertex + 1]!; edge += 1) {
      const target = graph.targets[edge]!;
      if (marked[target] === 0) targets.push(target);
    }
    offsets[vertex + 1] = targets.length;
  }
  return new Graph(offsets, Uint32Array.from(targets));
}

/** Graphs side by side, no edge between them: the vertices of the first come first. */
export function disjointUnion(graphs: readonly Graph[]): Graph {
  const vertices = graphs.reduce((sum, { count }) => sum + count, 0);
  const edges = graphs.reduce((sum, { targets }) => sum + targets.length, 0);
  const offsets = new Uint32Array(vertices + 1);
  const targets = new Uint32Array(edges);
  let firstVertex = 0;
  let firstEdge = 0;
  for (const graph of graphs) {
    for (let vertex = 0; vertex < graph.count; vertex += 1) {
      offsets[firstVertex + vertex + 1] = firstEdge + graph.offsets[vertex + 1]!;
    }
    for (let edge = 0; edge < graph.targets.length; edge += 1) {
      targets[firstEdge + edge] = firstVertex + graph.targets[edge]!;
    }
    firstVertex += graph.count;
    firstEdge += graph.targets.length;
  }
  return new Graph(offsets, targets);
}
