import type { Graph } from "./graph.ts";

/**
 * A cycle of the graph, each vertex on it once, its lowest vertex first; undefined if there is none.
 */
export function findCycle(graph: Graph): number[] | undefined {
  if (graph.order.length === graph.count) return undefined;
  const ordered = new Uint8Array(graph.count);
  for (const vertex of graph.order) ordered[vertex] = 1;

  // Every vertex missing in the order has a predecessor that is missing too, so that walking
  // backwards among them must come round.
  const backwards: number[] = [];
  const position = new Map<number, number>();
  let vertex = ordered.indexOf(0);
  while (!position.has(vertex)) {
    position.set(vertex, backwards.length);
    backwards.push(vertex);
    vertex = graph.reversed.next(vertex).find((user) => ordered[user] === 0)!;
  }
  const cycle = backwards.slice(position.get(vertex)).toReversed();
  const lowest = cycle.indexOf(cycle.reduce((low, member) => Math.min(low, member)));
  return [...cycle.slice(lowest), ...cycle.slice(0, lowest)];
}
