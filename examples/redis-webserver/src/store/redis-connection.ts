import { Redis } from "ioredis";

import type { RedisConfig } from "../config.ts";
import { redisScripts } from "./redis-scripts.ts";
import type { ScriptCommands } from "./redis-scripts.ts";

/** A request that Redis has not answered by then is given up, so that no visitor hangs. */
const COMMAND_TIMEOUT_MS = 2000;
/** A connection on which nothing comes back for so long is dead: drop it and open another. */
const SOCKET_TIMEOUT_MS = 2500;
const CONNECT_TIMEOUT_MS = 2000;
const DISCONNECT_TIMEOUT_MS = 500;
const FIRST_RETRY_MS = 50;
const LONGEST_RETRY_MS = 3000;

export type RedisConnection = Redis & ScriptCommands;

/** Opens a connection that fails at once while Redis is away and comes back by itself. */
export function connectToRedis(config: RedisConfig): RedisConnection {
  return new Redis({
    host: config.host,
    port: config.port,
    db: config.db,
    ...(config.username !== null && { username: config.username }),
    ...(config.password !== null && { password: config.password }),
    ...(config.secureContext !== null && { tls: { secureContext: config.secureContext } }),
    connectionName: "redis-webserver",
    connectTimeout: CONNECT_TIMEOUT_MS,
    commandTimeout: COMMAND_TIMEOUT_MS,
    socketTimeout: SOCKET_TIMEOUT_MS,
    disconnectTimeout: DISCONNECT_TIMEOUT_MS,
    // Nothing is queued or sent twice: whoever asked is told, and decides.
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    maxLoadingRetryTime: 500,
    retryStrategy: retryDelay,
    // After a failover the old master answers so; its name may by now lead to the new one.
    reconnectOnError: (error) => error.message.startsWith("READONLY"),
    scripts: redisScripts,
  }) as RedisConnection;
}

/** Doubles up to a few seconds, with jitter so that many servers do not come back in step. */
function retryDelay(attempt: number): number {
  const delay = Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** (attempt - 1));
  return Math.round(delay * (0.75 + Math.random() / 4));
}
