import type { FastifyBaseLogger } from "fastify";

import type { RedisConfig } from "../config.ts";
import { MAX_PAGE_BYTES } from "../limits.ts";
import { storeUnavailable } from "./errors.ts";
import { connectToRedis } from "./redis-connection.ts";
import type { RedisConnection } from "./redis-connection.ts";
import { toStoreError } from "./redis-failure.ts";
import { compareUtf8 } from "./sorted-keys.ts";
import type { Entry, ListQuery, Page, Store, StoreStatus } from "./store.ts";
import { watchRedis } from "./watch-redis.ts";
import type { RedisWatch } from "./watch-redis.ts";

/** Keeps everything in Redis. A write has happened on the server once its promise is fulfilled. */
export class RedisStore implements Store {
  readonly #redis: RedisConnection;
  readonly #watch: RedisWatch;
  readonly #display: string;
  readonly #entryPrefix: string;
  readonly #indexKey: string;
  readonly #visitsKey: string;

  constructor(config: RedisConfig, log: FastifyBaseLogger) {
    this.#redis = connectToRedis(config);
    this.#watch = watchRedis(this.#redis, config.display, log);
    this.#display = config.display;
    this.#entryPrefix = `${config.namespace}:kv:`;
    this.#indexKey = `${config.namespace}:keys`;
    this.#visitsKey = `${config.namespace}:visits`;
  }

  async get(key: string): Promise<Entry | null> {
    const reply = await this.#ask((redis) => redis.getEntry(this.#entryPrefix + key));
    const [value, ttlMs] = reply as [string | null, number];
    return value === null ? null : toEntry(key, value, ttlMs);
  }

  async put(key: string, value: string, ttlMs: number | null): Promise<{ created: boolean }> {
    const existed = await this.#ask((redis) =>
      redis.putEntry(this.#entryPrefix + key, this.#indexKey, key, value, ttlMs ?? ""),
    );
    return { created: existed === 0 };
  }

  async delete(key: string): Promise<boolean> {
    const deleted = await this.#ask((redis) =>
      redis.deleteEntry(this.#entryPrefix + key, this.#indexKey, key),
    );
    return deleted === 1;
  }

  async increment(key: string, by: number): Promise<Entry> {
    const reply = await this.#ask((redis) =>
      redis.incrementEntry(this.#entryPrefix + key, this.#indexKey, key, by),
    );
    const [value, ttlMs] = reply as [string, number];
    return toEntry(key, value, ttlMs);
  }

  async list({ prefix, after, limit }: ListQuery): Promise<Page> {
    const from = after !== null && compareUtf8(after, prefix) >= 0 ? `(${after}` : `[${prefix}`;
    // The byte FF comes after everything that can follow the prefix: UTF-8 does not use it.
    const to = Buffer.concat([Buffer.from(`(${prefix}`), Buffer.of(0xff)]);
    const reply = await this.#ask((redis) =>
      redis.listEntries(this.#indexKey, this.#entryPrefix, from, to, limit, MAX_PAGE_BYTES),
    );
    const [next, ...fields] = reply as [string, ...(string | number)[]];
    const entries: Entry[] = [];
    for (let index = 0; index < fields.length; index += 3) {
      const [key, value, ttlMs] = fields.slice(index, index + 3) as [string, string, number];
      entries.push(toEntry(key, value, ttlMs));
    }
    return { entries, after: next || null };
  }

  async countVisit(): Promise<number> {
    return this.#ask((redis) => redis.incr(this.#visitsKey));
  }

  async visits(): Promise<number> {
    return Number(await this.#ask((redis) => redis.get(this.#visitsKey)));
  }

  async ping(): Promise<void> {
    await this.#ask((redis) => redis.ping());
  }

  status(): StoreStatus {
    const available = this.#redis.status === "ready";
    const { lastProblem } = this.#watch;
    const detail = available
      ? `Data are kept in Redis at ${this.#display}.`
      : `Redis at ${this.#display} cannot be reached${lastProblem === null ? "" : `: ${lastProblem}`}.`;
    return { kind: "redis", persistent: true, available, detail };
  }

  async close(): Promise<void> {
    this.#watch.stop();
    if (this.#redis.status === "ready") await this.#redis.quit().catch(() => {});
    this.#redis.disconnect();
  }

  async #ask<T>(run: (redis: RedisConnection) => Promise<T>): Promise<T> {
    if (this.#redis.status !== "ready") throw storeUnavailable();
    try {
      return await run(this.#redis);
    } catch (error) {
      throw toStoreError(error);
    }
  }
}

function toEntry(key: string, value: string, ttlMs: number): Entry {
  return { key, value, ttlMs: ttlMs < 0 ? null : ttlMs };
}
