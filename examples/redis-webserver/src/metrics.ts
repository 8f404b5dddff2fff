import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from "prom-client";

import type { StoreStatus } from "./store/store.ts";

const REQUEST_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5];
const STORE_BUCKETS = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.25, 1];

/** What the service measures about itself. Each server has its own, so tests do not share any. */
export interface Metrics {
  /** `route` is the pattern, never the path itself, which would make a series for every key. */
  request(method: string, route: string, status: number, seconds: number): void;
  storeOperation(operation: string, result: string, seconds: number): void;
  /** Calls `status` whenever the metrics are read. */
  watchStore(status: () => StoreStatus): void;
  readonly contentType: string;
  /** Everything in Prometheus' text format. */
  text(): Promise<string>;
}

export function createMetrics(): Metrics {
  const register = new Registry();
  const registers = [register];
  collectDefaultMetrics({ register });

  const requests = new Histogram({
    name: "http_request_duration_seconds",
    help: "Time from a request's headers to the end of its response.",
    labelNames: ["method", "route", "status"],
    buckets: REQUEST_BUCKETS,
    registers,
  });
  const operations = new Histogram({
    name: "store_operation_duration_seconds",
    help: "Time that the data store took, whatever came of it.",
    labelNames: ["operation"],
    buckets: STORE_BUCKETS,
    registers,
  });
  const results = new Counter({
    name: "store_operations_total",
    help: "Operations of the data store by result; a result other than ok is an error code.",
    labelNames: ["operation", "result"],
    registers,
  });

  return {
    request(method, route, status, seconds) {
      requests.observe({ method, route, status }, seconds);
    },
    storeOperation(operation, result, seconds) {
      operations.observe({ operation }, seconds);
      results.inc({ operation, result });
    },
    watchStore(status) {
      const available = new Gauge({
        name: "store_available",
        help: "1 while the data store can be used, else 0.",
        labelNames: ["kind"],
        registers: [],
        collect() {
          const now = status();
          this.set({ kind: now.kind }, now.available ? 1 : 0);
        },
      });
      register.registerMetric(available);
    },
    contentType: register.contentType,
    // prom-client writes "Nan" for an average of nothing; the format has "NaN".
    text: async () => (await register.metrics()).replaceAll(/ Nan$/gm, " NaN"),
  };
}
