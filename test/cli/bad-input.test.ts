import { execFile } from "node:child_process";
import * as fs from "node:fs";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { makeKey, TestMirror } from "../sources/debian/support/test-mirror.ts";
import type { SuiteOptions, TestPackage } from "../sources/debian/support/test-mirror.ts";
import { VARVE } from "../support/run-varve.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

interface Said {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

let folder: string;
beforeEach(() => {
  folder = temporaryFolder();
});

/** Runs varve in the test's folder, with a cache of the test's own. */
function varve(...args: readonly string[]): Promise<Said> {
  const env = {
    ...process.env,
    VARVE_CACHE_DIR: path.join(folder, ".varve"),
    no_proxy: "127.0.0.1",
  };
  return new Promise((resolve) => {
    execFile(process.execPath, [VARVE, ...args], { cwd: folder, env }, (error, stdout, stderr) => {
      resolve({ status: error === null ? 0 : Number(error.code), stdout, stderr });
    });
  });
}

function write(files: Readonly<Record<string, string | object>>): void {
  for (const [file, content] of Object.entries(files)) {
    const whole = path.join(folder, file);
    fs.mkdirSync(path.dirname(whole), { recursive: true });
    fs.writeFileSync(whole, typeof content === "string" ? content : JSON.stringify(content));
  }
}

function recipe(...contents: readonly object[]): object {
  return { name: "app", platform: "linux/amd64", contents };
}

/** What the user is told, places of the test's own aside. */
function refusal({ status, stdout, stderr }: Said): string {
  expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
  return stderr
    .replaceAll(folder, "FOLDER")
    .replaceAll(/http:\/\/127\.0\.0\.1:\d+\//g, "MIRROR/")
    .replaceAll(/127\.0\.0\.1:\d+/g, "HOST")
    .replaceAll(/[0-9A-F]{16}/g, "KEY");
}

function build(...args: readonly string[]): Promise<Said> {
  return varve("build", "-q", "-o", "x.tar", ...args);
}

function manifest(more: object = {}): object {
  return { name: "app", main: "main.js", ...more };
}

function lockfile(packages: object): object {
  return { name: "app", lockfileVersion: 3, packages };
}

describe("a Node project is refused", () => {
  const ms = { version: "2.1.3", integrity: `sha512-${"A".repeat(86)}==` };

  beforeEach(() => {
    write({ "main.js": "", "varve.config.json": recipe({ npm: "." }) });
  });

  it("without a lockfile", async () => {
    write({ "package.json": manifest() });
    expect(refusal(await varve("plan"))).toMatchInlineSnapshot(`
      "varve: FOLDER has no lockfile
      varve: hint: an image is made of exactly what a lockfile pins; make one: npm install
      "
    `);
  });

  it("whose lockfile is out of step with package.json", async () => {
    write({
      "package.json": manifest({ dependencies: { ms: "^2.0.0" } }),
      "package-lock.json": lockfile({ "": {} }),
    });
    expect(refusal(await varve("plan"))).toMatchInlineSnapshot(`
      "varve: FOLDER/package-lock.json is out of step: package.json asks for ms, which the lockfile does not have
      varve: hint: renew it: npm install --package-lock-only
      "
    `);
  });

  it("that is installed in other versions than its lockfile pins", async () => {
    write({
      "package.json": manifest({ dependencies: { ms: "^2.0.0" } }),
      "package-lock.json": lockfile({
        "": { dependencies: { ms: "^2.0.0" } },
        "node_modules/ms": ms,
      }),
      "node_modules/ms/package.json": { name: "ms", version: "2.1.2" },
    });
    expect(refusal(await varve("plan"))).toMatchInlineSnapshot(`
      "varve: FOLDER/node_modules is out of step: FOLDER/node_modules/ms holds ms@2.1.2, the lockfile has ms@2.1.3
      varve: hint: install what the lockfile pins: npm ci
      "
    `);
  });

  it("that has a symlink out of it", async () => {
    write({ "package.json": manifest(), "package-lock.json": lockfile({ "": {} }) });
    fs.symlinkSync("../../etc/passwd", path.join(folder, "users"));
    expect(refusal(await varve("plan"))).toMatchInlineSnapshot(`
      "varve: FOLDER/users is a symlink to ../../etc/passwd, outside of the project
      varve: hint: put the file itself there, link relatively within the project, or leave it out (.dockerignore)
      "
    `);
  });

  it("at the place of another", async () => {
    write({
      "varve.config.json": recipe({ npm: "a" }, { npm: "b" }),
    });
    expect(refusal(await varve("plan"))).toMatchInlineSnapshot(`
      "varve: two Node projects go to /app: FOLDER/a and FOLDER/b
      varve: hint: give one of them another place: "to"
      "
    `);
  });
});

describe("files are refused", () => {
  it.each<[string, object[], string]>([
    [
      "from outside of the project",
      [{ files: { from: "../secret", to: "/x" } }],
      "files[0] (../secret → /x): ../secret lies outside the project",
    ],
    [
      "that lead out of the image",
      [{ files: { from: "linked", to: "/x" } }],
      "FOLDER/linked/users is a symlink to /etc/passwd, a place on this machine",
    ],
    [
      "twice at one place, in one entry",
      [
        {
          files: [
            { to: "/x", content: "a" },
            { to: "/x", content: "b" },
          ],
        },
      ],
      "/x is placed twice, by files[0] (/x) and by files[1] (/x): different content",
    ],
    [
      "twice at one place, in two entries",
      [{ files: { to: "/x", content: "a" } }, { files: { to: "/x/", symlink: "b" } }],
      "/x is placed twice, by contents[0] and by contents[1]: a generated file and a symlink to b",
    ],
    [
      "of which two folders have different ones at one place",
      [
        {
          files: [
            { from: "one", to: "/x" },
            { from: "two", to: "/x" },
          ],
        },
      ],
      "/x/file is placed twice, by files[0] (one → /x) and by files[1] (two → /x): different content",
    ],
  ])("%s", async (_, contents, message) => {
    write({
      "one/file": "1",
      "two/file": "2",
      "linked/a": "",
      "varve.config.json": recipe(...contents),
    });
    fs.symlinkSync("/etc/passwd", path.join(folder, "linked/users"));
    expect(refusal(await build())).toContain(message);
    expect(fs.existsSync(path.join(folder, "x.tar"))).toBe(false);
  });
});

describe("Debian's packages are refused", () => {
  const SYSTEM = {
    "base-passwd 1": {
      data: { "usr/share/base-passwd/passwd.master": "", "usr/share/base-passwd/group.master": "" },
    },
    "ca-certificates 1": { data: { "./usr/share/ca-certificates/mozilla/A.crt": "A" } },
    "base-files 1": {},
  };
  const APP = { "app 1": { data: { "usr/bin/app": "app" } } };
  let mirror: TestMirror;

  beforeEach(async () => {
    mirror = await TestMirror.start();
    const [keyring = ""] = mirror.source().keyrings;
    write({
      "keys.asc": keyring,
      "varve.config.json": recipe({
        debian: ["app"],
        mirror: mirror.url,
        suite: "stable",
        keyring: "keys.asc",
      }),
    });
  });
  afterEach(async () => mirror.stop());

  const publish = (
    packages: Readonly<Record<string, TestPackage>> = APP,
    options: SuiteOptions = {},
  ): Promise<void> => mirror.publish({ ...SYSTEM, ...packages }, options);

  it("that cannot be had together", async () => {
    await publish({ "app 1": { fields: { Depends: "lib (>= 2)" } }, "lib 1": {} });
    expect(refusal(await build())).toMatchInlineSnapshot(`
      "varve: these packages cannot be had together:
        app is asked for: there is app 1 (stable)
        app 1 depends on lib (>= 2): there is only lib 1 (stable)
      varve: hint: ask for other packages or versions, or add the suite that has what is missing
      "
    `);
  });

  it("of a suite that somebody else signed", async () => {
    await publish(APP, { key: await makeKey() });
    expect(refusal(await build())).toMatchInlineSnapshot(`
      "varve: MIRROR/dists/stable/InRelease has no good signature: key KEY is not in the keyrings
      varve: hint: keys come from FOLDER/keys.asc: are they up to date?
      "
    `);
  });

  it("of a Release file that has expired", async () => {
    await publish(APP, { release: { "Valid-Until": "Sun, 12 Jul 2026 00:00:00 UTC" } });
    expect(refusal(await build())).toMatchInlineSnapshot(`
      "varve: MIRROR/dists/stable/InRelease was valid until Sun, 12 Jul 2026 00:00:00 UTC
      varve: hint: use another mirror; for a snapshot of an archive, allow it: \`checkValidUntil: false\`, or Check-Valid-Until: no in apt's sources
      "
    `);
  });

  it("that are damaged", async () => {
    await publish({ "app 1": { bytes: Buffer.from("!<arch>\nnonsense") } });
    expect(refusal(await build())).toMatchInlineSnapshot(`
      "varve: app 1 is damaged: there is no member at byte 8
      varve: hint: it was removed from the cache; if it comes again, the suite stable has it so
      "
    `);
  });

  it("that are others than the index promised; the cache stays good", async () => {
    await publish();
    const file = "pool/app_1_amd64.deb";
    const good = mirror.files.get(file)!;
    const other = Buffer.from(good);
    other[other.length - 1]! ^= 1;
    mirror.files.set(file, other);
    expect(refusal(await build())).toMatchInlineSnapshot(`
      "varve: MIRROR/pool/app_1_amd64.deb has the SHA-256 3a1895bc3e4b06ef5ca7e29aed524db59807a5fc6fa5d5d639e5229e6050acfc, not ad9062001b80381f638bcbdeb24d076338168cab2d725105303c2c59622a707e
      varve: hint: the mirror is being updated or damaged: try again later, or another mirror
      "
    `);
    mirror.files.set(file, good);
    expect((await build()).status).toBe(0);
  });

  it("without a network; once fetched, they need none", async () => {
    await publish();
    mirror.isDown = true;
    expect(refusal(await build())).toMatchInlineSnapshot(`
      "varve: GET MIRROR/dists/stable/InRelease: socket hang up
      varve: hint: is the network there? --offline builds from the lock and what was fetched before
      "
    `);
    mirror.isDown = false;
    expect((await build()).status).toBe(0);
    mirror.isDown = true;
    expect((await build("--offline", "--no-cache")).status).toBe(0);
  });
});
