import { displayText } from "../tar/byte-string.ts";
import { BLOCK_LENGTH, firstDifferentBlock, firstDifferentByte } from "./block-sums.ts";
import { compareEntries } from "./entry-fields.ts";
import type { FieldDifference } from "./entry-fields.ts";
import { keyFor, readBlocks, readTarBlock } from "./read-blocks.ts";
import { readEntries } from "./tar-entries.ts";
import type { EntryFacts, TarFacts } from "./tar-entries.ts";

/** Opens a layer's uncompressed tar; each time anew. */
export type OpenTar = () => AsyncIterable<Uint8Array>;

/** What differs in one entry of a layer. */
export interface EntryDifference {
  readonly path: string;
  readonly change: "only-in-a" | "only-in-b" | "changed";
  readonly fields: readonly FieldDifference[];
  /** Where the contents part, in bytes from their beginning; for contents that differ. */
  readonly firstDifferentByte?: number;
}

export interface TarDifference {
  readonly entries: readonly EntryDifference[];
  /** The first entry that stands elsewhere, when all are there in another order. */
  readonly order?: string;
  /** First offset at which the tars differ, when all that their entries say is the same. */
  readonly framing?: number;
}

/** Contents whose very place of difference is looked for; it takes reading the layers again. */
const MOST_PLACES = 100;

/**
 * Compares two layers, entry by entry. Reads each once; a second time only if contents differ, to
 * find the first byte. Memory grows with the number of entries, not with their content.
 */
export async function compareTars(openA: OpenTar, openB: OpenTar): Promise<TarDifference> {
  const a = await readSide(openA);
  const b = await readSide(openB);
  const different = differencesBetween(a.entries, b.entries);
  const entries = await withPlaces(different, a, b);
  if (entries.length > 0) return { entries };
  const order = firstOutOfOrder([...a.entries.keys()], [...b.entries.keys()]);
  if (order !== undefined) return { entries, order: displayText(order.split("\0", 1)[0]!) };
  const framing = await framingDifference(a, b);
  return framing === undefined ? { entries } : { entries, framing };
}

interface Side {
  readonly open: OpenTar;
  /** By path, and number of the occurrence where a path occurs again: `path\01`. */
  readonly entries: ReadonlyMap<string, EntryFacts>;
  readonly tar: TarFacts;
}

interface Found {
  readonly key: string;
  readonly difference: EntryDifference;
  /** The first block in which contents differ. */
  readonly block: number | undefined;
}

async function readSide(open: OpenTar): Promise<Side> {
  const entries = new Map<string, EntryFacts>();
  const tar = await readEntries(open(), (entry) => {
    entries.set(keyFor(entry.path, entries), entry);
  });
  return { open, entries, tar };
}

function differencesBetween(
  a: ReadonlyMap<string, EntryFacts>,
  b: ReadonlyMap<string, EntryFacts>,
): Found[] {
  const found: Found[] = [];
  for (const [key, left] of a) {
    const right = b.get(key);
    const path = displayText(left.path);
    if (right === undefined) {
      found.push({
        key,
        difference: { path, change: "only-in-a", fields: [] },
        block: undefined,
      });
      continue;
    }
    const fields = compareEntries(left, right);
    if (fields.length === 0) continue;
    const isContent = fields.some(({ field }) => field === "content");
    const block = isContent ? firstDifferentBlock(left.sums, right.sums) : undefined;
    found.push({ key, difference: { path, change: "changed", fields }, block });
  }
  for (const [key, { path }] of b) {
    if (a.has(key)) continue;
    const difference = { path: displayText(path), change: "only-in-b", fields: [] } as const;
    found.push({ key, difference, block: undefined });
  }
  return found;
}

async function withPlaces(found: readonly Found[], a: Side, b: Side): Promise<EntryDifference[]> {
  const wanted = new Map(
    found
      .flatMap(({ key, block }) => (block === undefined ? [] : [[key, block] as const]))
      .slice(0, MOST_PLACES),
  );
  if (wanted.size === 0) return found.map(({ difference }) => difference);
  const left = await readBlocks(a.open(), wanted);
  const right = await readBlocks(b.open(), wanted);
  return found.map(({ key, difference }) => {
    const block = wanted.get(key);
    if (block === undefined) return difference;
    const at = firstDifferentByte(left.get(key) ?? EMPTY, right.get(key) ?? EMPTY) ?? 0;
    return { ...difference, firstDifferentByte: block * BLOCK_LENGTH + at };
  });
}

const EMPTY = Buffer.alloc(0);

function firstOutOfOrder(a: readonly string[], b: readonly string[]): string | undefined {
  return a.find((key, index) => b[index] !== key);
}

async function framingDifference(a: Side, b: Side): Promise<number | undefined> {
  const block = firstDifferentBlock(a.tar.sums, b.tar.sums);
  if (block === undefined) return undefined;
  const left = await readTarBlock(a.open(), block);
  const right = await readTarBlock(b.open(), block);
  return block * BLOCK_LENGTH + (firstDifferentByte(left, right) ?? 0);
}
