import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { TestContext } from "node:test";

import { MAX_BODY_BYTES, MAX_VALUE_BYTES } from "../../src/limits.ts";
import { storeFull, storeUnavailable, storeUnconfirmed } from "../../src/store/errors.ts";
import { EmbeddedStore } from "../../src/store/embedded-store.ts";
import { ask, serverOn } from "../support/http.ts";
import type { Answer } from "../support/http.ts";

const server = (t: TestContext) => serverOn(t, new EmbeddedStore());

/** Every error has this shape and no other. */
function assertError({ status, headers, json }: Answer, expected: number, code: string): void {
  assert.equal(status, expected);
  assert.match(String(headers["content-type"]), /^application\/json/);
  assert.equal(headers["cache-control"], "no-store");
  assert.deepEqual(Object.keys(json), ["error"]);
  assert.equal(json.error.code, code);
  assert.match(json.error.message, /^[A-Z].*\.$/s);
  assert.equal(json.error.requestId, headers["x-request-id"]);
}

describe("refusals", () => {
  const put = "PUT" as const;
  const invalid: [string, Parameters<typeof ask>[1], string, unknown, object][] = [
    ["an empty key", put, "/api/kv/", { value: "" }, { in: "path", field: "key" }],
    ["a long key", "GET", `/api/kv/${"k".repeat(257)}`, undefined, { in: "path", field: "key" }],
    ["a key long in bytes", "GET", `/api/kv/${"%C3%A9".repeat(129)}`, undefined, { field: "key" }],
    ["a control character", "DELETE", "/api/kv/a%00b", undefined, { in: "path", field: "key" }],
    ["a line feed", "POST", "/api/kv/a%0Ab/increment", undefined, { in: "path", field: "key" }],
    ["no value", put, "/api/kv/k", {}, { in: "body", field: "value", message: "is missing" }],
    ["a number as value", put, "/api/kv/k", { value: 1 }, { in: "body", field: "value" }],
    ["null as value", put, "/api/kv/k", { value: null }, { in: "body", field: "value" }],
    ["half a character", put, "/api/kv/k", '{"value":"\\ud800"}', { in: "body", field: "value" }],
    ["no time to live", put, "/api/kv/k", { value: "", ttl: 0 }, { in: "body", field: "ttl" }],
    ["half a second", put, "/api/kv/k", { value: "", ttl: 0.5 }, { in: "body", field: "ttl" }],
    ["a ttl in words", put, "/api/kv/k", { value: "", ttl: "60" }, { in: "body", field: "ttl" }],
    ["more than a year", put, "/api/kv/k", { value: "", ttl: 31_536_001 }, { field: "ttl" }],
    ["an unknown field", put, "/api/kv/k", { value: "", tll: 1 }, { in: "body", field: "tll" }],
    ["an array", put, "/api/kv/k", [], { in: "body", message: "must be a JSON object" }],
    ["null", put, "/api/kv/k", "null", { in: "body", message: "must be a JSON object" }],
    ["no body", put, "/api/kv/k", undefined, { in: "body", message: "must be a JSON object" }],
    ["half a step", "POST", "/api/kv/k/increment", { by: 0.5 }, { in: "body", field: "by" }],
    ["too big a step", "POST", "/api/kv/k/increment", { by: 2 ** 53 }, { in: "body", field: "by" }],
    ["limit 0", "GET", "/api/kv?limit=0", undefined, { in: "query", field: "limit" }],
    ["limit 101", "GET", "/api/kv?limit=101", undefined, { in: "query", field: "limit" }],
    ["two limits", "GET", "/api/kv?limit=1&limit=2", undefined, { in: "query", field: "limit" }],
    ["a made-up cursor", "GET", "/api/kv?cursor=!", undefined, { in: "query", field: "cursor" }],
    ["an empty cursor", "GET", "/api/kv?cursor=", undefined, { in: "query", field: "cursor" }],
    ["a long prefix", "GET", `/api/kv?prefix=${"p".repeat(257)}`, undefined, { field: "prefix" }],
    ["an unknown parameter", "GET", "/api/kv?page=2", undefined, { in: "query", field: "page" }],
  ];
  for (const [what, method, url, body, detail] of invalid) {
    it(`400 for ${what}, and says where`, async (t) => {
      const answer = await ask(server(t), method, url, body);
      assertError(answer, 400, "invalid_request");
      assert.partialDeepStrictEqual(answer.json.error.details[0], detail);
    });
  }

  it("400 names everything that is wrong at once", async (t) => {
    const { json } = await ask(server(t), "PUT", "/api/kv/k", { value: 1, ttl: 0, more: 1 });
    const fields = json.error.details.map(({ field }: { field: string }) => field);
    assert.deepEqual(fields.toSorted(), ["more", "ttl", "value"]);
  });

  it("400 for what is no JSON, or tries to reach prototypes", async (t) => {
    const app = server(t);
    for (const body of ['{"value":', "x", '{"__proto__":{"a":1},"value":""}']) {
      assertError(await ask(app, "PUT", "/api/kv/k", body), 400, "invalid_json");
    }
  });

  it("400 for a path that is no UTF-8", async (t) => {
    const app = server(t);
    for (const url of ["/api/kv/%ff", "/api/kv/%", "/%c3"]) {
      assertError(await ask(app, "GET", url), 400, "invalid_url");
    }
  });

  it("403 for changes that another site's page makes", async (t) => {
    const app = server(t);
    for (const [site, status] of Object.entries({
      "same-origin": 200,
      none: 200,
      "same-site": 403,
      "cross-site": 403,
    })) {
      const headers = { "sec-fetch-site": site };
      const answer = await ask(app, "POST", "/api/kv/n/increment", undefined, headers);
      assert.equal(answer.status, status, site);
      if (status === 403) assertError(answer, 403, "cross_site_request");
      assert.equal((await ask(app, "GET", "/", undefined, headers)).status, 200);
    }
  });

  it("404 for other paths", async (t) => {
    const app = server(t);
    for (const url of ["/nothing", "/api", "/api/kv/a/b", "/assets/page.css", "/healthz/"]) {
      assertError(await ask(app, "GET", url), 404, "not_found");
    }
  });

  it("405 with Allow for methods that a path does not have", async (t) => {
    const app = server(t);
    const allowed = {
      "/": "GET, HEAD, OPTIONS",
      "/api/kv": "GET, HEAD, OPTIONS",
      "/api/kv/k": "DELETE, GET, HEAD, OPTIONS, PUT",
      "/api/kv/k/increment": "OPTIONS, POST",
      "/api/visits": "GET, HEAD, OPTIONS",
      "/healthz": "GET, HEAD, OPTIONS",
      "/readyz": "GET, HEAD, OPTIONS",
      "/metrics": "GET, HEAD, OPTIONS",
    };
    for (const [url, allow] of Object.entries(allowed)) {
      for (const method of ["GET", "POST", "PUT", "PATCH", "DELETE"] as const) {
        if (allow.includes(method)) continue;
        const answer = await ask(app, method, url, "no JSON", { "content-type": "text/plain" });
        assertError(answer, 405, "method_not_allowed");
        assert.equal(answer.headers["allow"], allow);
      }
      const options = await ask(app, "OPTIONS", url);
      assert.deepEqual([options.status, options.headers["allow"]], [204, allow]);
    }
  });

  it("413 for a value or a body that is too long, not for one that just fits", async (t) => {
    const app = server(t);
    const value = "é".repeat(MAX_VALUE_BYTES / 2);
    assert.equal((await ask(app, "PUT", "/api/kv/k", { value })).status, 201);
    const escaped = `{"value":"${"\\u0061".repeat(MAX_VALUE_BYTES)}"}`;
    assert.equal((await ask(app, "PUT", "/api/kv/k", escaped)).status, 200);
    const longer = await ask(app, "PUT", "/api/kv/k", { value: `${value}x` });
    assertError(longer, 413, "value_too_large");
    assert.equal(longer.json.error.details[0].field, "value");
    const body = `{"value":""${" ".repeat(MAX_BODY_BYTES)}}`;
    assertError(await ask(app, "PUT", "/api/kv/k", body), 413, "body_too_large");
  });

  it("414 for a key beyond all bounds", async (t) => {
    const answer = await ask(server(t), "GET", `/api/kv/${"k".repeat(9000)}`);
    assertError(answer, 414, "url_too_long");
  });

  it("415 for bodies that are not sent as JSON", async (t) => {
    const app = server(t);
    for (const type of ["text/plain", "application/x-www-form-urlencoded", "nonsense"]) {
      const headers = { "content-type": type };
      const answer = await ask(app, "PUT", "/api/kv/k", '{"value":""}', headers);
      assertError(answer, 415, "unsupported_media_type");
    }
    const headers = { "content-type": "application/json; charset=utf-8" };
    assert.equal((await ask(app, "PUT", "/api/kv/k", { value: "" }, headers)).status, 201);
  });

  it("500 without a word about internals, for a defect", async (t) => {
    const store = new EmbeddedStore();
    store.get = async () => {
      throw new Error("secret detail");
    };
    const answer = await ask(serverOn(t, store), "GET", "/api/kv/k");
    assertError(answer, 500, "internal_error");
    assert.doesNotMatch(answer.text, /secret/);
  });

  it("501 for methods that nothing here answers to", async (t) => {
    assertError(await ask(server(t), "TRACE", "/"), 501, "not_implemented");
  });

  it("503 with Retry-After while the store is away, and 507 when it is full", async (t) => {
    const store = new EmbeddedStore();
    const app = serverOn(t, store);
    for (const error of [storeUnavailable(), storeUnconfirmed(null)]) {
      store.put = async () => {
        throw error;
      };
      const answer = await ask(app, "PUT", "/api/kv/k", { value: "" });
      assertError(answer, 503, error.code);
      assert.match(String(answer.headers["retry-after"]), /^[1-9]$/);
    }
    store.put = async () => {
      throw storeFull();
    };
    assertError(await ask(app, "PUT", "/api/kv/k", { value: "" }), 507, "store_full");
  });
});
