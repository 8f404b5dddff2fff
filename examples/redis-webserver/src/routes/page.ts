import type { FastifyInstance } from "fastify";

import { loadAssets } from "../page/assets.ts";
import { renderPage } from "../page/render.ts";
import { StoreError } from "../store/errors.ts";
import type { Store } from "../store/store.ts";
import { toProblem } from "../http/to-problem.ts";

/** `/` for people, the files that it needs, and its number of visits. */
export function addPageRoutes(app: FastifyInstance, store: Store): void {
  const assets = loadAssets();

  // While the store is away the page still comes, says so, and goes on by itself afterwards.
  app.get("/", async (request, reply) => {
    reply.type("text/html; charset=utf-8");
    let visits: number | null = null;
    try {
      visits = await (request.method === "HEAD" ? store.visits() : store.countVisit());
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      const { status, headers } = toProblem(error);
      reply.code(status).headers(headers);
    }
    return renderPage({ visits, status: store.status(), assetsPath: assets.path });
  });

  app.get("/api/visits", async () => ({ visits: await store.visits() }));

  for (const { name, type, body } of assets.files) {
    app.get(`${assets.path}/${name}`, async (_request, reply) => {
      reply.type(type).header("cache-control", "public, max-age=31536000, immutable");
      return body;
    });
  }
}
