import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { Redis } from "ioredis";

import { readConfig } from "../../src/config.ts";
import { RedisStore } from "../../src/store/redis-store.ts";
import { freePort } from "../support/free-port.ts";
import { RedisServer, skipWithoutRedis } from "../support/redis-server.ts";
import { redisStore, silentLog } from "../support/stores.ts";
import { until } from "../support/until.ts";

const code = (expected: string) => (error: unknown) => {
  assert.equal((error as { code?: string }).code, expected);
  return true;
};

/** Another client of the same server, to see what is really in there. */
function client(t: TestContext, url: string): Redis {
  const redis = new Redis(url);
  t.after(() => redis.disconnect());
  return redis;
}

/** A store whose Redis is not expected to be there. */
function strayStore(t: TestContext, url: string): RedisStore {
  const { redis } = readConfig({ REDIS_URL: url });
  assert.ok(redis);
  const store = new RedisStore(redis, silentLog);
  t.after(() => store.close());
  return store;
}

async function milliseconds(run: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await run();
  return performance.now() - start;
}

describe("the redis store", { skip: skipWithoutRedis, concurrency: 4 }, () => {
  it("keeps to its namespace", async (t) => {
    const { url } = await RedisServer.start(t);
    const one = await redisStore(t, { REDIS_URL: url, REDIS_NAMESPACE: "one" });
    const two = await redisStore(t, { REDIS_URL: url, REDIS_NAMESPACE: "two" });
    await one.put("key", "1", null);
    await one.countVisit();
    assert.equal(await two.get("key"), null);
    assert.equal(await two.visits(), 0);
    const names = await client(t, url).keys("*");
    assert.deepEqual(names.toSorted(), ["one:keys", "one:kv:key", "one:visits"]);
  });

  it("uses the database that the URL names, and none instead of one that does not exist", async (t) => {
    const { url } = await RedisServer.start(t);
    const store = await redisStore(t, { REDIS_URL: `${url}/3` });
    await store.put("key", "x", null);
    assert.equal(await client(t, `${url}/3`).exists("redis-webserver:kv:key"), 1);
    const none = strayStore(t, `${url}/99`);
    await until("the reason is known", () => /DB index/.test(none.status().detail));
    await assert.rejects(none.put("key", "x", null), code("store_unavailable"));
    assert.equal(await client(t, url).dbsize(), 0);
  });

  it("drops names of expired entries from its index", async (t) => {
    const { url } = await RedisServer.start(t);
    const store = await redisStore(t, { REDIS_URL: url });
    const redis = client(t, url);
    for (const key of ["a", "b", "c"]) await store.put(key, "x", key === "b" ? null : 50);
    await sleep(80);
    assert.equal(await redis.zcard("redis-webserver:keys"), 3);
    await store.list({ prefix: "", after: null, limit: 10 });
    assert.deepEqual(await redis.zrange("redis-webserver:keys", "0", "-1"), ["b"]);
  });

  it("lives with strangers' values under its names", async (t) => {
    const { url } = await RedisServer.start(t);
    const store = await redisStore(t, { REDIS_URL: url });
    const redis = client(t, url);
    await store.put("odd", "x", null);
    await store.put("ordinary", "x", null);
    await redis.del("redis-webserver:kv:odd");
    await redis.lpush("redis-webserver:kv:odd", "a list");
    await assert.rejects(store.get("odd"), code("wrong_type"));
    await assert.rejects(store.increment("odd", 1), code("wrong_type"));
    const { entries } = await store.list({ prefix: "", after: null, limit: 10 });
    assert.deepEqual(
      entries.map(({ key }) => key),
      ["ordinary"],
    );
    await store.put("odd", "ours again", null);
    assert.equal((await store.get("odd"))?.value, "ours again");
  });

  it("says that a full server is full", async (t) => {
    const { url } = await RedisServer.start(t);
    const store = await redisStore(t, { REDIS_URL: url });
    await store.put("key", "x", null);
    await client(t, url).config("SET", "maxmemory", "1");
    await assert.rejects(store.put("more", "x", null), code("store_full"));
    assert.equal((await store.get("key"))?.value, "x");
  });

  it("outlives scripts being flushed", async (t) => {
    const { url } = await RedisServer.start(t);
    const store = await redisStore(t, { REDIS_URL: url });
    await store.increment("n", 1);
    await store.increment("n", 1);
    await client(t, url).script("FLUSH");
    assert.equal((await store.increment("n", 1)).value, "3");
  });

  it("fails at once where nobody listens, and connects when somebody does", async (t) => {
    const store = strayStore(t, `redis://127.0.0.1:${await freePort()}`);
    await until("the reason is known", () => /ECONNREFUSED/.test(store.status().detail));
    const duration = await milliseconds(() =>
      assert.rejects(store.get("key"), code("store_unavailable")),
    );
    assert.ok(duration < 500, `${duration} ms`);
    assert.equal(store.status().available, false);
  });

  it("fails at once while redis is down and has everything when it is back", async (t) => {
    const server = await RedisServer.start(t);
    const store = await redisStore(t, { REDIS_URL: server.url });
    await store.put("before", "kept", null);
    await server.kill();
    await until("the loss is noticed", () => !store.status().available);
    for (const attempt of [
      () => store.get("before"),
      () => store.put("during", "x", null),
      () => store.increment("n", 1),
      () => store.list({ prefix: "", after: null, limit: 1 }),
      () => store.countVisit(),
      () => store.ping(),
    ]) {
      const duration = await milliseconds(() =>
        assert.rejects(attempt(), code("store_unavailable")),
      );
      assert.ok(duration < 500, `${duration} ms`);
    }
    await server.run();
    await until("redis is there again", () => store.status().available);
    assert.equal((await store.get("before"))?.value, "kept");
    assert.equal(await store.get("during"), null);
    assert.equal((await store.increment("n", 1)).value, "1");
  });

  it("gives a silent server up, and comes back when it speaks again", async (t) => {
    const server = await RedisServer.start(t);
    const store = await redisStore(t, { REDIS_URL: server.url });
    server.freeze();
    const first = await milliseconds(() =>
      assert.rejects(store.increment("n", 1), code("store_unconfirmed")),
    );
    assert.ok(first < 4000, `${first} ms`);
    await until("the connection is given up", () => !store.status().available);
    const later = await milliseconds(() =>
      assert.rejects(store.increment("n", 1), code("store_unavailable")),
    );
    assert.ok(later < 500, `${later} ms`);
    server.thaw();
    await until("redis is there again", () => store.status().available);
    await store.ping();
  });

  it("never counts twice what it sent once", async (t) => {
    const server = await RedisServer.start(t);
    const store = await redisStore(t, { REDIS_URL: server.url });
    const redis = client(t, server.url);
    let confirmed = 0;
    let unconfirmed = 0;
    const count = async () => {
      try {
        await store.increment("n", 1);
        confirmed += 1;
      } catch (error) {
        if ((error as { code?: string }).code === "store_unconfirmed") unconfirmed += 1;
      }
    };
    for (let round = 0; round < 10; round += 1) {
      const counts = Array.from({ length: 20 }, count);
      await redis.call("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes");
      await Promise.all(counts);
      await until("redis is there again", () => store.status().available);
    }
    // The last cut may reach the connection only now.
    const total = await until("the count can be read", () =>
      store.get("n").then(
        (entry) => Number(entry?.value ?? 0),
        () => undefined,
      ),
    );
    assert.ok(total >= confirmed && total <= confirmed + unconfirmed);
    assert.equal((await store.increment("n", 1)).value, String(total + 1));
  });

  it("uses user and password, and says when they are wrong without repeating them", async (t) => {
    const acl = ["--requirepass", "hunter2", "--user", "app", "on", ">s3cret", "~*", "&*", "+@all"];
    const { port } = await RedisServer.start(t, acl);
    const at = `127.0.0.1:${port}`;
    for (const credentials of [":hunter2", "app:s3cret"]) {
      await (await redisStore(t, { REDIS_URL: `redis://${credentials}@${at}` })).ping();
    }
    const wrong = strayStore(t, `redis://app:wr0ng@${at}`);
    await until("the reason is known", () => /WRONGPASS/.test(wrong.status().detail));
    assert.doesNotMatch(wrong.status().detail, /wr0ng/);
    await assert.rejects(wrong.ping(), code("store_unavailable"));
    const missing = strayStore(t, `redis://${at}`);
    await until("the reason is known", () => /NOAUTH/.test(missing.status().detail));
  });

  it("closes at once whether redis is there or not", async (t) => {
    const server = await RedisServer.start(t);
    const store = await redisStore(t, { REDIS_URL: server.url });
    const stray = strayStore(t, `redis://127.0.0.1:${await freePort()}`);
    const duration = await milliseconds(() => Promise.all([store.close(), stray.close()]));
    assert.ok(duration < 500, `${duration} ms`);
  });
});
