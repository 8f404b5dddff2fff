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
  if (limit >= graph.count) return everyVertexFounds(graph.count);
  const founders: number[] = [];
  const names = new FounderSets();
  let nameOf = new Uint32Array(graph.count).fill(names.numberOf(0n));
  for (const candidate of largestFirst(sizes)) {
    const next = namesWith(candidate, nameOf, founders, names, graph);
    if (distinct(next, names.count) > limit) break;
    nameOf = next;
    founders.push(candidate);
  }
  const used = [...new Set(nameOf)];
  const partNumbers = new Map(used.map((name, part) => [name, part]));
  return {
    founders: used.map((name) => membersOf(names.at(name), founders)),
    partOf: nameOf.map((name) => partNumbers.get(name)!),
  };
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

/**
 * The numbers of all vertices' names once there is one founder more. What becomes of a name depends
 * on the name alone, so it is worked out once, and only looked up for each dependency that bears it.
 */
function namesWith(
  founder: number,
  nameOf: Uint32Array,
  founders: readonly number[],
  names: FounderSets,
  graph: Graph,
): Uint32Array<ArrayBuffer> {
  const below = reach(graph, [founder]);
  const foundersBelow = setOfMarked(founders, below);
  const foundersAbove = setOfMarked(founders, reach(graph.reversed, [founder]));
  const itself = 1n << BigInt(founders.length);
  const renamed = (name: bigint): bigint => {
    const others = name & ~foundersAbove;
    return (others & foundersBelow) === 0n ? others | itself : others;
  };

  const renamedNumbers = new Map<number, number>();
  const next = nameOf.slice();
  for (let vertex = 0; vertex < next.length; vertex += 1) {
    if (below[vertex] === 0 || vertex === founder) continue;
    const number = nameOf[vertex]!;
    let newNumber = renamedNumbers.get(number);
    if (newNumber === undefined) {
      newNumber = names.numberOf(renamed(names.at(number)));
      renamedNumbers.set(number, newNumber);
    }
    next[vertex] = newNumber;
  }
  next[founder] = names.numberOf(itself);
  return next;
}

/** How many different numbers there are among some below `most`. */
function distinct(numbers: Uint32Array, most: number): number {
  const seen = new Uint8Array(most);
  let sum = 0;
  for (const number of numbers) {
    sum += 1 - seen[number]!;
    seen[number] = 1;
  }
  return sum;
}

function setOfMarked(founders: readonly number[], marks: Uint8Array): bigint {
  let set = 0n;
  for (const [index, founder] of founders.entries()) {
    if (marks[founder] === 1) set |= 1n << BigInt(index);
  }
  return set;
}

function membersOf(set: bigint, founders: readonly number[]): number[] {
  return founders.filter((_, index) => (set & (1n << BigInt(index))) !== 0n);
}

/**
 * Numbers the sets of founders that name parts, so that a vertex's name is a small integer. Bit i of
 * a set stands for the i-th founder.
 */
class FounderSets {
  readonly #sets: bigint[] = [];
  readonly #numbers = new Map<bigint, number>();

  numberOf(set: bigint): number {
    let number = this.#numbers.get(set);
    if (number === undefined) {
      number = this.#sets.length;
      this.#sets.push(set);
      this.#numbers.set(set, number);
    }
    return number;
  }

  get count(): number {
    return this.#sets.length;
  }

  at(number: number): bigint {
    return this.#sets[number]!;
  }
}
