import * as fs from "node:fs";
import * as zlib from "node:zlib";
import { describe, expect, it } from "vitest";
import { arOf, makeDeb } from "../sources/debian/support/make-deb.ts";
import { APP, DEB, flipLast, useDebianRecipe } from "./support/debian-recipe.ts";
import { runHere } from "./support/run-here.ts";

const debian = useDebianRecipe();
const { ask, publish, refusal, works, worksAsNew, spoil } = debian;

describe("packages are refused", () => {
  it("that depend on what is not there", async () => {
    await publish({ "app 1": { fields: { Depends: "lib (>= 2)" } }, "lib 1": {} });
    expect(await refusal()).toMatchInlineSnapshot(`
      "varve: these packages cannot be had together:
        app is asked for: there is app 1 (stable)
        app 1 depends on lib (>= 2): there is only lib 1 (stable)
      varve: hint: ask for other packages or versions, or add the suite that has what is missing
      "
    `);
    expect(fs.existsSync("varve.lock")).toBe(false);
    await publish({ "app 1": { fields: { Depends: "lib (>= 2)" } }, "lib 2": {} });
    await works();
  });

  it("that conflict", async () => {
    ask(["app", "other"]);
    await publish({
      "app 1": { fields: { Depends: "lib" } },
      "other 1": { fields: { Conflicts: "lib (<< 3)" } },
      "lib 2": {},
    });
    expect(await refusal()).toMatchInlineSnapshot(`
      "varve: these packages cannot be had together:
        app is asked for: there is app 1 (stable)
        other is asked for: there is other 1 (stable)
        app 1 depends on lib: there is lib 2 (stable)
        other 1 conflicts with lib (<< 3): lib 2 is one
      varve: hint: ask for other packages or versions, or add the suite that has what is missing
      "
    `);
    ask("app");
    await works();
  });

  it("that need two versions of one", async () => {
    ask(["app", "other"]);
    await publish({
      "app 1": { fields: { Depends: "lib (= 1)" } },
      "other 1": { fields: { Depends: "lib (= 2)" } },
      "lib 1": {},
      "lib 2": {},
    });
    expect(await refusal()).toMatchInlineSnapshot(`
      "varve: these packages cannot be had together:
        app is asked for: there is app 1 (stable)
        other is asked for: there is other 1 (stable)
        app 1 depends on lib (= 1): there is lib 1 (stable)
        other 1 depends on lib (= 2): there is lib 2 (stable)
        only one of lib 1 (stable) and lib 2 (stable) can be there
      varve: hint: ask for other packages or versions, or add the suite that has what is missing
      "
    `);
    ask("other");
    await works();
  });

  it("whose names are written wrong", async () => {
    await publish({ "redis-server 1": {}, ...APP });
    ask("redis-sever");
    expect(await refusal()).toMatchInlineSnapshot(`
      "varve: no suite has a package redis-sever
      varve: hint: did you mean redis-server?
      "
    `);
    ask("Redis Server");
    expect(await refusal()).toMatchInlineSnapshot(`
      "varve: "Redis Server" does not name a Debian package
      varve: hint: write name, name=version or name/suite
      "
    `);
    ask("redis-server=2");
    expect(await refusal()).toMatchInlineSnapshot(`
      "varve: there is no redis-server=2; there is redis-server 1 (stable)
      varve: hint: ask for a version that the suites have, or leave the version out
      "
    `);
    ask("redis-server");
    await works();
  });

  it("that are damaged on the way", async () => {
    await publish();
    const flipped = spoil(DEB, flipLast);
    expect(await refusal()).toMatchInlineSnapshot(`
      "varve: MIRROR/pool/app_1_amd64.deb has the SHA-256 DIGEST, not DIGEST
      varve: hint: the mirror is being updated or damaged: try again later, or another mirror
      "
    `);
    flipped();
    const cut = spoil(DEB, (bytes) => bytes.subarray(0, -10));
    expect(await refusal()).toMatchInlineSnapshot(`
      "varve: MIRROR/pool/app_1_amd64.deb is cut off: SOME of ALL bytes came
      varve: hint: the mirror is being updated or damaged: try again later, or another mirror
      "
    `);
    cut();
    const page = spoil(DEB, () => Buffer.from("<html>log in</html>"));
    expect(await refusal()).toContain(
      "MIRROR/pool/app_1_amd64.deb is cut off: SOME of ALL bytes came",
    );
    page();
    await worksAsNew();
  });

  it.each<[string, () => Buffer, string]>([
    ["no archive", () => Buffer.from("<html>log in</html>"), "it is not a Debian package"],
    ["a broken ar", () => Buffer.from("!<arch>\nnonsense"), "there is no member at byte 8"],
    [
      "a cut ar",
      () => makeDeb({ control: "Package: app\n", data: { a: "x".repeat(999) } }).subarray(0, -9),
      "it ends in the middle of data.tar.gz",
    ],
    [
      "a cut tar",
      () => debOf(zlib.gzipSync(Buffer.from(`usr/bin/app${"\0".repeat(400)}`))),
      "the tar ",
    ],
    ["a broken gzip", () => debOf(Buffer.from("1f8b0800", "hex")), "data.tar.gz"],
  ])("that the mirror has as %s, under the right checksum", async (_, bytes, message) => {
    await publish({ "app 1": { bytes: bytes() } });
    const said = await refusal();
    expect(said).toContain("varve: app 1 is damaged: ");
    expect(said).toContain(message);
    expect(said).toContain(
      "hint: it was removed from the cache; if it comes again, the suite stable has it so\n",
    );
    await publish();
    // The lock pins what the suite had.
    expect(await refusal()).toMatch(/app_1_amd64\.deb (?:has the SHA-256|is cut off)/);
    expect((await runHere("lock", "--update", "--quiet")).status).toBe(0);
    await worksAsNew();
  });

  it("that the mirror has no more", async () => {
    await publish();
    await runHere("lock", "--quiet");
    const back = spoil(DEB, () => undefined);
    expect(await refusal()).toMatchInlineSnapshot(`
      "varve: no mirror has app 1 (pool/app_1_amd64.deb) any more
      varve: hint: take what the suites have now: varve lock --update; or add a mirror that keeps old versions
      "
    `);
    back();
    await works();
  });

  it("that the lock does not pin", async () => {
    await publish({ ...APP, "other 1": {} });
    await runHere("lock", "--quiet");
    ask(["app", "other"]);
    expect(await refusal("--locked")).toMatchInlineSnapshot(`
      "varve: FOLDER/varve.lock does not pin Debian's packages: packages is ["app","other"], and ["app"] in the lock
      varve: hint: run varve lock, and commit the file
      "
    `);
    ask("app");
    await works("--locked");
  });

  it("when the lock is no lock", async () => {
    await publish();
    await runHere("lock", "--quiet");
    const text = fs.readFileSync("varve.lock", "utf8");
    fs.writeFileSync("varve.lock", text.slice(0, 99));
    expect(await refusal()).toContain("varve: FOLDER/varve.lock is not JSON: ");
    fs.writeFileSync("varve.lock", text.replace(/"sha256": "[0-9a-f]{8}/, '"sha256": "'));
    expect(await refusal()).toMatchInlineSnapshot(`
      "varve: FOLDER/varve.lock, app.linux/amd64.debian, at packages.0.sha256: not a SHA-256
      varve: hint: make it anew: varve lock --update
      "
    `);
    fs.writeFileSync("varve.lock", text);
    await works();
  });
});

/** A package whose data.tar.gz is this. */
function debOf(data: Buffer): Buffer {
  const whole = makeDeb({ control: "Package: app\n", data: {} });
  // Header, debian-binary, and the header of control.tar.gz, which says how long it is.
  const length = Number(whole.toString("latin1", 8 + 60 + 4 + 48, 8 + 60 + 4 + 58));
  const control = whole.subarray(8 + 60 + 4 + 60, 8 + 60 + 4 + 60 + length);
  return arOf([
    ["debian-binary", Buffer.from("2.0\n")],
    ["control.tar.gz", control],
    ["data.tar.gz", data],
  ]);
}
