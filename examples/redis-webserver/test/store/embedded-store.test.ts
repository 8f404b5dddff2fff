import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { EmbeddedStore } from "../../src/store/embedded-store.ts";

const isFull = (error: unknown) => (error as { code?: string }).code === "store_full";
const kilobyte = "x".repeat(1000);

describe("the embedded store", () => {
  it("refuses to outgrow its limit, changes nothing then, and takes more after a delete", async () => {
    const store = new EmbeddedStore({ maxBytes: 5000 });
    for (const key of ["a", "b", "c", "d"]) await store.put(key, kilobyte, null);
    await assert.rejects(store.put("e", kilobyte, null), isFull);
    await assert.rejects(store.put("d", kilobyte.repeat(2), null), isFull);
    assert.equal((await store.get("d"))?.value, kilobyte);
    assert.equal(await store.get("e"), null);
    await store.put("d", "small", null);
    await store.delete("a");
    await store.put("e", kilobyte, null);
    await store.close();
  });

  it("counts tiny entries too", async () => {
    const store = new EmbeddedStore({ maxBytes: 5000 });
    const fill = async () => {
      for (let index = 0; index < 1000; index += 1) await store.put(String(index), "", null);
    };
    await assert.rejects(fill(), isFull);
    await store.close();
  });

  it("makes room by dropping what has expired", async () => {
    const store = new EmbeddedStore({ maxBytes: 5000 });
    for (const key of ["a", "b", "c", "d"]) await store.put(key, kilobyte, 50);
    await sleep(60);
    await store.put("e", kilobyte.repeat(4), null);
    await store.close();
  });

  it("says that its data do not last", async () => {
    const store = new EmbeddedStore();
    assert.deepEqual(
      { ...store.status(), detail: "" },
      {
        kind: "embedded",
        persistent: false,
        available: true,
        detail: "",
      },
    );
    assert.match(store.status().detail, /REDIS_URL/);
    await store.close();
  });
});
