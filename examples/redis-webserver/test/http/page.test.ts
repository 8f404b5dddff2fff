import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { storeUnavailable } from "../../src/store/errors.ts";
import { EmbeddedStore } from "../../src/store/embedded-store.ts";
import { ask, serverOn } from "../support/http.ts";

describe("the page", () => {
  it("shows how many visits there were, this one included", async (t) => {
    const app = serverOn(t, new EmbeddedStore());
    for (const expected of ["1", "2", "3"]) {
      const { status, headers, text } = await ask(app, "GET", "/");
      assert.equal(status, 200);
      assert.equal(headers["content-type"], "text/html; charset=utf-8");
      assert.equal(/id="visits"[^>]*>([^<]*)</.exec(text)?.[1], expected);
    }
  });

  it("says that the store is embedded", async (t) => {
    const { text } = await ask(serverOn(t, new EmbeddedStore()), "GET", "/");
    assert.match(text, /data-store="embedded" data-state="there"/);
    assert.match(text, /REDIS_URL/);
    assert.doesNotMatch(text, /\{\{/);
  });

  it("comes with 503 and says so while the store is away", async (t) => {
    const store = new EmbeddedStore();
    store.countVisit = async () => {
      throw storeUnavailable();
    };
    const { status, headers, text } = await ask(serverOn(t, store), "GET", "/");
    assert.equal(status, 503);
    assert.equal(headers["content-type"], "text/html; charset=utf-8");
    assert.ok(headers["retry-after"]);
    assert.match(text, /data-state="away"/);
  });

  it("loads nothing but its own files, which browsers may keep", async (t) => {
    const app = serverOn(t, new EmbeddedStore());
    const { headers, text } = await ask(app, "GET", "/");
    const policy = String(headers["content-security-policy"]);
    assert.match(policy, /^default-src 'none';/);
    assert.doesNotMatch(policy, /unsafe|https?:|\*/);
    assert.doesNotMatch(text, /<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=|\bhttps?:/);

    const urls = new Set([...text.matchAll(/(?:href|src)="([^"]+)"/g)].map((match) => match[1]));
    const types = { css: "text/css; charset=utf-8", js: "text/javascript; charset=utf-8" };
    let scripts = 0;
    for (const url of urls) {
      assert.ok(url);
      const asset = await ask(app, "GET", url);
      assert.equal(asset.status, 200, url);
      if (!url.startsWith("/assets/")) continue;
      assert.match(String(asset.headers["cache-control"]), /max-age=31536000, immutable/);
      const extension = url.split(".").at(-1) ?? "";
      assert.equal(
        asset.headers["content-type"],
        (types as Record<string, string>)[extension] ?? "image/svg+xml",
      );
      if (extension !== "js") continue;
      // The scripts that this one loads must be there as well.
      for (const [, name] of asset.text.matchAll(/from "\.\/([\w-]+\.js)"/g)) {
        const imported = await ask(app, "GET", url.replace(/[^/]+$/, String(name)));
        assert.equal(imported.status, 200, name);
        scripts += 1;
      }
    }
    assert.ok(scripts > 0);
  });

  it("has everything that its scripts look for", async (t) => {
    const app = serverOn(t, new EmbeddedStore());
    const { text } = await ask(app, "GET", "/");
    const base = /(\/assets\/\w+)\/page\.js/.exec(text)?.[1];
    const ids = new Set<string>();
    for (const name of ["page", "connection", "entries", "messages", "put-form"]) {
      const script = await ask(app, "GET", `${base}/${name}.js`);
      for (const [, id] of script.text.matchAll(/byId\("([^"]+)"/g)) ids.add(String(id));
    }
    assert.ok(ids.size > 10);
    for (const id of ids) assert.ok(text.includes(`id="${id}"`), id);
  });

  it("labels every field and describes it by what exists", async (t) => {
    const { text } = await ask(serverOn(t, new EmbeddedStore()), "GET", "/");
    for (const [field] of text.matchAll(/<(?:input|select|textarea)\b[^>]*>/g)) {
      const id = /\bid="([^"]+)"/.exec(field)?.[1];
      assert.ok(text.includes(`<label for="${id}"`), field);
    }
    for (const [, list] of text.matchAll(/aria-(?:describedby|labelledby)="([^"]+)"/g)) {
      for (const id of String(list).split(" ")) assert.ok(text.includes(`id="${id}"`), id);
    }
  });
});
