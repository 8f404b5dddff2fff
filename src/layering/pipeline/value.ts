import { Graph } from "../../closure/graph.ts";
import { induced } from "../../closure/subgraph.ts";
import type { Closure } from "../../closure/closure.ts";

/** A graph on its way through a pipeline: some of the closure's components. */
export interface Part {
  /** Indexes into the closure's components, in the order in which a layer will list them. */
  readonly members: Uint32Array;
  /** The references between the members, less those that steps have cut. Vertex i is `members[i]`. */
  readonly graph: Graph;
  /** What steps have made of it, the first one first; in the end the layer's reason. */
  readonly origin: readonly string[];
}

/** What flows from step to step: a graph, a list or a dict, as deep as steps nest them. */
export type Value = Part | readonly Value[] | ReadonlyMap<string, Value>;

/** The dicts that steps make of one graph. Entries keep their order. */
export type Parts = ReadonlyMap<string, Value>;

export function isDict(value: Value): value is Parts {
  return value instanceof Map;
}

export function isList(value: Value): value is readonly Value[] {
  return Array.isArray(value);
}

export function isPart(value: Value): value is Part {
  return !isDict(value) && !isList(value);
}

/** The whole closure less the ignored components, smallest first, equal ones by id. */
export function wholeClosure(closure: Closure, ignored: ReadonlySet<string>): Part {
  const { components, graph } = closure;
  const members = Uint32Array.from(
    [...components.keys()]
      .filter((index) => !ignored.has(components[index]!.id))
      .toSorted((a, b) => components[a]!.size - components[b]!.size),
  );
  return { members, graph: induced(graph, members), origin: [] };
}

/** Some vertices of a part, in its order, and the edges between them in `graph`. */
export function partOf(part: Part, vertices: Uint32Array, graph: Graph, origin?: string): Part {
  return {
    members: vertices.map((vertex) => part.members[vertex]!),
    graph: induced(graph, vertices),
    origin: origin === undefined ? part.origin : [...part.origin, origin],
  };
}

const LONE_VERTEX = Graph.of([[]]);

/** One vertex of a part. */
export function single(part: Part, vertex: number, origin: string): Part {
  return {
    members: part.members.subarray(vertex, vertex + 1),
    graph: LONE_VERTEX,
    origin: [...part.origin, origin],
  };
}

/** The same part with one more thing said of it. */
export function described(part: Part, origin: string): Part {
  return { ...part, origin: [...part.origin, origin] };
}

/** The indexes at which `marks` holds 1, ascending. */
export function marked(marks: Uint8Array): Uint32Array {
  const indexes: number[] = [];
  for (let index = 0; index < marks.length; index += 1) if (marks[index] === 1) indexes.push(index);
  return Uint32Array.from(indexes);
}

/** Marks the part's vertices that have one of these ids. Ids from elsewhere mark nothing. */
export function markIds(part: Part, ids: ReadonlySet<string>, closure: Closure): Uint8Array {
  return Uint8Array.from(part.members, (member) =>
    ids.has(closure.components[member]!.id) ? 1 : 0,
  );
}

/** The graphs in a value, depth first. */
export function flattened(value: Value): Part[] {
  if (isPart(value)) return [value];
  return [...value.values()].flatMap(flattened);
}
