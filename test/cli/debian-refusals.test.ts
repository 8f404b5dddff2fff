import * as fs from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import * as zlib from "node:zlib";
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { arOf, makeDeb } from "../sources/debian/support/make-deb.ts";
import { makeKey, TestMirror } from "../sources/debian/support/test-mirror.ts";
import type { SuiteOptions, TestPackage } from "../sources/debian/support/test-mirror.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { runHere } from "./support/run-here.ts";
import { workIn } from "./support/work-in.ts";

type Packages = Readonly<Record<string, TestPackage>>;

const SYSTEM: Packages = {
  "base-passwd 1": {
    data: { "usr/share/base-passwd/passwd.master": "", "usr/share/base-passwd/group.master": "" },
  },
  "ca-certificates 1": { data: { "./usr/share/ca-certificates/mozilla/A.crt": "A" } },
  "base-files 1": {},
};
const APP: Packages = { "app 1": { data: { "usr/bin/app": "app" } } };
const DEB = "pool/app_1_amd64.deb";
const RELEASE = "dists/stable/InRelease";

let mirror: TestMirror;
let folder: string;
beforeEach(async () => {
  mirror = await TestMirror.start();
  folder = temporaryFolder();
  workIn(folder);
  vi.stubEnv("no_proxy", "127.0.0.1");
  vi.stubEnv("VARVE_CACHE_DIR", path.join(folder, ".varve"));
  fs.writeFileSync("keys.asc", mirror.source().keyrings[0]!);
  ask("app");
});
afterEach(async () => {
  await mirror.stop();
  vi.unstubAllEnvs();
});

/** Writes the recipe. */
function ask(packages: string | readonly string[], more: object = {}): void {
  const debian = [packages].flat();
  const contents = [{ debian, mirror: mirror.url, suite: "stable", keyring: "keys.asc", ...more }];
  const recipe = { name: "app", platform: "linux/amd64", contents };
  fs.writeFileSync("varve.config.json", JSON.stringify(recipe));
}

function publish(packages: Packages = APP, options: SuiteOptions = {}): Promise<void> {
  return mirror.publish({ ...SYSTEM, ...packages }, options);
}

function build(...args: readonly string[]): ReturnType<typeof runHere> {
  return runHere("build", "--quiet", "-o", "x.tar", ...args);
}

/** What the user is told by a build that fails, places of the test's own aside. */
async function refusal(...args: readonly string[]): Promise<string> {
  const lock = contentOf("varve.lock");
  const { status, stdout, stderr } = await build(...args);
  expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
  // Nothing is half written: neither here nor in the cache, once the last download has ended.
  await vi.waitFor(() => {
    const left = fs.readdirSync(".", { recursive: true, encoding: "utf8" });
    expect(left.filter((name) => /x\.tar|\.tmp$|\.partial$/.test(name))).toEqual([]);
  });
  if (lock !== undefined) expect(contentOf("varve.lock")).toBe(lock);
  return stderr
    .replaceAll(folder, "FOLDER")
    .replaceAll(/http:\/\/127\.0\.0\.1:\d+\//g, "MIRROR/")
    .replaceAll(/127\.0\.0\.1:\d+/g, "HOST")
    .replaceAll(/[0-9A-F]{16}/g, "KEY")
    .replaceAll(/[0-9a-f]{64}/g, "DIGEST")
    .replaceAll(/\d+ of \d+ bytes/g, "SOME of ALL bytes");
}

function contentOf(file: string): string | undefined {
  return fs.existsSync(file) ? fs.readFileSync(file, "utf8") : undefined;
}

/** The same build with the fault removed. */
async function works(...args: readonly string[]): Promise<void> {
  expect(await build(...args)).toEqual({ status: 0, stdout: "x.tar\n", stderr: "" });
}

/** And its cache is as good as a new one. */
async function worksAsNew(...args: readonly string[]): Promise<void> {
  await works(...args);
  const afterwards = fs.readFileSync("x.tar");
  vi.stubEnv("VARVE_CACHE_DIR", path.join(folder, ".another"));
  await works(...args);
  expect(fs.readFileSync("x.tar").equals(afterwards)).toBe(true);
}

/** Changes a file of the mirror; the returned call changes it back. */
function spoil(name: string, change: (bytes: Buffer) => Buffer | undefined): () => void {
  const good = mirror.files.get(name)!;
  const bad = change(Buffer.from(good));
  if (bad === undefined) mirror.files.delete(name);
  else mirror.files.set(name, bad);
  return () => mirror.files.set(name, good);
}

function flipLast(bytes: Buffer): Buffer {
  bytes[bytes.length - 1]! ^= 1;
  return bytes;
}

/** The path of the suite's index. */
function indexName(): string {
  return [...mirror.files.keys()].findLast((name) => name.includes("/by-hash/"))!;
}

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

describe("a suite is refused", () => {
  it("that somebody else signed", async () => {
    await publish(APP, { key: await makeKey() });
    expect(await refusal()).toMatchInlineSnapshot(`
      "varve: MIRROR/dists/stable/InRelease has no good signature: key KEY is not in the keyrings
      varve: hint: keys come from FOLDER/keys.asc: are they up to date?
      "
    `);
    await publish();
    await works();
  });

  it("that was changed after it was signed", async () => {
    await publish();
    const back = spoil(RELEASE, (bytes) =>
      Buffer.from(bytes.toString().replace("Origin: Test", "Origin: Evil")),
    );
    expect(await refusal()).toMatchInlineSnapshot(`
      "varve: MIRROR/dists/stable/InRelease has no good signature: by key KEY: Signed digest did not match
      varve: hint: keys come from FOLDER/keys.asc: are they up to date?
      "
    `);
    back();
    await works();
  });

  it("that nobody signed", async () => {
    await publish(APP, { signing: "none" });
    expect(await refusal()).toMatchInlineSnapshot(`
      "varve: MIRROR/dists/stable/Release is not signed
      varve: hint: take a mirror that is; apt's [trusted=yes] would allow it, for a mirror of your own
      "
    `);
    await publish();
    await works();
  });

  it("for keys that cannot be read", async () => {
    await publish();
    ask("app", { keyring: "no.asc" });
    expect(await refusal()).toMatchInlineSnapshot(`
      "varve: FOLDER/no.asc cannot be read as OpenPGP keys: there is no such file
      varve: hint: a keyring is what \`gpg --export\` writes, with or without --armor
      "
    `);
    fs.writeFileSync("no.asc", "nonsense");
    expect(await refusal()).toContain("FOLDER/no.asc cannot be read as OpenPGP keys");
    ask("app");
    await works();
  });

  it("whose Release file has expired", async () => {
    await publish(APP, { release: { "Valid-Until": "Sun, 12 Jul 2026 00:00:00 UTC" } });
    expect(await refusal()).toMatchInlineSnapshot(`
      "varve: MIRROR/dists/stable/InRelease was valid until Sun, 12 Jul 2026 00:00:00 UTC
      varve: hint: use another mirror; for a snapshot of an archive, allow it: \`checkValidUntil: false\`, or Check-Valid-Until: no in apt's sources
      "
    `);
    ask("app", { checkValidUntil: false });
    await works();
  });

  it("that is another", async () => {
    await publish(APP, { release: { Suite: "unstable", Codename: "sid" } });
    expect(await refusal()).toMatchInlineSnapshot(`
      "varve: MIRROR/dists/stable/InRelease is the Release file of unstable, sid, not of stable
      varve: hint: write the suite as its Release file does
      "
    `);
    await publish();
    await works();
  });

  it("whose index is another than its Release file says", async () => {
    await publish();
    const back = spoil(indexName(), flipLast);
    expect(await refusal()).toMatchInlineSnapshot(`
      "varve: MIRROR/dists/stable/main/binary-amd64/by-hash/SHA256/DIGEST has the SHA-256 DIGEST, not DIGEST
      varve: hint: the mirror is being updated or damaged: try again later, or another mirror
      "
    `);
    back();
    await worksAsNew();
  });

  it("that is not there, or has no such component", async () => {
    await publish();
    ask("app", { suite: "stabel" });
    expect(await refusal()).toMatchInlineSnapshot(`
      "varve: MIRROR/ has no suite stabel
      varve: hint: check the mirror's URL and the suite's name
      "
    `);
    ask("app", { components: ["contrib"] });
    expect(await refusal()).toMatchInlineSnapshot(`
      "varve: MIRROR/dists/stable/ has no contrib/binary-amd64/Packages
      varve: hint: its components are main
      "
    `);
    ask("app");
    await works();
  });
});

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
    mirror.isDown = true;
    expect(await refusal()).toMatchInlineSnapshot(`
      "varve: GET MIRROR/dists/stable/InRelease: socket hang up
      varve: hint: is the network there? --offline builds from the lock and what was fetched before
      "
    `);
    mirror.isDown = false;
    expect((await build()).status).toBe(0);
    mirror.isDown = true;
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
