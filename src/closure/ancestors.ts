import type { Graph } from "./graph.ts";

/** The part of the ancestor sets that falls on some of the vertices, called the block. */
export interface AncestorBlock {
  /** The block is the vertices `first` … `last - 1`. No vertex before `first` is below any of them. */
  readonly first: number;
  readonly last: number;
  /** Words of a row. */
  readonly words: number;
  /**
   * One row for each vertex: bit b of word w of row v is set when `first + 32 * w + b` is v or
   * reaches v. Reused for the next block; rows before `first` are stale.
   */
  readonly rows: Uint32Array;
}

/** Small enough for caches to hold the rows, large enough to make walks over the edges rare. */
const WORDS = 32;

/**
 * The ancestors of every vertex, as bit sets: a transitive closure in bounded memory, one block of
 * ancestors after the other. Blocks come from last to first, because an edge that other edges imply
 * shows in the block that holds its start, and need not be followed in the blocks before.
 *
 * @param graph numbered in topological order: every edge leads to a higher number
 */
export function* ancestorBlocks(graph: Graph): Generator<AncestorBlock, void, void> {
  const { count } = graph;
  const edges = new PrunedUsers(graph);
  const words = Math.min(WORDS, Math.ceil(count / 32));
  const rows = new Uint32Array(count * words);
  const size = words * 32;
  for (let first = (Math.ceil(count / size) - 1) * size; first >= 0; first -= size) {
    const block = { first, last: Math.min(first + size, count), words, rows };
    rows.fill(0, first * words);
    for (let vertex = first; vertex < count; vertex += 1) edges.gather(vertex, block);
    yield block;
  }
}

/** The edges seen from their ends. Edges found to be implied by others are forgotten. */
class PrunedUsers {
  readonly #offsets: Uint32Array;
  /** Where the users of each vertex end; they ascend from its offset on. */
  readonly #starts: Uint32Array;
  readonly #users: Uint32Array;

  constructor({ count, reversed }: Graph) {
    this.#offsets = reversed.offsets;
    this.#starts = reversed.offsets.slice(0, count);
    this.#users = reversed.targets.slice();
  }

  /** Fills the vertex's row from those of its users, which are complete: they have lower numbers. */
  gather(vertex: number, { first, last, words, rows }: AncestorBlock): void {
    const users = this.#users;
    const row = vertex * words;
    const start = this.#starts[vertex]!;
    let kept = this.#offsets[vertex + 1]!;
    let edge = kept - 1;
    // The highest user first: whatever implies an edge has been gathered before it.
    for (; edge >= start; edge -= 1) {
      const user = users[edge]!;
      if (user < first) break;
      if (user < last && isSet(rows, row, user - first)) continue;
      const userRow = user * words;
      for (let word = 0; word < words; word += 1) rows[row + word]! |= rows[userRow + word]!;
      kept -= 1;
      users[kept] = user;
    }
    if (kept > edge + 1) this.#starts[vertex] = closeGap(users, start, edge + 1, kept);
    if (vertex < last) rows[row + ((vertex - first) >>> 5)]! |= 1 << ((vertex - first) & 31);
  }
}

function isSet(rows: Uint32Array, row: number, bit: number): boolean {
  return (rows[row + (bit >>> 5)]! & (1 << (bit & 31))) !== 0;
}

/** Moves the items from `start` to `end` up against `target`; returns where they begin then. */
function closeGap(items: Uint32Array, start: number, end: number, target: number): number {
  items.copyWithin(target - (end - start), start, end);
  return target - (end - start);
}
