import type { FastifyInstance } from "fastify";

import { Problem } from "./problem.ts";

const SAFE = new Set(["GET", "HEAD", "OPTIONS"]);

/**
 * Refuses changes that a browser makes on behalf of another site's page. Browsers say so in
 * `Sec-Fetch-Site`, which pages cannot forge; other clients do not send it.
 */
export function refuseCrossSiteChanges(app: FastifyInstance): void {
  app.addHook("onRequest", async (request) => {
    const site = request.headers["sec-fetch-site"] ?? "none";
    if (SAFE.has(request.method) || site === "same-origin" || site === "none") return;
    throw new Problem(403, "cross_site_request", "Pages of other sites cannot change data here.");
  });
}
