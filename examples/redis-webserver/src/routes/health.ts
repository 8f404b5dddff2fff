import type { FastifyInstance } from "fastify";

import { Problem } from "../http/problem.ts";
import { toProblem } from "../http/to-problem.ts";
import type { Store } from "../store/store.ts";

/** `/healthz`: the process works. `/readyz`: it can serve, which takes its store. */
export function addHealthRoutes(app: FastifyInstance, store: Store): void {
  app.get("/healthz", async () => ({ status: "ok", uptimeSeconds: Math.floor(process.uptime()) }));

  app.get("/readyz", async () => {
    await store.ping().catch((error: unknown) => {
      const { status, code, headers } = toProblem(error);
      throw new Problem(status, code, store.status().detail, { headers, cause: error });
    });
    const { kind, persistent, detail } = store.status();
    return { status: "ready", store: { kind, persistent, detail } };
  });
}
