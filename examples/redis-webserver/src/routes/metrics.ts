import type { FastifyInstance } from "fastify";

import type { Metrics } from "../metrics.ts";

/** `/metrics`, and the measuring of every request. */
export function addMetricsRoute(app: FastifyInstance, metrics: Metrics): void {
  app.addHook("onResponse", async (request, reply) => {
    const route = request.routeOptions.url ?? "none";
    metrics.request(request.method, route, reply.statusCode, reply.elapsedTime / 1000);
  });

  app.get("/metrics", async (_request, reply) => {
    reply.header("content-type", metrics.contentType);
    return metrics.text();
  });
}
