import { MAX_EMBEDDED_BYTES, MAX_PAGE_BYTES } from "../limits.ts";
import { notAnInteger, outOfRange, storeFull } from "./errors.ts";
import { SortedKeys } from "./sorted-keys.ts";
import type { Entry, ListQuery, Page, Store, StoreStatus } from "./store.ts";

const SWEEP_INTERVAL_MS = 10_000;
/** A guess at what an entry costs beside its text, so that many tiny entries count as well. */
const ENTRY_OVERHEAD_BYTES = 128;
const INT64_MIN = -(2n ** 63n);
const INT64_MAX = 2n ** 63n - 1n;

interface Slot {
  readonly value: string;
  readonly bytes: number;
  /** On the clock of `performance.now()`; Infinity means never. */
  readonly expiresAt: number;
}

export interface EmbeddedStoreOptions {
  readonly maxBytes?: number;
}

/** Keeps everything in this process, with the semantics of the Redis store. */
export class EmbeddedStore implements Store {
  readonly #slots = new Map<string, Slot>();
  readonly #keys = new SortedKeys();
  readonly #maxBytes: number;
  readonly #sweeper: NodeJS.Timeout;
  #bytes = 0;
  #visits = 0;

  constructor({ maxBytes = MAX_EMBEDDED_BYTES }: EmbeddedStoreOptions = {}) {
    this.#maxBytes = maxBytes;
    this.#sweeper = setInterval(() => this.#sweep(), SWEEP_INTERVAL_MS).unref();
  }

  async get(key: string): Promise<Entry | null> {
    const slot = this.#live(key);
    return slot === null ? null : toEntry(key, slot);
  }

  async put(key: string, value: string, ttlMs: number | null): Promise<{ created: boolean }> {
    const created = this.#live(key) === null;
    this.#set(key, value, ttlMs === null ? Infinity : performance.now() + ttlMs);
    return { created };
  }

  async delete(key: string): Promise<boolean> {
    const existed = this.#live(key) !== null;
    this.#drop(key);
    return existed;
  }

  async increment(key: string, by: number): Promise<Entry> {
    const slot = this.#live(key);
    const sum = toInt64(slot?.value ?? "0") + BigInt(by);
    if (sum < INT64_MIN || sum > INT64_MAX) throw outOfRange();
    return toEntry(key, this.#set(key, sum.toString(), slot?.expiresAt ?? Infinity));
  }

  async list({ prefix, after, limit }: ListQuery): Promise<Page> {
    const entries: Entry[] = [];
    let bytes = 0;
    for (const key of this.#keys.from(prefix, after)) {
      const slot = this.#slots.get(key) as Slot;
      if (slot.expiresAt <= performance.now()) continue;
      bytes += slot.bytes;
      const last = entries.at(-1);
      if (last && (entries.length === limit || bytes > MAX_PAGE_BYTES)) {
        return { entries, after: last.key };
      }
      entries.push(toEntry(key, slot));
    }
    return { entries, after: null };
  }

  async countVisit(): Promise<number> {
    this.#visits += 1;
    return this.#visits;
  }

  async visits(): Promise<number> {
    return this.#visits;
  }

  async ping(): Promise<void> {}

  status(): StoreStatus {
    return {
      kind: "embedded",
      persistent: false,
      available: true,
      detail: "Data are kept in this process's memory and end with it; set REDIS_URL to keep them.",
    };
  }

  async close(): Promise<void> {
    clearInterval(this.#sweeper);
  }

  /** What is there and has not expired. */
  #live(key: string): Slot | null {
    const slot = this.#slots.get(key);
    if (slot === undefined) return null;
    if (slot.expiresAt > performance.now()) return slot;
    this.#drop(key);
    return null;
  }

  #set(key: string, value: string, expiresAt: number): Slot {
    const bytes = Buffer.byteLength(key) + Buffer.byteLength(value) + ENTRY_OVERHEAD_BYTES;
    const growth = bytes - (this.#slots.get(key)?.bytes ?? 0);
    if (growth > 0 && this.#bytes + growth > this.#maxBytes) {
      this.#sweep();
      if (this.#bytes + growth > this.#maxBytes) throw storeFull();
    }
    const slot = { value, bytes, expiresAt };
    this.#slots.set(key, slot);
    this.#keys.add(key);
    this.#bytes += growth;
    return slot;
  }

  #drop(key: string): void {
    const slot = this.#slots.get(key);
    if (slot === undefined) return;
    this.#slots.delete(key);
    this.#keys.remove(key);
    this.#bytes -= slot.bytes;
  }

  #sweep(): void {
    const now = performance.now();
    for (const [key, slot] of this.#slots) if (slot.expiresAt <= now) this.#drop(key);
  }
}

function toEntry(key: string, { value, expiresAt }: Slot): Entry {
  const ttlMs = expiresAt === Infinity ? null : Math.max(0, expiresAt - performance.now());
  return { key, value, ttlMs };
}

/** Accepts what Redis accepts: no plus sign, no leading zeros, no spaces. */
function toInt64(text: string): bigint {
  if (!/^(?:0|-?[1-9]\d{0,18})$/.test(text)) throw notAnInteger();
  const value = BigInt(text);
  if (value < INT64_MIN || value > INT64_MAX) throw notAnInteger();
  return value;
}
