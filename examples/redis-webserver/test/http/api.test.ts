import assert from "node:assert/strict";
import { before, describe, it } from "node:test";

import type { FastifyInstance } from "fastify";

import { ask, serverOn } from "../support/http.ts";
import { storeKinds } from "../support/stores.ts";
import { suiteScope } from "../support/scope.ts";

/** Keys that have to survive the way through a URL. */
const AWKWARD_KEYS = [
  "plain",
  "a/b/c",
  "/",
  "a/increment",
  "100%",
  "%2F",
  "%252F",
  "a b",
  "a+b",
  "?q=1#f",
  "ä€😀",
  "...",
  ":key",
  "*",
  "__proto__",
  "constructor",
  "key;x=1",
  "\\",
  "k".repeat(256),
];

const increment = (app: FastifyInstance, body?: unknown) =>
  ask(app, "POST", "/api/kv/n%2F1/increment", body);

const path = (key: string) => `/api/kv/${encodeURIComponent(key)}`;

for (const kind of storeKinds) {
  describe(`the API on ${kind.name}`, { skip: kind.skip }, () => {
    let app: FastifyInstance;
    const scope = suiteScope();
    before(async () => {
      app = serverOn(scope, await kind.open(scope));
    });

    it("puts, gets and deletes whatever the key is", async () => {
      for (const key of AWKWARD_KEYS) {
        const entry = { key, value: `value of ${key}`, ttl: null };
        const created = await ask(app, "PUT", path(key), { value: entry.value });
        assert.deepEqual([created.status, created.json], [201, entry], key);
        const replaced = await ask(app, "PUT", path(key), { value: entry.value });
        assert.deepEqual([replaced.status, replaced.json], [200, entry]);
        const got = await ask(app, "GET", path(key));
        assert.deepEqual([got.status, got.json], [200, entry]);
        assert.equal(got.headers["cache-control"], "no-store");
        const deleted = await ask(app, "DELETE", path(key));
        assert.deepEqual([deleted.status, deleted.text], [204, ""]);
        for (const method of ["GET", "DELETE"] as const) {
          const gone = await ask(app, method, path(key));
          assert.deepEqual([gone.status, gone.json.error.code], [404, "key_not_found"]);
        }
      }
    });

    it("answers HEAD like GET, without the body", async () => {
      await ask(app, "PUT", path("head"), { value: "x" });
      const got = await ask(app, "GET", path("head"));
      const head = await ask(app, "HEAD", path("head"));
      assert.deepEqual([head.status, head.text], [200, ""]);
      assert.equal(head.headers["content-length"], got.headers["content-length"]);
      assert.equal((await ask(app, "HEAD", path("no such key"))).status, 404);
    });

    it("says how many seconds are left", async () => {
      const put = await ask(app, "PUT", path("brief"), { value: "x", ttl: 60 });
      assert.equal(put.json.ttl, 60);
      assert.ok([59, 60].includes((await ask(app, "GET", path("brief"))).json.ttl));
      const stays = await ask(app, "PUT", path("brief"), { value: "x", ttl: null });
      assert.equal(stays.json.ttl, null);
    });

    it("increments, by 1 unless told otherwise", async () => {
      assert.deepEqual((await increment(app)).json, { key: "n/1", value: "1", ttl: null });
      assert.equal((await increment(app, {})).json.value, "2");
      assert.equal((await increment(app, "")).json.value, "3");
      assert.equal((await increment(app, { by: -10 })).json.value, "-7");
      assert.equal(
        (await increment(app, { by: Number.MAX_SAFE_INTEGER })).json.value,
        "9007199254740984",
      );
    });

    it("refuses to increment what is no number, or would be none afterwards", async () => {
      await ask(app, "PUT", path("text"), { value: "x" });
      const text = await ask(app, "POST", `${path("text")}/increment`);
      assert.deepEqual([text.status, text.json.error.code], [409, "not_an_integer"]);
      await ask(app, "PUT", path("max"), { value: "9223372036854775807" });
      const max = await ask(app, "POST", `${path("max")}/increment`);
      assert.deepEqual([max.status, max.json.error.code], [409, "out_of_range"]);
    });

    it("loses none of 200 increments at once", async () => {
      const answers = await Promise.all(
        Array.from({ length: 200 }, () => ask(app, "POST", `${path("race")}/increment`, { by: 2 })),
      );
      assert.ok(answers.every(({ status }) => status === 200));
      assert.equal(new Set(answers.map(({ json }) => json.value)).size, 200);
      assert.equal((await ask(app, "GET", path("race"))).json.value, "400");
    });

    it("lists by prefix, page by page, each key once", async () => {
      const keys = Array.from(
        { length: 123 },
        (_, index) => `page:${String(index).padStart(3, "0")}`,
      );
      await Promise.all(keys.map((key) => ask(app, "PUT", path(key), { value: key, ttl: 1000 })));
      const seen: string[] = [];
      let cursor = "";
      do {
        const { status, json } = await ask(app, "GET", `/api/kv?prefix=page%3A&limit=10${cursor}`);
        assert.equal(status, 200);
        assert.ok(json.entries.length <= 10);
        for (const { key, value, ttl } of json.entries) {
          seen.push(key);
          assert.equal(value, key);
          assert.ok(ttl > 900 && ttl <= 1000);
        }
        cursor = json.cursor === null ? "" : `&cursor=${json.cursor}`;
      } while (cursor !== "");
      assert.deepEqual(seen, keys);
      const unlimited = await ask(app, "GET", "/api/kv?prefix=page:");
      assert.equal(unlimited.json.entries.length, 50);
      const nothing = await ask(app, "GET", "/api/kv?prefix=nothing");
      assert.deepEqual(nothing.json, { entries: [], cursor: null });
    });

    it("counts visits of the page, not those of machines", async () => {
      assert.deepEqual((await ask(app, "GET", "/api/visits")).json, { visits: 0 });
      assert.equal((await ask(app, "HEAD", "/")).status, 200);
      assert.deepEqual((await ask(app, "GET", "/api/visits")).json, { visits: 0 });
      await ask(app, "GET", "/");
      await ask(app, "GET", "/");
      assert.deepEqual((await ask(app, "GET", "/api/visits")).json, { visits: 2 });
    });

    it("is ready", async () => {
      const { status, json } = await ask(app, "GET", "/readyz");
      assert.equal(status, 200);
      assert.equal(json.status, "ready");
      assert.equal(json.store.kind, kind.name === "redis" ? "redis" : "embedded");
    });
  });
}
