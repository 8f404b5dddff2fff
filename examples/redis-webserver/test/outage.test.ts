import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { freePort } from "./support/free-port.ts";
import { RedisServer, skipWithoutRedis } from "./support/redis-server.ts";
import { Service } from "./support/service.ts";
import { until } from "./support/until.ts";

const timed = async <T>(run: () => Promise<T>): Promise<{ answer: T; ms: number }> => {
  const start = performance.now();
  const answer = await run();
  return { answer, ms: performance.now() - start };
};

describe("an outage of redis", { skip: skipWithoutRedis, concurrency: true }, () => {
  it("is answered with quick 503s, and what was saved is there afterwards", async (t) => {
    const server = await RedisServer.start(t);
    const service = await Service.start(t, { REDIS_URL: server.url });
    await service.untilReady();
    assert.equal((await service.put("before", "kept")).status, 201);
    await service.fetch("/");

    await server.kill();
    for (const path of ["/api/kv/before", "/api/kv", "/api/visits", "/readyz"]) {
      const { answer, ms } = await timed(() => service.fetch(path));
      assert.equal(answer.status, 503, path);
      assert.ok(ms < 900, `${path}: ${ms} ms`);
      assert.match(answer.headers.get("retry-after") ?? "", /^\d+$/);
      assert.match((await answer.json()).error.code, /^store_un/);
    }
    assert.equal((await service.put("during", "x")).status, 503);
    const page = await timed(() => service.fetch("/"));
    assert.equal(page.answer.status, 503);
    assert.match(await page.answer.text(), /Redis is away/);
    assert.equal((await service.fetch("/healthz")).status, 200);
    const metrics = await (await service.fetch("/metrics")).text();
    assert.match(metrics, /^store_available\{kind="redis"\} 0$/m);

    await server.run();
    await service.untilReady();
    assert.equal((await service.json("/api/kv/before")).body.value, "kept");
    assert.equal((await service.json("/api/kv/during")).status, 404);
    assert.deepEqual((await service.json("/api/visits")).body, { visits: 1 });
  });

  it("loses no write that was confirmed, though redis is killed again and again", async (t) => {
    const server = await RedisServer.start(t);
    const service = await Service.start(t, { REDIS_URL: server.url });
    await service.untilReady();
    const confirmed: string[] = [];
    let refused = 0;
    const stopping = new AbortController();
    const writer = async (name: string) => {
      for (let index = 0; !stopping.signal.aborted; index += 1) {
        const key = `${name}:${index}`;
        const { status } = await service.put(key, key);
        if (status === 201) confirmed.push(key);
        else {
          assert.equal(status, 503);
          refused += 1;
          await sleep(10);
        }
      }
    };
    const writers = ["a", "b", "c", "d"].map(writer);
    for (let round = 0; round < 3; round += 1) {
      const enough = confirmed.length + 20;
      await until("some writes are confirmed", () => confirmed.length >= enough);
      await server.kill();
      await sleep(100);
      await server.run();
      await service.untilReady();
    }
    stopping.abort();
    await Promise.all(writers);
    assert.ok(refused > 0);

    const listed = new Set<string>();
    let cursor = "";
    do {
      const { body } = await service.json(`/api/kv?limit=100${cursor}`);
      for (const { key, value } of body.entries) {
        assert.equal(value, key);
        listed.add(key);
      }
      cursor = body.cursor === null ? "" : `&cursor=${body.cursor}`;
    } while (cursor !== "");
    assert.deepEqual(
      confirmed.filter((key) => !listed.has(key)),
      [],
    );
  });

  it("at the start does not keep the service from starting", async (t) => {
    const service = await Service.start(t, { REDIS_URL: `redis://127.0.0.1:${await freePort()}` });
    assert.equal((await service.fetch("/healthz")).status, 200);
    const { status, body } = await service.json("/readyz");
    assert.equal(status, 503);
    assert.match(body.error.message, /redis:\/\/127\.0\.0\.1/);
  });

  it("by silence is answered within the time limit", async (t) => {
    const server = await RedisServer.start(t);
    const service = await Service.start(t, { REDIS_URL: server.url });
    await service.untilReady();
    server.freeze();
    const { answer, ms } = await timed(() => service.put("key", "x"));
    assert.deepEqual([answer.status, answer.body.error.code], [503, "store_unconfirmed"]);
    assert.ok(ms < 4000, `${ms} ms`);
    server.thaw();
    await service.untilReady();
  });
});
