import type { FastifyInstance, InjectOptions } from "fastify";

import { buildServer } from "../../src/server.ts";
import type { Store } from "../../src/store/store.ts";
import type { Scope } from "./scope.ts";

/** The service without a socket, on that store; closed when the test ends, and the store with it. */
export function serverOn(scope: Scope, store: Store): FastifyInstance {
  const app = buildServer({ logLevel: "silent", openStore: () => store });
  scope.after(() => app.close());
  return app;
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly text: string;
  /** The body as JSON; null when it is none. */
  readonly json: any;
}

export async function ask(
  app: FastifyInstance,
  method: NonNullable<InjectOptions["method"]>,
  url: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const response = await app.inject({
    method,
    url,
    headers,
    ...(body !== undefined && {
      payload: typeof body === "string" ? body : JSON.stringify(body),
      headers: { "content-type": "application/json", ...headers },
    }),
  });
  const isJson = String(response.headers["content-type"]).startsWith("application/json");
  return {
    status: response.statusCode,
    headers: response.headers,
    text: response.body,
    json: isJson && response.body !== "" ? response.json() : null,
  };
}
