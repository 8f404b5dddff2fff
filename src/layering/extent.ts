import type { Graph } from "../closure/graph.ts";

/** How much a part of a graph weighs together with all that it needs. */
export interface Extent {
  /** Sum of the sizes, in bytes. */
  readonly size: number;
  /** Number of vertices. */
  readonly count: number;
}

/** The lighter one first; of equal weight, the one of fewer vertices. */
export function compareExtents(a: Extent, b: Extent): number {
  return a.size - b.size || a.count - b.count;
}

/** Words of 32 parts that are worked on at once, which bounds the memory. */
const MOST_WORDS = 32;

/**
 * The extent of each part's closure.
 *
 * @param graph without cycles
 * @param partOf - the part of each vertex, below `parts`
 */
export function closureExtents(
  graph: Graph,
  sizes: Float64Array,
  partOf: Uint32Array,
  parts: number,
): Extent[] {
  const size = new Float64Array(parts);
  const count = new Uint32Array(parts);
  const words = Math.min(MOST_WORDS, Math.ceil(parts / 32));
  for (let firstPart = 0; firstPart < parts; firstPart += words * 32) {
    const rows = partsAbove(graph, partOf, firstPart, words);
    for (let index = 0; index < rows.length; index += 1) {
      const vertex = Math.floor(index / words);
      const firstOfWord = firstPart + (index % words) * 32;
      let bits = rows[index]!;
      while (bits !== 0) {
        const bit = 31 - Math.clz32(bits);
        bits &= ~(1 << bit);
        size[firstOfWord + bit]! += sizes[vertex]!;
        count[firstOfWord + bit]! += 1;
      }
    }
  }
  return Array.from(size, (bytes, part) => ({ size: bytes, count: count[part]! }));
}

/** A row of bits for each vertex: which of the parts from `firstPart` on hold it or reach it. */
function partsAbove(
  { order, count, offsets, targets }: Graph,
  partOf: Uint32Array,
  firstPart: number,
  words: number,
): Uint32Array {
  const rows = new Uint32Array(count * words);
  for (const vertex of order) {
    const row = vertex * words;
    const bit = partOf[vertex]! - firstPart;
    if (bit >= 0 && bit < words * 32) rows[row + (bit >>> 5)]! |= 1 << (bit & 31);
    for (let edge = offsets[vertex]!; edge < offsets[vertex + 1]!; edge += 1) {
      const target = targets[edge]! * words;
      for (let word = 0; word < words; word += 1) rows[target + word]! |= rows[row + word]!;
    }
  }
  return rows;
}
