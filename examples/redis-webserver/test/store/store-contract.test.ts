import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { MAX_PAGE_BYTES, MAX_VALUE_BYTES } from "../../src/limits.ts";
import type { Entry, Store } from "../../src/store/store.ts";
import { storeKinds } from "../support/stores.ts";
import { suiteScope } from "../support/scope.ts";

const INT64_MAX = "9223372036854775807";

/** Follows the pages to the end; stops a list that does not end. */
async function listAll(store: Store, prefix: string, limit: number): Promise<Entry[]> {
  const entries: Entry[] = [];
  let cursor: string | null = null;
  for (let pages = 0; pages < 10_000; pages += 1) {
    const { entries: some, after: next } = await store.list({ prefix, after: cursor, limit });
    assert.ok(some.length <= limit, `a page holds ${some.length} entries, not ${limit}`);
    entries.push(...some);
    if (next === null) return entries;
    cursor = next;
  }
  throw new Error("the list does not end");
}

const keysOf = (entries: readonly Entry[]) => entries.map(({ key }) => key);
const byBytes = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b));
const code = (expected: string) => (error: unknown) => {
  assert.equal((error as { code?: string }).code, expected);
  return true;
};

for (const kind of storeKinds) {
  describe(`what every store does: ${kind.name}`, { skip: kind.skip }, () => {
    let store: Store;
    const scope = suiteScope();
    before(async () => {
      store = await kind.open(scope);
    });

    it("knows no key at first", async () => {
      assert.equal(await store.get("nothing"), null);
      assert.equal(await store.delete("nothing"), false);
      assert.deepEqual(await store.list({ prefix: "", after: null, limit: 10 }), {
        entries: [],
        after: null,
      });
    });

    it("keeps what is put, whatever characters it is made of", async () => {
      const texts = ["x", "", "a b", "ä€😀", "\u0000\n\r\t", '"\\{}', "9007199254740993", "\uFFFD"];
      for (const [index, value] of texts.entries()) {
        const key = `text:${value.replace(/\p{Cc}/gu, "")}${index}`;
        assert.deepEqual(await store.put(key, value, null), { created: true });
        assert.deepEqual(await store.get(key), { key, value, ttlMs: null });
      }
    });

    it("keeps the longest value", async () => {
      const value = "é".repeat(MAX_VALUE_BYTES / 2);
      await store.put("long", value, null);
      assert.equal((await store.get("long"))?.value, value);
      await store.delete("long");
    });

    it("replaces value and lifetime together", async () => {
      await store.put("replaced", "1", 60_000);
      assert.deepEqual(await store.put("replaced", "2", null), { created: false });
      assert.deepEqual(await store.get("replaced"), { key: "replaced", value: "2", ttlMs: null });
    });

    it("deletes", async () => {
      await store.put("deleted", "x", null);
      assert.equal(await store.delete("deleted"), true);
      assert.equal(await store.delete("deleted"), false);
      assert.equal(await store.get("deleted"), null);
      assert.deepEqual(await listAll(store, "deleted", 10), []);
    });

    it("lets entries expire, and not before", async () => {
      await store.put("brief:a", "x", 500);
      await store.put("brief:b", "x", 60_000);
      const ttlMs = (await store.get("brief:a"))?.ttlMs ?? 0;
      assert.ok(ttlMs > 0 && ttlMs <= 500, `${ttlMs} ms`);
      assert.deepEqual(keysOf(await listAll(store, "brief:", 10)), ["brief:a", "brief:b"]);
      await sleep(550);
      assert.equal(await store.get("brief:a"), null);
      assert.equal(await store.delete("brief:a"), false);
      assert.deepEqual(keysOf(await listAll(store, "brief:", 10)), ["brief:b"]);
      assert.deepEqual(await store.put("brief:a", "again", null), { created: true });
    });

    it("counts from nothing, keeps the lifetime, and starts anew after it", async () => {
      assert.deepEqual(await store.increment("n", 5), { key: "n", value: "5", ttlMs: null });
      assert.deepEqual(await store.increment("n", -7), { key: "n", value: "-2", ttlMs: null });
      assert.deepEqual(keysOf(await listAll(store, "n", 10)), ["n"]);
      await store.put("n:brief", "41", 500);
      const { value, ttlMs } = await store.increment("n:brief", 1);
      assert.equal(value, "42");
      assert.ok(ttlMs !== null && ttlMs <= 500);
      await sleep(550);
      assert.deepEqual(await store.increment("n:brief", 1), {
        key: "n:brief",
        value: "1",
        ttlMs: null,
      });
    });

    it("counts exactly to the ends of 64 bits and not beyond", async () => {
      await store.put("big", "9223372036854775800", null);
      assert.equal((await store.increment("big", 7)).value, INT64_MAX);
      await assert.rejects(store.increment("big", 1), code("out_of_range"));
      assert.equal((await store.get("big"))?.value, INT64_MAX);
      await store.put("small", "-9223372036854775807", null);
      assert.equal((await store.increment("small", -1)).value, "-9223372036854775808");
      await assert.rejects(store.increment("small", -1), code("out_of_range"));
      await store.put("fine", "9007199254740993", null);
      assert.equal((await store.increment("fine", 2)).value, "9007199254740995");
    });

    it("counts only integers", async () => {
      const others = [
        "x",
        "",
        "1.5",
        " 1",
        "1 ",
        "+1",
        "01",
        "-0",
        "1e3",
        "0x1",
        "9223372036854775808",
      ];
      for (const value of others) {
        await store.put("not", value, null);
        await assert.rejects(store.increment("not", 1), code("not_an_integer"), value);
        assert.equal((await store.get("not"))?.value, value);
      }
    });

    it("loses no count among 200 at once", async () => {
      const results = await Promise.all(
        Array.from({ length: 200 }, () => store.increment("race", 1)),
      );
      const values = results.map(({ value }) => Number(value)).toSorted((a, b) => a - b);
      assert.deepEqual(
        values,
        Array.from({ length: 200 }, (_, index) => index + 1),
      );
    });

    it("lists each key once, in the order of bytes, whatever the size of the pages", async () => {
      const keys = Array.from({ length: 250 }, (_, index) => `list:${(index * 7919) % 250}`);
      keys.push("list:", "list:ä", "list:\uFFFD", "list:😀", "list:~", "list:%", "list:é/1");
      await Promise.all(keys.map((key) => store.put(key, key, null)));
      await store.put("lisa", "before", null);
      await store.put("list;", "after", null);
      for (const limit of [1, 7, 100, 257, 1000]) {
        const entries = await listAll(store, "list:", limit);
        assert.deepEqual(keysOf(entries), keys.toSorted(byBytes), `limit ${limit}`);
        assert.ok(entries.every(({ key, value }) => key === value));
      }
      assert.deepEqual(keysOf(await listAll(store, "list:1", 10)), keysFrom(keys, "list:1"));
      assert.deepEqual(keysOf(await listAll(store, "list:é", 10)), ["list:é/1"]);
    });

    it("goes on after a key that is gone, and before a prefix that comes later", async () => {
      await Promise.all(["go:a", "go:b", "go:c"].map((key) => store.put(key, "", null)));
      const { after: cursor } = await store.list({ prefix: "go:", after: null, limit: 2 });
      assert.equal(cursor, "go:b");
      await store.delete("go:b");
      const rest = await store.list({ prefix: "go:", after: cursor, limit: 2 });
      assert.deepEqual(keysOf(rest.entries), ["go:c"]);
      const all = await store.list({ prefix: "go:", after: "a", limit: 9 });
      assert.deepEqual(keysOf(all.entries), ["go:a", "go:c"]);
      const none = await store.list({ prefix: "go:", after: "gp", limit: 9 });
      assert.deepEqual(none, { entries: [], after: null });
    });

    it("ends a page early when its values are big, and still lists them all", async () => {
      const keys = Array.from({ length: 9 }, (_, index) => `huge:${index}`);
      const value = "x".repeat(MAX_VALUE_BYTES);
      await Promise.all(keys.map((key) => store.put(key, value, null)));
      const { entries } = await store.list({ prefix: "huge:", after: null, limit: 100 });
      assert.ok(entries.length >= 1 && entries.length * MAX_VALUE_BYTES <= MAX_PAGE_BYTES);
      assert.deepEqual(keysOf(await listAll(store, "huge:", 100)), keys);
      await Promise.all(keys.map((key) => store.delete(key)));
    });

    it("lists what stays while thousands around it expire", async () => {
      const brief = Array.from({ length: 3000 }, (_, index) => `tide:${index}`);
      await Promise.all(brief.map((key) => store.put(key, "", 200)));
      await store.put("tide:~", "stays", null);
      await sleep(250);
      assert.deepEqual(keysOf(await listAll(store, "tide:", 50)), ["tide:~"]);
      assert.deepEqual(keysOf(await listAll(store, "tide:", 50)), ["tide:~"]);
    });

    it("counts visits", async () => {
      assert.equal(await store.visits(), 0);
      const counts = await Promise.all(Array.from({ length: 50 }, () => store.countVisit()));
      assert.equal(new Set(counts).size, 50);
      assert.equal(await store.visits(), 50);
    });

    it("answers a ping and says what it is", async () => {
      await store.ping();
      const status = store.status();
      assert.equal(status.available, true);
      assert.equal(status.persistent, status.kind === "redis");
    });
  });
}

function keysFrom(keys: readonly string[], prefix: string): string[] {
  return keys.filter((key) => key.startsWith(prefix)).toSorted(byBytes);
}
