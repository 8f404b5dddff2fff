import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { storeUnavailable } from "../../src/store/errors.ts";
import { EmbeddedStore } from "../../src/store/embedded-store.ts";
import { ask, serverOn } from "../support/http.ts";

/** A line of Prometheus' text format that is neither empty nor a comment. */
const SAMPLE =
  /^[a-zA-Z_:][\w:]*(?:\{(?:[a-zA-Z_]\w*="(?:[^"\\\n]|\\.)*",?)*\})? (?:[-+]?[\d.e+-]+|NaN|[+-]Inf)$/;

describe("/metrics", () => {
  it("is in Prometheus' text format, with HELP and TYPE for everything", async (t) => {
    const app = serverOn(t, new EmbeddedStore());
    await ask(app, "GET", "/");
    const { status, headers, text } = await ask(app, "GET", "/metrics");
    assert.equal(status, 200);
    assert.equal(headers["content-type"], "text/plain; version=0.0.4; charset=utf-8");
    assert.ok(text.endsWith("\n"));
    const known = new Set([...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name));
    for (const line of text.split("\n")) {
      if (line === "" || line.startsWith("#")) continue;
      assert.match(line, SAMPLE);
      const name = /^[\w:]+/.exec(line)?.[0] ?? "";
      assert.ok(known.has(name) || known.has(name.replace(/_(?:bucket|sum|count)$/, "")), name);
    }
    for (const name of ["process_cpu_seconds_total", "process_resident_memory_bytes"]) {
      assert.ok(known.has(name), name);
    }
  });

  it("counts requests by the pattern of their path, so that keys make no series", async (t) => {
    const app = serverOn(t, new EmbeddedStore());
    for (const key of ["a", "b", "c"]) await ask(app, "GET", `/api/kv/${key}`);
    await ask(app, "GET", "/elsewhere/1");
    await ask(app, "PATCH", "/api/kv/a");
    const { text } = await ask(app, "GET", "/metrics");
    const count = "http_request_duration_seconds_count";
    assert.ok(text.includes(`${count}{method="GET",route="/api/kv/:key",status="404"} 3`), text);
    assert.ok(text.includes(`${count}{method="GET",route="none",status="404"} 1`));
    assert.ok(text.includes(`${count}{method="PATCH",route="/api/kv/:key",status="405"} 1`));
    assert.ok(text.includes(`store_operations_total{operation="get",result="ok"} 3`));
    assert.ok(text.includes('store_available{kind="embedded"} 1'));
  });

  it("tells while the store is away", async (t) => {
    const store = new EmbeddedStore();
    const app = serverOn(t, store);
    store.get = async () => {
      throw storeUnavailable();
    };
    const status = store.status();
    store.status = () => ({ ...status, available: false });
    await ask(app, "GET", "/api/kv/a");
    const { text } = await ask(app, "GET", "/metrics");
    assert.ok(
      text.includes(`store_operations_total{operation="get",result="store_unavailable"} 1`),
    );
    assert.ok(text.includes('store_available{kind="embedded"} 0'));
  });
});
