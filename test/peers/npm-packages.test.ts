import { appendFile, cp, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { makeBareRoot } from "./support/bare-root.ts";
import { nixAbsent, nixFailure, repository, runNix } from "./support/nix.ts";

const pkgs = `(import ${path.join(repository, "test/nixpkgs")} { })`;

/** The expression for the packages of a lock file, with further arguments. */
const packagesOf = (lockFile: string, further = ""): string =>
  `(${pkgs}.callPackage ${path.join(repository, "nix/npm-packages.nix")} { }) ` +
  `{ lockFile = ${lockFile}; ${further} }`;

const build = (expression: string): Promise<string> =>
  runNix("nix-build", "--no-out-link", "--expr", expression);

async function closureOf(storePath: string): Promise<string[]> {
  return (await runNix("nix-store", "--query", "--requisites", storePath)).split("\n");
}

async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), "varve-npm-packages-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

interface LockEntry {
  readonly [key: string]: unknown;
}

/** A lock file in a temporary folder; entries get a version and an integrity unless they have some. */
async function writeLock(
  root: LockEntry,
  entries: Readonly<Record<string, LockEntry>>,
): Promise<string> {
  const complete = Object.entries(entries).map(([location, entry]) => [
    location,
    { version: "1.0.0", integrity: `sha512-${"A".repeat(86)}==`, ...entry },
  ]);
  const file = path.join(await temporaryFolder(), "package-lock.json");
  const packages = { "": root, ...Object.fromEntries(complete) };
  await writeFile(file, JSON.stringify({ name: "app", lockfileVersion: 3, packages }));
  return file;
}

async function packagePlaces(lockFile: string, further = ""): Promise<string[]> {
  const expression = `builtins.attrNames (${packagesOf(lockFile, further)}).packages`;
  const json = await runNix("nix-instantiate", "--eval", "--strict", "--json", "-E", expression);
  return JSON.parse(json) as string[];
}

/** The example and what packages it, to be changed freely. */
async function copyOfExample(): Promise<{ folder: string; package: string }> {
  const copy = await temporaryFolder();
  for (const part of ["src", "package.json", "package-lock.json", "package.nix"]) {
    const place = `examples/redis-webserver/${part}`;
    await cp(path.join(repository, place), path.join(copy, place), { recursive: true });
  }
  await cp(path.join(repository, "nix"), path.join(copy, "nix"), { recursive: true });
  const folder = path.join(copy, "examples/redis-webserver");
  return { folder, package: `${pkgs}.callPackage ${folder}/package.nix { }` };
}

const failureOf = (lockFile: string, further = ""): Promise<string> =>
  nixFailure(packagePlaces(lockFile, further));

describe.skipIf(nixAbsent())("npm packages in Nix", () => {
  it("are what production needs on the platform", async () => {
    const lock = await writeLock(
      {
        dependencies: { plain: "1", host: "1" },
        devDependencies: { tool: "1" },
        optionalDependencies: { "for-linux": "1", "for-windows": "1", absent: "1" },
      },
      {
        "node_modules/plain": {
          dependencies: { deep: "1" },
          peerDependencies: { host: "1", tool: "1" },
          peerDependenciesMeta: { host: { optional: true }, tool: { optional: true } },
        },
        "node_modules/plain/node_modules/deep": { dependencies: { host: "1", inside: "1" } },
        "node_modules/host": { bundleDependencies: ["inside"], dependencies: { inside: "1" } },
        "node_modules/host/node_modules/inside": { inBundle: true },
        "node_modules/inside": {},
        "node_modules/tool": { dev: true },
        "node_modules/for-linux": { os: "linux", cpu: ["!s390x"], optional: true },
        "node_modules/for-windows": { os: ["win32"], optional: true },
      },
    );
    expect(await packagePlaces(lock)).toEqual([
      "node_modules/for-linux",
      "node_modules/host",
      "node_modules/inside",
      "node_modules/plain",
      "node_modules/plain/node_modules/deep",
    ]);
    expect(await packagePlaces(lock, 'omit = [ "plain" "for-linux" ];')).toEqual([
      "node_modules/host",
    ]);
  });

  it("refuse what cannot be packaged, by name", async () => {
    const root = { dependencies: { a: "1" } };
    const entry = (a: LockEntry): Promise<string> => writeLock(root, { "node_modules/a": a });

    const scripted = await entry({ hasInstallScript: true });
    expect(await failureOf(scripted)).toMatch(/run a script when they are installed.*: a@1\.0\.0;/);
    expect(await packagePlaces(scripted, 'ignoreScriptsOf = [ "a" ];')).toEqual(["node_modules/a"]);

    expect(await failureOf(await entry({ dependencies: { gone: "1" } }))).toContain(
      "`a' depends on `gone', which the lock file does not have; run npm install",
    );
    expect(await failureOf(await entry({ os: ["win32"] }))).toContain(
      "the root depends on `a', which is not for x86_64-linux",
    );
    expect(await failureOf(await entry({ integrity: undefined }))).toContain(
      "not from a registry, so there is no integrity to check: a@1.0.0",
    );
  });

  it("that depend on each other share a store path and find each other", async () => {
    const lock = path.join(import.meta.dirname, "support/circular-lock.json");
    const modules = await build(`(${packagesOf(lock)}).node_modules`);
    const node = await build(`${pkgs}.nodejs-slim_24`);
    const root = await makeBareRoot(node, modules);
    onTestFinished(() => root.remove());
    const names = root.closure.map((storePath) => storePath.slice(44)).join("\n");
    expect(names).toMatch(/^npm-browserslist-[\d.]+-and-1-more$/m);
    const program = `console.log(require("${modules}/browserslist")("chrome 100").join())`;
    expect(await root.run(["node", "--eval", program])).toBe("chrome 100");
  });
});

describe.skipIf(nixAbsent())("the example's package", () => {
  it("is Node.js, one store path for each npm package, and the server; no shell", async () => {
    const { package: expression } = await copyOfExample();
    const server = await build(expression);
    const root = await makeBareRoot(server);
    onTestFinished(() => root.remove());
    const names = root.closure.map((storePath) => storePath.slice(44));
    expect(names.filter((name) => !name.startsWith("npm-")).toSorted()).toEqual([
      "gcc-lib",
      "glibc",
      "libgcc",
      expect.stringMatching(/^nodejs-slim-/),
      expect.stringMatching(/^redis-webserver-\d/),
      "redis-webserver-node_modules",
    ]);
    const program = `
      const { createRequire } = process.getBuiltinModule("module");
      const load = createRequire("${server}/lib/redis-webserver/src/main.ts");
      console.log(load("fastify")().version, typeof load("ioredis").Redis);
    `;
    expect(await root.run(["node", "--eval", program])).toMatch(/^5\.\d+\.\d+ function$/);
    await expect(
      root.run([`${server}/bin/redis-webserver`], { variables: ["PORT=none"] }),
    ).rejects.toThrow("redis-webserver: PORT must be");
  });

  it("changes in one store path when a line of the server changes", async () => {
    const example = await copyOfExample();
    const before = await closureOf(await build(example.package));
    await appendFile(path.join(example.folder, "src/main.ts"), "// one more line\n");
    await writeFile(path.join(example.folder, "README.md"), "not part of the package\n");
    const after = await closureOf(await build(example.package));
    const changed = after.filter((storePath) => !before.includes(storePath));
    expect(changed).toEqual([expect.stringMatching(/-redis-webserver-\d/)]);
    expect(after.length).toBe(before.length);
  });
});
