import fastify from "fastify";

import { readConfig } from "../../src/config.ts";
import { EmbeddedStore } from "../../src/store/embedded-store.ts";
import { RedisStore } from "../../src/store/redis-store.ts";
import type { Store } from "../../src/store/store.ts";
import { RedisServer, skipWithoutRedis } from "./redis-server.ts";
import { until } from "./until.ts";
import type { Scope } from "./scope.ts";

export const silentLog = fastify({ logger: false }).log;

/** A store on that Redis, ready for use, closed when the test ends. */
export async function redisStore(
  scope: Scope,
  env: { REDIS_URL: string; REDIS_NAMESPACE?: string; SSL_CERT_FILE?: string },
): Promise<RedisStore> {
  const config = readConfig(env).redis;
  if (config === null) throw new Error("REDIS_URL is empty");
  const store = new RedisStore(config, silentLog);
  scope.after(() => store.close());
  await until("redis is there", () => store.status().available);
  return store;
}

export interface StoreKind {
  readonly name: string;
  readonly skip: string | false;
  /** An empty store; called once in a `describe`, since it may start a server. */
  readonly open: (scope: Scope) => Promise<Store>;
}

/** Every kind of store there is, for tests that must hold for all of them. */
export const storeKinds: readonly StoreKind[] = [
  {
    name: "the embedded store",
    skip: false,
    open: async (scope) => {
      const store = new EmbeddedStore();
      scope.after(() => store.close());
      return store;
    },
  },
  {
    name: "redis",
    skip: skipWithoutRedis,
    open: async (scope) => redisStore(scope, { REDIS_URL: (await RedisServer.start(scope)).url }),
  },
];
