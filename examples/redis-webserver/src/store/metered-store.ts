import type { Metrics } from "../metrics.ts";
import { StoreError } from "./errors.ts";
import type { Store } from "./store.ts";

/** The same store, with count and duration of every operation in the metrics. */
export function meterStore(store: Store, metrics: Metrics): Store {
  async function timed<T>(operation: string, run: () => Promise<T>): Promise<T> {
    const start = performance.now();
    let result = "ok";
    try {
      return await run();
    } catch (error) {
      result = error instanceof StoreError ? error.code : "error";
      throw error;
    } finally {
      metrics.storeOperation(operation, result, (performance.now() - start) / 1000);
    }
  }

  return {
    get: (key) => timed("get", () => store.get(key)),
    put: (key, value, ttlMs) => timed("put", () => store.put(key, value, ttlMs)),
    delete: (key) => timed("delete", () => store.delete(key)),
    increment: (key, by) => timed("increment", () => store.increment(key, by)),
    list: (query) => timed("list", () => store.list(query)),
    countVisit: () => timed("count_visit", () => store.countVisit()),
    visits: () => timed("visits", () => store.visits()),
    ping: () => timed("ping", () => store.ping()),
    status: () => store.status(),
    close: () => store.close(),
  };
}
