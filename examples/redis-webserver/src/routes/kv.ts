import type { FastifyInstance } from "fastify";

import { decodeCursor, encodeCursor } from "../http/cursor.ts";
import { Problem } from "../http/problem.ts";
import { DEFAULT_PAGE_ENTRIES, MAX_VALUE_BYTES } from "../limits.ts";
import type { Entry, Store } from "../store/store.ts";
import { incrementBody, keyParams, listQuery, putBody } from "./kv-schemas.ts";
import type { IncrementBody, KeyParams, ListQuerystring, PutBody } from "./kv-schemas.ts";

/** The key-value store: `/api/kv` and below. */
export function addKvRoutes(app: FastifyInstance, store: Store): void {
  app.get<{ Querystring: ListQuerystring }>(
    "/api/kv",
    { schema: { querystring: listQuery } },
    async ({ query }) => {
      const page = await store.list({
        prefix: query.prefix ?? "",
        after: query.cursor === undefined ? null : decodeCursor(query.cursor),
        limit: query.limit === undefined ? DEFAULT_PAGE_ENTRIES : Number(query.limit),
      });
      return {
        entries: page.entries.map(present),
        cursor: page.after === null ? null : encodeCursor(page.after),
      };
    },
  );

  app.get<{ Params: KeyParams }>(
    "/api/kv/:key",
    { schema: { params: keyParams } },
    async ({ params: { key } }) => {
      const entry = await store.get(key);
      if (entry === null) throw noSuchKey(key);
      return present(entry);
    },
  );

  app.put<{ Params: KeyParams; Body: PutBody }>(
    "/api/kv/:key",
    { schema: { params: keyParams, body: putBody } },
    async ({ params: { key }, body: { value, ttl = null } }, reply) => {
      if (Buffer.byteLength(value) > MAX_VALUE_BYTES) throw valueTooLarge();
      const ttlMs = ttl === null ? null : ttl * 1000;
      const { created } = await store.put(key, value, ttlMs);
      reply.code(created ? 201 : 200);
      return present({ key, value, ttlMs });
    },
  );

  app.delete<{ Params: KeyParams }>(
    "/api/kv/:key",
    { schema: { params: keyParams } },
    async ({ params: { key } }, reply) => {
      if (!(await store.delete(key))) throw noSuchKey(key);
      return reply.code(204).send();
    },
  );

  app.post<{ Params: KeyParams; Body: IncrementBody | undefined }>(
    "/api/kv/:key/increment",
    {
      schema: { params: keyParams, body: incrementBody },
      preValidation: async (request) => {
        request.body ??= {};
      },
    },
    async ({ params: { key }, body }) => present(await store.increment(key, body?.by ?? 1)),
  );
}

/** Seconds are rounded up, so that an entry that is still there never shows 0. */
function present({ key, value, ttlMs }: Entry): object {
  return { key, value, ttl: ttlMs === null ? null : Math.ceil(ttlMs / 1000) };
}

function noSuchKey(key: string): Problem {
  return new Problem(404, "key_not_found", `There is no key ${JSON.stringify(key)}.`);
}

function valueTooLarge(): Problem {
  const message = `The value is longer than ${MAX_VALUE_BYTES} bytes.`;
  const details = [
    { in: "body", field: "value", message: `must be at most ${MAX_VALUE_BYTES} bytes` },
  ];
  return new Problem(413, "value_too_large", message, { details });
}
