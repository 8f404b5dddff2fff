import type { FastifyBaseLogger } from "fastify";

import type { RedisConfig } from "../config.ts";
import { EmbeddedStore } from "./embedded-store.ts";
import { RedisStore } from "./redis-store.ts";
import type { Store } from "./store.ts";

/** Opens the store that the configuration asks for. Does not wait for Redis to be there. */
export function openStore(redis: RedisConfig | null, log: FastifyBaseLogger): Store {
  if (redis !== null) {
    log.info({ redis: redis.display, namespace: redis.namespace }, "data are kept in redis");
    return new RedisStore(redis, log);
  }
  log.warn("REDIS_URL is not set: data are kept in memory and end with this process");
  return new EmbeddedStore();
}
