import { execFile } from "node:child_process";
import * as fs from "node:fs";
import path from "node:path";
import { promisify } from "node:util";
import { beforeEach, describe, expect, it } from "vitest";
import { damage, integrityOf, tarballOf } from "../sources/npm/support/tarball.ts";
import { VARVE } from "../support/run-varve.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { absent } from "./support/absent.ts";
import { startNpmRegistry } from "./support/npm-registry.ts";
import { freePort } from "./support/free-port.ts";

const run = promisify(execFile);

interface Said {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

const MANIFEST = { name: "a", version: "1.0.0" };
/** What installing it runs. */
const SCRIPT = { install: "node -e \"fs.writeFileSync('made.txt', 'made')\"" };

let folder: string;
let env: NodeJS.ProcessEnv;

function packed(manifest: object): Buffer {
  return tarballOf([
    { name: "package/package.json", content: JSON.stringify(manifest) },
    { name: "package/index.js", content: `a${Math.PI}`.repeat(1000) },
  ]);
}

function write(files: Readonly<Record<string, string | object>>): void {
  for (const [file, content] of Object.entries(files)) {
    const text = typeof content === "string" ? content : JSON.stringify(content);
    fs.writeFileSync(path.join(folder, file), text);
  }
}

/** A project that needs one package of a registry. */
function writeProject(registry: string, integrity: string, more: object = {}): void {
  const dependencies = { a: "1.0.0" };
  write({
    "main.js": "",
    ".npmrc": `registry=${registry}\n`,
    "package.json": { name: "app", main: "main.js", dependencies },
    "package-lock.json": {
      lockfileVersion: 3,
      packages: {
        "": { dependencies },
        "node_modules/a": { version: "1.0.0", integrity, ...more },
      },
    },
  });
  writeRecipe({});
}

function writeRecipe(more: object): void {
  const contents = [{ npm: ".", ...more }];
  write({ "varve.config.json": { name: "app", platform: "linux/amd64", contents } });
}

function build(): Promise<Said> {
  return new Promise((resolve) => {
    const args = [VARVE, "build", "--progress", "plain", "-o", "x.tar"];
    execFile(process.execPath, args, { cwd: folder, env }, (error, stdout, stderr) => {
      resolve({ status: error === null ? 0 : Number(error.code), stdout, stderr });
    });
  });
}

/** What the user is told; nothing is written. */
async function refusal(): Promise<string> {
  const { status, stdout, stderr } = await build();
  expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
  expect(fs.readdirSync(folder).filter((name) => name.includes("x.tar"))).toEqual([]);
  return stderr
    .replaceAll(folder, "FOLDER")
    .replaceAll(/http:\/\/127\.0\.0\.1:\d+\//g, "REGISTRY/")
    .replaceAll(/127\.0\.0\.1:\d+/g, "HOST")
    .replaceAll(/sha512-[\w+/=]+/g, "SHA512");
}

async function builds(): Promise<string> {
  const { status, stderr } = await build();
  expect({ status, stderr }).toMatchObject({ status: 0 });
  return stderr;
}

async function filesOfImage(): Promise<string> {
  await run(process.execPath, [VARVE, "export", "x.tar", "-o", "root.tar"], { cwd: folder, env });
  const { stdout } = await run("tar", ["-tf", "root.tar"], { cwd: folder });
  return stdout;
}

async function install(): Promise<void> {
  await run("npm", ["ci", "--no-audit", "--no-fund"], { cwd: folder, env });
}

function writeLater(file: string, text: string): void {
  fs.writeFileSync(path.join(folder, file), text);
  const later = Date.now() / 1000 + 10;
  fs.utimesSync(path.join(folder, file), later, later);
}

describe.skipIf(absent(["npm", "tar"]))("a Node project is refused", () => {
  const tarball = packed(MANIFEST);
  const integrity = integrityOf(tarball);
  const good = { a: { version: "1.0.0", tarball, integrity } };

  beforeEach(() => {
    folder = temporaryFolder();
    env = {
      PATH: process.env["PATH"],
      VARVE_CACHE_DIR: path.join(folder, ".varve"),
      npm_config_cache: path.join(folder, ".npm"),
      npm_config_userconfig: path.join(folder, "none"),
      npm_config_fetch_retries: "0",
    };
  });

  it("when the registry serves something else than was pinned; the caches stay good", async () => {
    const bad = await startNpmRegistry({ a: { ...good.a, tarball: damage(tarball) } });
    writeProject(bad.url, integrity);
    expect(await refusal()).toMatchInlineSnapshot(`
      "varve: a@1.0.0 cannot be fetched: SHA512 integrity checksum failed when using sha512: wanted SHA512 but got SHA512. (254 bytes)
      varve: hint: what the registry serves is not what the lockfile pins; find out why before renewing the lockfile (npm cache verify, npm view … dist)
      "
    `);
    const { url } = await startNpmRegistry(good);
    writeProject(url, integrity);
    await builds();
  });

  it("when the registry is not there; once it was, nobody asks it", async () => {
    writeProject(`http://127.0.0.1:${await freePort()}/`, integrity);
    expect(await refusal()).toMatchInlineSnapshot(`
      "varve: a@1.0.0 cannot be fetched: request to REGISTRY/a failed, reason: connect ECONNREFUSED HOST
      varve: hint: is the network there? npm's settings count: npm config list
      "
    `);
    const { url, asked } = await startNpmRegistry(good);
    writeProject(url, integrity);
    await builds();
    const before = asked.length;
    fs.rmSync(path.join(folder, ".varve"), { recursive: true });
    await builds();
    expect(asked).toHaveLength(before);
  });

  it("when the registry lacks a package", async () => {
    const { url } = await startNpmRegistry({});
    writeProject(url, integrity);
    expect(await refusal()).toMatchInlineSnapshot(`
      "varve: a@1.0.0 cannot be fetched: 404 Not Found - GET REGISTRY/a - not found
      varve: hint: is it in another registry? see: npm config get registry
      "
    `);
  });

  it("when what is pinned is no tarball", async () => {
    const nonsense = Buffer.from("nonsense");
    const pinned = integrityOf(nonsense);
    const { url } = await startNpmRegistry({
      a: { version: "1.0.0", tarball: nonsense, integrity: pinned },
    });
    writeProject(url, pinned);
    expect(await refusal()).toMatchInlineSnapshot(`
      "varve: the tarball of a@1.0.0 is damaged: the tar is damaged at byte 0: it ends in the middle of a header
      varve: hint: npm cache verify removes what is damaged in npm's cache; then run again
      "
    `);
  });

  it("never because of npm's cache: what is damaged there is fetched again", async () => {
    const { url } = await startNpmRegistry(good);
    writeProject(url, integrity);
    await builds();
    for (const file of fs.globSync(".npm/_cacache/content-v2/**/*", { cwd: folder })) {
      const whole = path.join(folder, file);
      if (fs.statSync(whole).isFile()) fs.writeFileSync(whole, damage(fs.readFileSync(whole)));
    }
    fs.rmSync(path.join(folder, ".varve"), { recursive: true });
    fs.rmSync(path.join(folder, "x.tar"));
    await builds();
  });

  it("when an installed package was changed, unless the recipe wants it so", async () => {
    const { url } = await startNpmRegistry(good);
    writeProject(url, integrity);
    await install();
    await builds();
    fs.rmSync(path.join(folder, "x.tar"));
    writeLater("node_modules/a/index.js", "changed");
    expect(await refusal()).toMatchInlineSnapshot(`
      "varve: a@1.0.0 in FOLDER/node_modules/a is not what was published: changed index.js
      varve: hint: install it anew: npm ci; if the change is meant, say "content": "installed" beside "npm" in the recipe
      "
    `);
    writeRecipe({ content: "installed" });
    expect(await builds()).toContain(
      "a@1.0.0 differs from what was published, and goes in as it is here: changed index.js",
    );
    fs.rmSync(path.join(folder, "x.tar"));
    writeRecipe({});
    await install();
    await builds();
  });

  it("never because of what an install script made: that goes in, and is told", async () => {
    const scripted = packed({ ...MANIFEST, scripts: SCRIPT });
    const pinned = integrityOf(scripted);
    const { url } = await startNpmRegistry({
      a: { version: "1.0.0", tarball: scripted, integrity: pinned },
    });
    writeProject(url, pinned, { hasInstallScript: true });
    await install();
    expect(await builds()).toContain(
      "a@1.0.0 differs from what was published, and goes in as it is here: added made.txt",
    );
    expect(await filesOfImage()).toContain("made.txt");
    writeRecipe({ content: "published" });
    await builds();
    expect(await filesOfImage()).not.toContain("made.txt");
    // Whether the script made something cannot be told any more.
    fs.rmSync(path.join(folder, ".npm"), { recursive: true });
    writeRecipe({});
    expect(await builds()).toContain("a@1.0.0 goes in as it is here: its install script");
  });

  it("in a folder that the lockfile around it does not know", async () => {
    writeProject("http://127.0.0.1:9/", integrity);
    fs.mkdirSync(path.join(folder, "other"));
    write({ "other/package.json": { name: "other", main: "x.js" }, "other/x.js": "" });
    writeRecipe({ npm: "other" });
    expect(await refusal()).toMatchInlineSnapshot(`
      "varve: FOLDER/other is not in FOLDER/package-lock.json, the lockfile around it
      varve: hint: make it a workspace of FOLDER, or give it a lockfile of its own
      "
    `);
  });
});
