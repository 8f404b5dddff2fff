import { reach } from "../closure/reach.ts";
import type { Graph } from "../closure/graph.ts";

/** Vertices divided into parts. */
export interface Split {
  /**
   * For each part the founders that share it, the largest first. A part with one founder holds
   * that founder; the part without any holds what no founder needs.
   */
  readonly founders: readonly (readonly number[])[];
  /** For each vertex, the index of its part. */
  readonly partOf: Uint32Array;
}

/**
 * The heart of auto-layer (reference: layering, section 2). The largest vertices each found a part
 * together with what only they need; what several of them need goes to one part per distinct set of
 * founders. The number of founders grows until one more would make more than `limit` parts.
 */
export function splitByFounders(graph: Graph, sizes: Float64Array, limit: number): Split {
  const candidates = largestFirst(sizes);
  if (limit >= graph.count) return everyVertexFounds(graph.count);
  let split: NamedSplit = { founders: [], names: [0n], partOf: new Uint32Array(graph.count) };
  for (const candidate of candidates) {
    const next = withFounder(split, candidate, graph);
    if (next.names.length > limit) break;
    split = next;
  }
  const { founders, names, partOf } = split;
  return { founders: names.map((name) => membersOf(name, founders)), partOf };
}

/** Vertices by size descending. Of equal ones the peer takes the last in store-path order first. */
function largestFirst(sizes: Float64Array): Uint32Array {
  return Uint32Array.from(sizes.keys()).toSorted((a, b) => sizes[b]! - sizes[a]! || b - a);
}

/** What the rule comes to when no founder is ever one too many. */
function everyVertexFounds(count: number): Split {
  const partOf = Uint32Array.from({ length: count }, (_, vertex) => vertex);
  return { founders: Array.from(partOf, (vertex) => [vertex]), partOf };
}

/** A split whose parts are named by sets of founders: bit i of a name stands for `founders[i]`. */
interface NamedSplit {
  readonly founders: readonly number[];
  readonly names: readonly bigint[];
  readonly partOf: Uint32Array;
}

/**
 * What becomes of a part's name depends on the name alone, so it is worked out once for each part
 * that holds dependencies of the new founder, and only looked up for each dependency.
 */
function withFounder({ founders, names, partOf }: NamedSplit, founder: number, graph: Graph) {
  const below = reach(graph, [founder]);
  const founderName = 1n << BigInt(founders.length);
  const foundersBelow = nameOfMarked(founders, below);
  const foundersAbove = nameOfMarked(founders, reach(graph.reversed, [founder]));
  const renamed = (name: bigint): bigint => {
    const others = name & ~foundersAbove;
    return (others & foundersBelow) === 0n ? others | founderName : others;
  };

  const numbers = new NameNumbers();
  const founderPart = numbers.of(founderName);
  const staying = new Int32Array(names.length).fill(-1);
  const moving = new Int32Array(names.length).fill(-1);
  const nextPartOf = new Uint32Array(partOf.length);
  for (let vertex = 0; vertex < partOf.length; vertex += 1) {
    const part = partOf[vertex]!;
    if (vertex === founder) {
      nextPartOf[vertex] = founderPart;
    } else if (below[vertex] === 1) {
      if (moving[part] === -1) moving[part] = numbers.of(renamed(names[part]!));
      nextPartOf[vertex] = moving[part]!;
    } else {
      if (staying[part] === -1) staying[part] = numbers.of(names[part]!);
      nextPartOf[vertex] = staying[part]!;
    }
  }
  return { founders: [...founders, founder], names: numbers.names, partOf: nextPartOf };
}

function nameOfMarked(founders: readonly number[], marks: Uint8Array): bigint {
  let name = 0n;
  for (const [index, founder] of founders.entries()) {
    if (marks[founder] === 1) name |= 1n << BigInt(index);
  }
  return name;
}

function membersOf(name: bigint, founders: readonly number[]): number[] {
  return founders.filter((_, index) => (name & (1n << BigInt(index))) !== 0n);
}

/** Gives each distinct name a number, in order of first appearance. */
class NameNumbers {
  readonly names: bigint[] = [];
  readonly #numbers = new Map<bigint, number>();

  of(name: bigint): number {
    let number = this.#numbers.get(name);
    if (number === undefined) {
      number = this.names.length;
      this.names.push(name);
      this.#numbers.set(name, number);
    }
    return number;
  }
}
