import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import { useDebianRecipe } from "./support/debian-recipe.ts";

const debian = useDebianRecipe();
const { ask, publish, build, refusal, works, worksAsNew } = debian;

describe("a mirror is refused", () => {
  it("where nothing listens", async () => {
    await publish();
    ask("app", { mirror: "http://127.0.0.1:1/" });
    expect(await refusal()).toMatchInlineSnapshot(`
      "varve: GET MIRROR/dists/stable/InRelease: connect ECONNREFUSED HOST
      varve: hint: is the network there? --offline builds from the lock and what was fetched before
      "
    `);
    ask("app");
    await works();
  });

  it("that cuts every connection; once fetched, packages need none", async () => {
    await publish();
    debian.mirror.isDown = true;
    expect(await refusal()).toMatchInlineSnapshot(`
      "varve: GET MIRROR/dists/stable/InRelease: socket hang up
      varve: hint: is the network there? --offline builds from the lock and what was fetched before
      "
    `);
    debian.mirror.isDown = false;
    expect((await build()).status).toBe(0);
    debian.mirror.isDown = true;
    expect((await build("--offline", "--no-cache")).status).toBe(0);
  });

  it("that answers everything with a page", async () => {
    await publish();
    const server = createServer((_, response) => response.end("<html><p>log in first</p></html>"));
    await new Promise<void>((resolve) => {
      server.listen(0, "127.0.0.1", resolve);
    });
    onTestFinished(() => void server.close());
    ask("app", { mirror: `http://127.0.0.1:${(server.address() as AddressInfo).port}/debian` });
    expect(await refusal()).toMatchInlineSnapshot(`
      "varve: MIRROR/debian/dists/stable/InRelease is not signed: Misformed armored text
      varve: hint: does the mirror answer with a page of its own, or is the repository unsigned?
      "
    `);
    ask("app");
    await worksAsNew();
  });

  it("that has nothing", async () => {
    expect(await refusal()).toMatchInlineSnapshot(`
      "varve: MIRROR/ has no suite stable
      varve: hint: check the mirror's URL and the suite's name
      "
    `);
    await publish();
    await works();
  });
});
