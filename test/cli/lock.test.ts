import { once } from "node:events";
import * as fs from "node:fs";
import path from "node:path";
import { buffer, text as textOf } from "node:stream/consumers";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { TestMirror } from "../sources/debian/support/test-mirror.ts";
import { startVarve } from "../support/run-varve.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { runHere } from "./support/run-here.ts";
import { workIn } from "./support/work-in.ts";

const SYSTEM = {
  "base-passwd 1": {
    data: {
      "./usr/share/base-passwd/passwd.master": "root:*:0:0:root:/root:/bin/bash\n",
      "./usr/share/base-passwd/group.master": "root:*:0:\n",
    },
  },
  "ca-certificates 1": { data: { "./usr/share/ca-certificates/a/A.crt": "-----A-----\n" } },
  "base-files 1": {},
};

let mirror: TestMirror;
let folder: string;
beforeEach(async () => {
  mirror = await TestMirror.start();
  vi.stubEnv("no_proxy", "127.0.0.1");
  vi.stubEnv("VARVE_CACHE_DIR", path.join(mirror.folder, "varve"));
});
afterEach(async () => {
  await mirror.stop();
  vi.unstubAllEnvs();
});

/** Makes a folder with a recipe the one that is worked in. */
async function project(
  recipe: (debian: object) => object = (debian) => image(debian),
): Promise<void> {
  folder = temporaryFolder();
  workIn(folder);
  const [keyring = ""] = mirror.source().keyrings;
  fs.writeFileSync("keys.asc", keyring);
  const debian = { debian: ["app"], mirror: mirror.url, suite: "stable", keyring: "keys.asc" };
  fs.writeFileSync("varve.config.json", JSON.stringify(recipe(debian)));
}

function image(debian: object): object {
  return { name: "app", contents: [debian], platform: "linux/amd64" };
}

function twoImages(debian: object): object {
  return { images: { web: image(debian), worker: image(debian) } };
}

async function lock(...args: readonly string[]): Promise<{ status: number; stdout: string }> {
  const { status, stdout, stderr } = await runHere("lock", "--quiet", ...args);
  expect(stderr).toBe("");
  return { status, stdout };
}

interface Finished {
  readonly status: unknown;
  readonly stdout: Buffer;
  readonly stderr: string;
}

/** The program itself, while the mirror answers from this process. */
async function program(...args: readonly string[]): Promise<Finished> {
  const env = { VARVE_CACHE_DIR: path.join(mirror.folder, "varve"), no_proxy: "127.0.0.1" };
  const child = startVarve(args, { env, stdio: ["ignore", "pipe", "pipe"] });
  const [stdout, stderr, [status]] = await Promise.all([
    buffer(child.stdout!),
    textOf(child.stderr!),
    once(child, "close"),
  ]);
  return { status, stdout, stderr };
}

async function publish(version: string, more: object = {}): Promise<void> {
  const data = { "./usr/bin/app": version };
  await mirror.publish({ ...SYSTEM, [`app ${version}`]: { data }, ...more });
}

describe("varve lock", () => {
  it("pins what is not pinned, says what, and then has nothing to do", async () => {
    await publish("1.0");
    await project();
    expect(await lock("--check")).toMatchObject({ status: 1 });
    expect(fs.existsSync("varve.lock")).toBe(false);
    expect(await lock()).toEqual({
      status: 0,
      stdout:
        "app, linux/amd64:\n  + app 1.0\n  + base-files 1\n  + base-passwd 1\n  + ca-certificates 1\n",
    });
    const before = fs.readFileSync("varve.lock", "utf8");
    mirror.asked.length = 0;
    expect(await lock()).toEqual({ status: 0, stdout: "varve.lock pins what it should\n" });
    expect(await lock("--check")).toEqual({
      status: 0,
      stdout: "varve.lock pins what it should\n",
    });
    expect(mirror.asked).toEqual([]);
    expect(fs.readFileSync("varve.lock", "utf8")).toBe(before);
  });

  it("takes what is newer only when it is asked to, and says what has changed", async () => {
    await publish("1.0", { "old 1": {} });
    await project();
    await lock();
    const before = fs.readFileSync("varve.lock", "utf8");
    await mirror.publish({ ...SYSTEM, "app 1.1": { fields: { Depends: "lib" } }, "lib 2": {} });
    expect((await lock()).stdout).toBe("varve.lock pins what it should\n");
    const said = "app, linux/amd64:\n  app 1.0 → 1.1\n  + lib 2\n";
    expect(await lock("--update", "--check")).toEqual({ status: 1, stdout: said });
    expect(fs.readFileSync("varve.lock", "utf8")).toBe(before);
    expect(await lock("--update")).toEqual({ status: 0, stdout: said });
    expect(await lock("--check")).toMatchObject({ status: 0 });
  });

  it("does not change for a suite that is younger and has nothing new", async () => {
    await publish("1.0");
    await project();
    await lock();
    const before = fs.readFileSync("varve.lock", "utf8");
    const data = { "./usr/bin/app": "1.0" };
    const release = { Date: "Sun, 12 Jul 2026 10:16:37 UTC" };
    await mirror.publish({ ...SYSTEM, "app 1.0": { data }, "other 1": {} }, { release });
    expect((await lock("--update")).stdout).toBe("varve.lock pins what it should\n");
    expect(fs.readFileSync("varve.lock", "utf8")).toBe(before);
  });

  it("pins several images, one, and forgets those that are gone", async () => {
    await publish("1.0");
    await project(twoImages);
    expect((await lock("--image", "worker")).stdout).toMatch(/^worker, linux\/amd64:\n/);
    expect((await lock()).stdout).toMatch(/^web, linux\/amd64:\n/);
    const text = fs.readFileSync("varve.config.json", "utf8");
    fs.writeFileSync("varve.config.json", text.replace('"web"', '"site"'));
    expect((await lock("--check")).status).toBe(1);
    expect((await lock()).stdout).toMatch(/\nweb: no image of the recipe any more\n$/);
    const { images } = JSON.parse(fs.readFileSync("varve.lock", "utf8")) as { images: object };
    expect(Object.keys(images)).toEqual(["site", "worker"]);
  });

  it("is asked for when the recipe has changed and nothing may be looked up", async () => {
    await publish("1.0");
    await project();
    await lock();
    const text = fs.readFileSync("varve.config.json", "utf8");
    fs.writeFileSync("varve.config.json", text.replace('["app"]', '["app", "other"]'));
    const { status, stderr } = await runHere("plan", "--locked", "--quiet");
    expect({ status, stderr }).toEqual({
      status: 1,
      stderr: expect.stringMatching(
        /does not pin Debian's packages: packages is .*\n.*varve lock/,
      ) as string,
    });
  });
});

describe("a build from the lock", () => {
  it("needs no network when the packages are there, and comes out the same", async () => {
    await publish("1.0");
    await project();
    await lock();
    const build = (...args: string[]): Promise<Finished> =>
      program("build", "--locked", "-o", "-", ...args);
    const early = await build("--offline");
    expect(early.status).toBe(1);
    expect(early.stderr).toMatch(/is not in the cache\n.*run once without --offline/);
    const first = await build();
    expect({ ...first, stdout: "" }).toMatchObject({ status: 0 });
    mirror.asked.length = 0;
    expect((await build("--offline", "--no-cache")).stdout.equals(first.stdout)).toBe(true);
    expect(mirror.asked).toEqual([]);
    const { stdout } = await program("inspect", "--json", "--locked", "--offline");
    expect(JSON.parse(stdout.toString())).toMatchObject({
      config: {
        config: {
          Env: [
            "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt",
          ],
        },
      },
    });
  });
});
