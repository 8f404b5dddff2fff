import type { FastifyBaseLogger } from "fastify";
import type { Redis } from "ioredis";

import { NOT_SENT } from "./redis-failure.ts";

export interface RedisWatch {
  /** Why Redis is away, in its own or the system's words; null while it is there. */
  readonly lastProblem: string | null;
  /** From now on a closed connection is no news. */
  stop(): void;
}

/** Follows a connection's ups and downs and logs each change once, not each attempt. */
export function watchRedis(redis: Redis, display: string, log: FastifyBaseLogger): RedisWatch {
  const where = { redis: display };
  let lastProblem: string | null = null;
  let awaySince = performance.now();
  let stopped = false;

  function report(problem: string): void {
    if (stopped || problem === lastProblem) return;
    lastProblem = problem;
    log.warn({ ...where, problem }, "redis is away, trying again");
  }

  redis.on("ready", () => {
    lastProblem = null;
    log.info({ ...where, awayMs: Math.round(performance.now() - awaySince) }, "redis is there");
  });
  redis.on("error", (error: Error) => {
    // Commands that meet a connection which is already going down only hide the reason.
    if (!NOT_SENT.test(error.message)) report(describe(error));
    // ioredis would carry on in database 0.
    if (/DB index/i.test(error.message)) redis.disconnect(true);
  });
  redis.on("close", () => {
    if (lastProblem !== null) return;
    awaySince = performance.now();
    report("the connection was closed");
  });

  return {
    get lastProblem() {
      return lastProblem;
    },
    stop() {
      stopped = true;
    },
  };
}

/** A host with several addresses fails with one error for each and no message of its own. */
function describe(error: Error): string {
  const all = error instanceof AggregateError ? (error.errors as Error[]) : [error];
  return all.map((one) => one.message).join("; ");
}
