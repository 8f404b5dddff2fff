/** One key with its value. */
export interface Entry {
  readonly key: string;
  readonly value: string;
  /** Milliseconds until the entry goes by itself; null means it stays. */
  readonly ttlMs: number | null;
}

export interface ListQuery {
  /** Only keys that begin with this. */
  readonly prefix: string;
  /** Only keys that come after this one; null means from the first. */
  readonly after: string | null;
  readonly limit: number;
}

/**
 * Entries in the order of their keys' UTF-8 bytes. A page may hold fewer than were asked for, even
 * none, and still not be the last.
 */
export interface Page {
  readonly entries: readonly Entry[];
  /** Where the next page begins, for {@link ListQuery.after}; null means that this was the last. */
  readonly after: string | null;
}

export interface StoreStatus {
  readonly kind: "redis" | "embedded";
  /** Whether data outlive this process. */
  readonly persistent: boolean;
  /** Whether a request would be answered now, as far as is known without asking. */
  readonly available: boolean;
  /** One sentence for a person; never a secret. */
  readonly detail: string;
}

/**
 * What the service needs from a store. All methods reject with a `StoreError` (errors.ts) when the
 * store cannot do what was asked, and never wait for a store that is away.
 */
export interface Store {
  get(key: string): Promise<Entry | null>;
  /** Sets value and lifetime, replacing both. Answers whether the key is new. */
  put(key: string, value: string, ttlMs: number | null): Promise<{ readonly created: boolean }>;
  /** Answers whether there was such a key. */
  delete(key: string): Promise<boolean>;
  /**
   * Adds to a 64-bit integer in one step that no other caller can come between. A missing key counts
   * as 0 and is created to stay; an existing one keeps its lifetime.
   */
  increment(key: string, by: number): Promise<Entry>;
  list(query: ListQuery): Promise<Page>;
  /** Counts one more visit and answers how many there are now. */
  countVisit(): Promise<number>;
  visits(): Promise<number>;
  /** Asks the store for a sign of life. */
  ping(): Promise<void>;
  status(): StoreStatus;
  close(): Promise<void>;
}
