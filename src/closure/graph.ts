/**
 * A directed graph on the integers 0 … count-1, without names or sizes. Its edges lie in two flat
 * arrays: those of vertex v are `targets[offsets[v]]` … `targets[offsets[v + 1] - 1]`. Operations
 * on it are loops over integers, which is what makes planning 40,000 components quick.
 *
 * In the graph of a closure an edge v → w means "v refers to w".
 */
export class Graph {
  readonly offsets: Uint32Array;
  readonly targets: Uint32Array;
  #reversed: Graph | undefined;
  #order: Uint32Array | undefined;

  /** @param offsets - where each vertex's edges begin, and at the end the number of edges. */
  constructor(offsets: Uint32Array, targets: Uint32Array) {
    this.offsets = offsets;
    this.targets = targets;
  }

  /** The graph in which vertex v points to the members of `lists[v]`. */
  static of(lists: readonly (readonly number[])[]): Graph {
    const offsets = new Uint32Array(lists.length + 1);
    for (const [vertex, list] of lists.entries()) {
      offsets[vertex + 1] = offsets[vertex]! + list.length;
    }
    return new Graph(offsets, Uint32Array.from(lists.flat()));
  }

  /** Number of vertices. */
  get count(): number {
    return this.offsets.length - 1;
  }

  /** The vertices that `vertex` points to. */
  next(vertex: number): Uint32Array {
    return this.targets.subarray(this.offsets[vertex], this.offsets[vertex + 1]);
  }

  /** The same graph with every edge turned round; each vertex's edges ascend. */
  get reversed(): Graph {
    if (this.#reversed === undefined) {
      this.#reversed = reverse(this);
      this.#reversed.#reversed = this;
    }
    return this.#reversed;
  }

  /** The same graph, each vertex's edges ascending. */
  sorted(): Graph {
    const sorted = reverse(this.reversed);
    sorted.#reversed = this.reversed;
    return sorted;
  }

  /** Vertices that no edge points to, ascending. */
  get roots(): number[] {
    const roots: number[] = [];
    const { offsets } = this.reversed;
    for (let vertex = 0; vertex < this.count; vertex += 1) {
      if (offsets[vertex] === offsets[vertex + 1]) roots.push(vertex);
    }
    return roots;
  }

  /**
   * A topological order: every vertex stands before all it points to. Where there is a cycle, the
   * vertices on it and below it are missing, so that the order is shorter than `count`.
   */
  get order(): Uint32Array {
    this.#order ??= topologicalOrder(this);
    return this.#order;
  }
}

/** A counting sort of the edges by target. Sources are visited in order, so each list ascends. */
function reverse({ count, offsets, targets }: Graph): Graph {
  const reversedOffsets = new Uint32Array(count + 1);
  for (const target of targets) reversedOffsets[target + 1]! += 1;
  for (let vertex = 0; vertex < count; vertex += 1) {
    reversedOffsets[vertex + 1]! += reversedOffsets[vertex]!;
  }
  const cursor = reversedOffsets.slice(0, count);
  const sources = new Uint32Array(targets.length);
  for (let vertex = 0; vertex < count; vertex += 1) {
    for (let edge = offsets[vertex]!; edge < offsets[vertex + 1]!; edge += 1) {
      const target = targets[edge]!;
      sources[cursor[target]!] = vertex;
      cursor[target]! += 1;
    }
  }
  return new Graph(reversedOffsets, sources);
}

/** Kahn's algorithm: a vertex follows as soon as all that point to it have been placed. */
function topologicalOrder(graph: Graph): Uint32Array {
  const { count, offsets, targets } = graph;
  const waitingFor = new Uint32Array(count);
  for (const target of targets) waitingFor[target]! += 1;
  const order = new Uint32Array(count);
  let placed = 0;
  for (const root of graph.roots) {
    order[placed] = root;
    placed += 1;
  }
  for (let position = 0; position < placed; position += 1) {
    const vertex = order[position]!;
    for (let edge = offsets[vertex]!; edge < offsets[vertex + 1]!; edge += 1) {
      const target = targets[edge]!;
      waitingFor[target]! -= 1;
      if (waitingFor[target] === 0) {
        order[placed] = target;
        placed += 1;
      }
    }
  }
  return order.subarray(0, placed);
}
