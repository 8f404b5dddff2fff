import { ancestorBlocks } from "../closure/ancestors.ts";
import { WideIntegers } from "./wide-integers.ts";
import type { AncestorBlock } from "../closure/ancestors.ts";
import type { Graph } from "../closure/graph.ts";

/**
 * How popular each vertex is (reference: layering, section 3). The recursion there unrolls to a
 * sum: with W(v) the number of walks from all roots to v,
 *
 *     popularity(x) = W(x) + Σ W(v) over all v that reach x
 *
 * because every walk to such a v meets there the one point that v's segment gives to x.
 *
 * @param graph numbered in topological order: every edge leads to a higher number
 */
export function popularityOf(graph: Graph): WideIntegers {
  const bits = bitsOfSum(graph);
  const walks = countWalks(graph, bits);
  const popularity = new WideIntegers(graph.count, bits);
  const withinBlock = new WideIntegers(graph.count, bits);
  for (const block of ancestorBlocks(graph)) {
    sumWalks(graph, block, walks, withinBlock);
    for (let vertex = block.first; vertex < graph.count; vertex += 1) {
      popularity.add(vertex, withinBlock, vertex);
      popularity.carry(vertex);
    }
  }
  return popularity;
}

/** An upper bound for the bits of the sum of W over all vertices, found with logarithms. */
function bitsOfSum(graph: Graph): number {
  const { offsets, targets: users } = graph.reversed;
  const logs = new Float64Array(graph.count);
  for (let vertex = 0; vertex < graph.count; vertex += 1) {
    const from = offsets[vertex]!;
    const to = offsets[vertex + 1]!;
    if (from < to) logs[vertex] = logOfSum(logs, users.subarray(from, to));
  }
  return Math.floor(logOfSum(logs, logs.keys())) + 2;
}

/** log2 of the sum of the numbers whose log2 are the members `of` the array. */
function logOfSum(logs: Float64Array, of: Iterable<number>): number {
  let highest = 0;
  let sum = 0;
  for (const index of of) {
    const log = logs[index]!;
    if (log > highest) {
      sum *= 2 ** (highest - log);
      highest = log;
    }
    sum += 2 ** (log - highest);
  }
  return highest + Math.log2(Math.max(sum, 1));
}

/** W: one for a root, otherwise the sum over the users. */
function countWalks(graph: Graph, bits: number): WideIntegers {
  const { offsets, targets: users } = graph.reversed;
  const walks = new WideIntegers(graph.count, bits);
  for (let vertex = 0; vertex < graph.count; vertex += 1) {
    const from = offsets[vertex]!;
    const to = offsets[vertex + 1]!;
    if (from === to) walks.setDigit(vertex, 1);
    for (let edge = from; edge < to; edge += 1) {
      walks.add(vertex, walks, users[edge]!);
      if ((edge - from) % 1024 === 1023) walks.carry(vertex);
    }
    walks.carry(vertex);
  }
  return walks;
}

/**
 * Sets `sums[x]` to the sum of W over those v in the block that are x or above it. Most of them are
 * also above one of the users of x, so that only the others have to be added to that user's sum.
 */
function sumWalks(
  graph: Graph,
  { first, words, rows }: AncestorBlock,
  walks: WideIntegers,
  sums: WideIntegers,
): void {
  const ancestors = new Uint32Array(graph.count);
  for (let vertex = first; vertex < graph.count; vertex += 1) {
    const row = vertex * words;
    ancestors[vertex] = bitsSet(rows, row, row + words);
    const user = userWithMost(graph.reversed, vertex, first, ancestors);
    if (user === undefined) sums.setDigit(vertex, 0);
    else sums.copy(vertex, user);
    if (user !== undefined && ancestors[user] === ancestors[vertex]) continue;
    for (let word = 0; word < words; word += 1) {
      let bits = rows[row + word]!;
      if (user !== undefined) bits &= ~rows[user * words + word]!;
      while (bits !== 0) {
        const bit = 31 - Math.clz32(bits);
        bits &= ~(1 << bit);
        sums.add(vertex, walks, first + word * 32 + bit);
      }
    }
  }
}

/** The user that has most ancestors in the block, if any has one. Users before it have none. */
function userWithMost(
  { offsets, targets: users }: Graph,
  vertex: number,
  first: number,
  ancestors: Uint32Array,
): number | undefined {
  let best: number | undefined;
  let most = 0;
  for (let edge = offsets[vertex + 1]! - 1; edge >= offsets[vertex]!; edge -= 1) {
    const user = users[edge]!;
    if (user < first) break;
    if (ancestors[user]! > most) {
      best = user;
      most = ancestors[user]!;
    }
  }
  return best;
}

function bitsSet(words: Uint32Array, from: number, to: number): number {
  let sum = 0;
  for (let index = from; index < to; index += 1) {
    let word = words[index]!;
    word -= (word >>> 1) & 0x5555_5555;
    word = (word & 0x3333_3333) + ((word >>> 2) & 0x3333_3333);
    sum += Math.imul((word + (word >>> 4)) & 0x0f0f_0f0f, 0x0101_0101) >>> 24;
  }
  return sum;
}
