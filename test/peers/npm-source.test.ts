import { execFile } from "node:child_process";
import * as fs from "node:fs";
import path from "node:path";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import type { NpmContents } from "../../src/sources/npm/closure-of-npm.ts";
import { readElf } from "../../src/sources/npm/content/elf.ts";
import { PackageStore } from "../../src/sources/npm/content/package-store.ts";
import { nodePlatform } from "../../src/sources/npm/platform.ts";
import { NpmRegistry } from "../../src/sources/npm/registry/npm-registry.ts";
import { lockNodeRuntime, nodeRuntime } from "../../src/sources/npm/runtime/node-runtime.ts";
import { fileSystemPath } from "../../src/tar/byte-string.ts";
import { tarOf } from "../packing/support/layers.ts";
import { contentsOf, layersOf, specOf } from "../sources/npm/support/layers.ts";
import { makeShop, SHOPS } from "../sources/npm/support/shop.ts";
import type { Shop } from "../sources/npm/support/shop.ts";
import { damage, integrityOf, tarballOf } from "../sources/npm/support/tarball.ts";
import { failureOf } from "../support/failures.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { absent } from "./support/absent.ts";
import { startNpmRegistry } from "./support/npm-registry.ts";
import { runWith } from "./support/run.ts";

const run = promisify(execFile);
const EXAMPLE = path.join(import.meta.dirname, "../../examples/redis-webserver");
/** npm as this machine has it set up. */
const env = process.env;

describe.skipIf(absent(["npm", "npx", "tar"]))("npm projects, by npm itself", () => {
  it("has the same layers in two folders, for umask 000 and 077, and from published tarballs", async () => {
    const [first, second] = await Promise.all(
      ["000", "077"].map(async (umask) => {
        const folder = await copyOfExample(umask);
        const script = `umask ${umask} && npm ci --ignore-scripts --no-audit --no-fund`;
        await run("sh", ["-c", script], { cwd: folder, env });
        return layersOf(await contentsOf(folder, { env, content: "installed" }));
      }),
    );
    const published = layersOf(await contentsOf(await copyOfExample("022"), { env }));
    expect(first!.size).toBe(61);
    expect(second).toEqual(first);
    expect(published).toEqual(first);
  });

  it("tells what was changed in an installed package, when it compares", async () => {
    const folder = await copyOfExample("022");
    await run("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], { cwd: folder, env });
    await contentsOf(folder, { env, verify: true });
    const file = path.join(folder, "node_modules/ms/index.js");
    const { atime, mtime } = fs.statSync(file);
    fs.appendFileSync(file, "//");
    fs.utimesSync(file, atime, mtime);
    const error = await failureOf(contentsOf(folder, { env, verify: true }));
    expect(error).toMatchObject({ code: "NPM_DIFFERS" });
    expect(error.message).toContain("changed index.js");
  });

  describe.each(SHOPS)("a project of %s", (shop) => {
    it("has the same layers installed and published, and Node finds every package", async () => {
      const folder = makeShop(shop);
      fs.writeFileSync(path.join(folder, "packages/a/check.cjs"), CHECK);
      fs.writeFileSync(
        path.join(folder, "packages/b/index.js"),
        'exports.v = require("semver/package").version;',
      );
      const published = await contentsOf(folder, { env, content: "published" });
      await install(shop, folder);
      const installed = await contentsOf(folder, { env, content: "installed" });
      expect(layersOf(installed)).toEqual(layersOf(published));
      expect([...installed.closure]).toEqual([...published.closure]);

      const root = await unpacked(published);
      const check = path.join(root, "app/packages/a/check.cjs");
      const { stdout } = await run(process.execPath, [check], { cwd: "/", env: {} });
      expect(JSON.parse(stdout)).toEqual([
        "2.0.0",
        "6.0.0",
        "18.2.0",
        "function",
        "5.7.3",
        "2.1.3",
        "7.6.0",
      ]);
    });
  });

  it("takes native modules for the image's platform, not the machine's", async () => {
    const folder = temporaryFolder();
    const manifest = { name: "app", version: "1.0.0", dependencies: { lightningcss: "1.30.2" } };
    fs.writeFileSync(path.join(folder, "package.json"), JSON.stringify(manifest));
    await run("npm", ["install", "--ignore-scripts", "--no-audit", "--no-fund"], {
      cwd: folder,
      env,
    });
    for (const [platform, name, cpu] of [
      ["linux/amd64", "lightningcss-linux-x64-gnu", "x64"],
      ["linux/arm64", "lightningcss-linux-arm64-gnu", "arm64"],
    ] as const) {
      const contents = await contentsOf(folder, { env, platform: nodePlatform(platform) });
      const native = [...contents.closure].filter(({ id }) => id.includes("lightningcss-"));
      expect(native.map(({ id }) => id)).toEqual([`npm:node_modules/${name}@1.30.2`]);
      const [tree] = contents.contentOf(native[0]!.id).trees;
      const files = fs.globSync("*.node", { cwd: String(fileSystemPath(tree!.from)) });
      expect(readElf(path.join(tree!.from, files[0]!))).toMatchObject({ cpu, libc: "glibc" });
    }
  });

  it("takes Node from its own packages, one version for all platforms", async () => {
    const registry = new NpmRegistry(temporaryFolder(), env);
    const platforms = ["linux/amd64", "linux/arm64"].map((name) => nodePlatform(name));
    const lock = await lockNodeRuntime("^24", platforms, registry);
    expect(lock.version).toMatch(/^24\.\d+\.\d+$/);
    expect(Object.keys(lock.integrity)).toEqual(["linux-arm64", "linux-x64"]);
    const store = new PackageStore(temporaryFolder(), registry);
    const node = await nodeRuntime(lock, platforms[1]!, store);
    expect(node).toMatchObject({ id: `node@${lock.version}`, references: [] });
    expect(node.debianPackages).toEqual(
      expect.arrayContaining(["libc6", "libgcc-s1", "libstdc++6"]),
    );
    const [program] = node.content.trees;
    expect(program!.at).toBe("/usr/local/bin/node");
    expect(readElf(program!.from)).toMatchObject({ cpu: "arm64", libc: "glibc" });
    const error = await failureOf(lockNodeRuntime("^3", platforms, registry));
    expect(error).toMatchObject({ code: "NPM_NODE_VERSION" });
  });
});

/** A registry of npm with these settings of a project alone. */
function npmWith(settings: string, more: NodeJS.ProcessEnv = {}): NpmRegistry {
  const folder = temporaryFolder();
  fs.writeFileSync(path.join(folder, ".npmrc"), settings);
  fs.writeFileSync(path.join(folder, "package.json"), "{}");
  const userconfig = path.join(folder, "none");
  return new NpmRegistry(folder, {
    PATH: env["PATH"],
    npm_config_cache: temporaryFolder(),
    npm_config_userconfig: userconfig,
    npm_config_fetch_retries: "0",
    ...more,
  });
}

describe.skipIf(absent(["npm"]))("a registry of npm packages", () => {
  const tarball = tarballOf([
    { name: "package/package.json", content: '{"name": "@s/a", "version": "1.0.0"}' },
    { name: "package/index.js", content: `a${Math.PI}`.repeat(1000) },
  ]);
  const integrity = integrityOf(tarball);
  const published = { "@s/a": { version: "1.0.0", tarball, integrity } };
  const WANTED = { name: "@s/a", version: "1.0.0", integrity };

  it("is the one of the package's scope, with its token", async () => {
    const { url, asked } = await startNpmRegistry(published, "s3cret");
    const settings = `@s:registry=${url}\n${url.slice(5)}:_authToken=\${TOKEN}\n`;
    const got = await npmWith(settings, { TOKEN: "s3cret" }).tarball(WANTED);
    expect(got.equals(tarball)).toBe(true);
    expect(asked).toEqual(["@s/a", "@s/a/-/a-1.0.0.tgz"]);
    const error = await failureOf(npmWith(settings, { TOKEN: "wrong" }).tarball(WANTED));
    expect(error).toMatchObject({ code: "NPM_DENIED" });
    expect(JSON.stringify(error) + error.message).not.toContain("wrong");
  });

  it("is asked once: npm's cache has the tarball then", async () => {
    const { url, asked } = await startNpmRegistry(published);
    const npm = npmWith(`registry=${url}\n`);
    expect(await npm.cachedTarball(WANTED)).toBeUndefined();
    expect(asked).toEqual([]);
    await npm.tarball(WANTED);
    const before = asked.length;
    expect((await npm.cachedTarball(WANTED))?.equals(tarball)).toBe(true);
    expect((await npm.tarball(WANTED)).equals(tarball)).toBe(true);
    expect(asked).toHaveLength(before);
  });

  it("that serves something else than the lockfile pins is not believed, and nothing is kept", async () => {
    const other = { "@s/a": { version: "1.0.0", tarball: damage(tarball), integrity } };
    const { url } = await startNpmRegistry(other);
    const cache = temporaryFolder();
    const store = new PackageStore(cache, npmWith(`registry=${url}\n`));
    const error = await failureOf(store.folderOf(WANTED));
    expect(error).toMatchObject({ code: "NPM_INTEGRITY" });
    expect(error.message).toContain("@s/a@1.0.0");
    expect(fs.readdirSync(cache, { recursive: true })).toEqual([]);
    const { url: good } = await startNpmRegistry(published);
    const folder = await new PackageStore(cache, npmWith(`registry=${good}\n`)).folderOf(WANTED);
    expect(fs.readdirSync(folder).toSorted()).toEqual(["index.js", "package.json"]);
  });

  it("fills a cache that a killed process left unfinished", async () => {
    const { url } = await startNpmRegistry(published);
    const cache = temporaryFolder();
    const npm = npmWith(`registry=${url}\n`);
    const folder = await new PackageStore(cache, npm).folderOf(WANTED);
    fs.rmSync(folder, { recursive: true });
    const [old, fresh] = ["old", "new"].map((name) =>
      path.join(folder, "..", `.unpacking-${name}`),
    );
    for (const left of [old!, fresh!])
      fs.mkdirSync(path.join(left, "package"), { recursive: true });
    fs.utimesSync(old!, 1, 1);
    const both = [new PackageStore(cache, npm), new PackageStore(cache, npm)];
    const folders = await Promise.all(
      both.flatMap((store) => [store.folderOf(WANTED), store.folderOf(WANTED)]),
    );
    expect(new Set(folders)).toEqual(new Set([folder]));
    expect(fs.readdirSync(path.dirname(folder)).toSorted()).toEqual([
      ".looked-through",
      ".unpacking-new",
      path.basename(folder),
    ]);
  });

  it("that lacks a package, or is not there, is told apart", async () => {
    const { url } = await startNpmRegistry({});
    expect(await failureOf(npmWith(`registry=${url}\n`).tarball(WANTED))).toMatchObject({
      code: "NPM_NOT_FOUND",
    });
    const nowhere = npmWith("registry=http://me:pass@127.0.0.1:9/\n");
    const error = await failureOf(nowhere.tarball(WANTED));
    expect(error).toMatchObject({ code: "NPM_NETWORK" });
    expect(error.message).not.toContain("pass");
  });

  it("is reached by the npm of PATH; without one, the error says so", async () => {
    const npm = new NpmRegistry(temporaryFolder(), { PATH: "/nowhere" });
    expect(await failureOf(npm.tarball(WANTED))).toMatchObject({ code: "NPM_ABSENT" });
  });
});

/** What `packages/a` finds: its own dependencies, its neighbour's, the root's. */
const CHECK = `
const v = (name) => require(name + "/package.json").version;
const { createRequire } = require("node:module");
const root = createRequire(require("node:path").resolve(__dirname, "../../server.js"));
const sync = require("use-sync-external-store");
console.log(JSON.stringify([
  v("ms"), v("lru"), v("react"), typeof sync.useSyncExternalStore, require("@shop/b").v,
  createRequire(root.resolve("debug"))("ms/package.json").version, root("semver/package.json").version,
]));
`;

async function copyOfExample(umask: string): Promise<string> {
  const folder = temporaryFolder();
  const files = ["package.json", "package-lock.json", "src"].map((file) =>
    path.join(EXAMPLE, file),
  );
  await run("sh", ["-c", `umask ${umask} && cp -R "$@" .`, "sh", ...files], { cwd: folder });
  return folder;
}

async function install(shop: Shop, folder: string): Promise<void> {
  const [program, ...args] = INSTALL[shop];
  if (shop === "yarn-1") {
    // The lockfile names hosts; here it is the one of this machine's settings.
    const { stdout } = await run("npm", ["config", "get", "registry"], { env });
    const lock = path.join(folder, "yarn.lock");
    const text = fs.readFileSync(lock, "utf8");
    fs.writeFileSync(lock, text.replaceAll("https://registry.example/", stdout.trim()));
  }
  if (shop === "yarn-4")
    fs.writeFileSync(path.join(folder, ".yarnrc.yml"), "nodeLinker: node-modules\n");
  await run(program, args, { cwd: folder, env: { ...env, CI: "true" } });
}

const INSTALL: Readonly<Record<Shop, readonly [string, ...string[]]>> = {
  npm: ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
  "pnpm-8": ["npx", "-y", "pnpm@8", "install", "--frozen-lockfile", "--ignore-scripts"],
  "pnpm-9": ["npx", "-y", "pnpm@9", "install", "--frozen-lockfile", "--ignore-scripts"],
  "yarn-1": ["npx", "-y", "yarn@1", "install", "--frozen-lockfile", "--ignore-scripts"],
  "yarn-4": ["npx", "-y", "@yarnpkg/cli-dist@4", "install", "--immutable"],
};

/** All layers in a folder, one over the other. */
async function unpacked(contents: NpmContents): Promise<string> {
  const root = temporaryFolder();
  for (const { id } of contents.closure) {
    const tar = tarOf(specOf(contents, id));
    await runWith("tar", ["-xf", "-", "-C", root, "--no-same-owner"], tar);
  }
  return root;
}
