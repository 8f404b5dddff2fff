import * as fs from "node:fs";
import path from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { temporaryFolder } from "../../support/temporary-folder.ts";
import { failureOf } from "../../support/failures.ts";
import { installProject } from "./support/installed-project.ts";
import type { InstalledPackage } from "./support/installed-project.ts";
import { contentsOf, layersOf, listing } from "./support/layers.ts";

const SERVER: Readonly<Record<string, InstalledPackage>> = {
  "node_modules/a": {
    manifest: { bin: { a: "./bin/a.js" }, dependencies: { b: "^1.0.0" } },
    files: { "bin/a.js": "#!/usr/bin/env node\n", "index.js": "a", ".npmignore": "x" },
  },
  "node_modules/a/node_modules/b": { files: { "index.js": "b1" } },
  "node_modules/b": {
    version: "2.0.0",
    manifest: { dependencies: { c: "*" } },
    files: { "run.sh": "" },
    executable: ["run.sh"],
  },
  "node_modules/c": { manifest: { dependencies: { b: "*" } } },
  "node_modules/dev": { locked: { dev: true } },
};
const MANIFEST = { dependencies: { a: "*", b: "*" }, devDependencies: { dev: "*" } };

/** The content hash of a package whose install script made a file of this content. */
async function made(content: string): Promise<string | undefined> {
  const packages = {
    "node_modules/a": {
      manifest: { scripts: { install: "make" } },
      locked: { hasInstallScript: true },
      files: { "out.txt": content },
    },
  };
  const { closure } = await contentsOf(installProject(packages).folder);
  return closure.get("npm:node_modules/a@1.0.0").contentHash;
}

function optional(cpu: string, libc?: string): InstalledPackage {
  const manifest = { os: ["linux"], cpu: [cpu], ...(libc === undefined ? {} : { libc: [libc] }) };
  return { manifest, locked: { optional: true } };
}

/** An application of these files, and what npm leaves. */
function app(files: Readonly<Record<string, string>>): { folder: string } {
  const project = installProject({});
  for (const [file, content] of Object.entries(files)) project.write(file, content);
  return project;
}

async function filesIn(folder: string, always?: string[]): Promise<string[]> {
  const contents = await contentsOf(folder, { always });
  return listing(contents, "application:app")
    .map((line) => line.slice("644 /app/".length))
    .filter((line) => line !== "" && !line.endsWith("/"));
}

it("tells of packages whose content the lockfile does not pin", async () => {
  const locked = { integrity: undefined };
  const git = { integrity: undefined, resolved: "git+ssh://git@host/g.git#0123456789" };
  const { folder } = installProject({
    "node_modules/a": { locked },
    "node_modules/b": {},
    "node_modules/g": { locked: git },
  });
  const notices: string[] = [];
  await contentsOf(folder, { onNotice: (message) => notices.push(message) });
  expect(notices).toEqual([
    `${folder}/package-lock.json has no integrity of a@1.0.0: only the version is checked; renewing the lockfile adds it`,
  ]);
});

describe("components", () => {
  it("are packages at their places and the application, circles as one", async () => {
    const contents = await contentsOf(installProject(SERVER, MANIFEST).folder);
    expect([...contents.closure].map(({ id, references }) => [id, references])).toEqual([
      ["application:app", ["npm:node_modules/a@1.0.0", "npm:node_modules/b@2.0.0+1"]],
      ["npm:node_modules/a/node_modules/b@1.0.0", []],
      ["npm:node_modules/a@1.0.0", ["npm:node_modules/a/node_modules/b@1.0.0"]],
      ["npm:node_modules/b@2.0.0+1", []],
    ]);
    expect(contents.application).toBe("application:app");
    expect(contents.closure.roots().map(({ id }) => id)).toEqual([contents.application]);
  });

  it("hold a package's own files, its commands' links, two modes", async () => {
    const contents = await contentsOf(installProject(SERVER, MANIFEST).folder);
    expect(listing(contents, "npm:node_modules/a@1.0.0")).toEqual([
      "755 /app/",
      "755 /app/node_modules/",
      "755 /app/node_modules/.bin/",
      "777 /app/node_modules/.bin/a -> ../a/bin/a.js",
      "755 /app/node_modules/a/",
      "755 /app/node_modules/a/bin/",
      "755 /app/node_modules/a/bin/a.js",
      "644 /app/node_modules/a/index.js",
      "644 /app/node_modules/a/package.json",
    ]);
    expect(listing(contents, "npm:node_modules/b@2.0.0+1")).toContain(
      "755 /app/node_modules/b/run.sh",
    );
    expect(listing(contents, "application:app")).toEqual([
      "755 /app/",
      "644 /app/package.json",
      "644 /app/server.js",
    ]);
  });

  it("are the same in every folder, for every umask, whoever's time it is", async () => {
    const layers = [];
    for (const umask of [0o000, 0o077]) {
      const before = process.umask(umask);
      onTestFinished(() => void process.umask(before));
      const { folder } = installProject(SERVER, MANIFEST);
      layers.push(layersOf(await contentsOf(folder)));
    }
    expect(layers[1]).toEqual(layers[0]);
    for (const { key } of layers[0]!.values()) expect(key).toMatch(/^sha256:/);
  });

  it("keep their keys when another one changes", async () => {
    const keysOf = async (packages: typeof SERVER): Promise<Map<string, string | undefined>> =>
      new Map(
        [...layersOf(await contentsOf(installProject(packages, MANIFEST).folder))].map(
          ([id, { key }]) => [id, key],
        ),
      );
    const before = await keysOf(SERVER);
    const nested = {
      ...SERVER["node_modules/a/node_modules/b"],
      version: "1.0.1",
      locked: { integrity: "sha512-other" },
    };
    const after = await keysOf({ ...SERVER, "node_modules/a/node_modules/b": nested });
    const changed = [...after].filter(([id, key]) => before.get(id) !== key).map(([id]) => id);
    expect(changed).toEqual(["npm:node_modules/a/node_modules/b@1.0.1"]);
  });

  it("of bundled packages lie within their bundler", async () => {
    const { folder } = installProject({
      "node_modules/a": {
        manifest: { dependencies: { b: "*", c: "*" }, bundleDependencies: ["b"] },
      },
      "node_modules/a/node_modules/b": { locked: { inBundle: true } },
      "node_modules/a/node_modules/c": {},
      "node_modules/c": { version: "2.0.0" },
    });
    const contents = await contentsOf(folder);
    expect([...contents.closure].map(({ id }) => id)).toEqual([
      "application:app",
      "npm:node_modules/a/node_modules/c@1.0.0",
      "npm:node_modules/a@1.0.0",
      "npm:node_modules/c@2.0.0",
    ]);
    const files = listing(contents, "npm:node_modules/a@1.0.0").filter(
      (line) => !line.endsWith("/"),
    );
    expect(files).toEqual([
      "644 /app/node_modules/a/node_modules/b/package.json",
      "644 /app/node_modules/a/package.json",
    ]);
  });
});

describe("an installed tree", () => {
  it.each([
    [
      "another version",
      "node_modules/b/package.json",
      '{"name": "b", "version": "2.0.1"}',
      "b@2.0.1",
    ],
    [
      "another package",
      "node_modules/b/package.json",
      '{"name": "x", "version": "2.0.0"}',
      "x@2.0.0",
    ],
  ])("with %s is out of step", async (_, file, content, named) => {
    const project = installProject(SERVER, MANIFEST);
    project.write(file, content);
    const error = await failureOf(contentsOf(project.folder));
    expect(error).toMatchObject({ code: "NPM_OUT_OF_STEP" });
    expect(error.message).toContain(named);
    expect(error.hint).toContain("npm ci");
  });

  it("without a package is out of step", async () => {
    const { folder } = installProject(
      { ...SERVER, "node_modules/c": { isInstalled: false } },
      MANIFEST,
    );
    const error = await failureOf(contentsOf(folder));
    expect(error).toMatchObject({ code: "NPM_OUT_OF_STEP" });
    expect(error.message).toContain("c@1.0.0 is not installed");
  });

  it("with files of an install script is keyed by its files", async () => {
    expect(await made("one")).toBe(await made("one"));
    expect(await made("one")).not.toBe(await made("two"));
  });

  it("changed after it was installed is keyed by its files", async () => {
    const hashes = await Promise.all(
      ["patched", "patched otherwise", undefined].map(async (change) => {
        const project = installProject({ "node_modules/a": { files: { "index.js": "a" } } });
        if (change !== undefined) project.write("node_modules/a/index.js", change);
        const { closure } = await contentsOf(project.folder);
        return closure.get("npm:node_modules/a@1.0.0").contentHash;
      }),
    );
    expect(new Set(hashes).size).toBe(3);
  });
});

describe("platforms", () => {
  it("decide which optional packages are in", async () => {
    const packages = {
      "node_modules/x64": optional("x64", "glibc"),
      "node_modules/x64-musl": optional("x64", "musl"),
      "node_modules/arm64": optional("arm64"),
    };
    const names = Object.keys(packages).map((place) => place.slice(13));
    const manifest = {
      dependencies: {},
      optionalDependencies: Object.fromEntries(names.map((name) => [name, "*"])),
    };
    const { folder } = installProject(packages, manifest);
    const selected = async (cpu: string, libc: "glibc" | "musl"): Promise<string[]> => {
      const platform = { os: "linux", cpu, libc };
      const { closure } = await contentsOf(folder, {
        platform,
        content: "installed",
      });
      return [...closure].map(({ id }) => id).filter((id) => id.startsWith("npm:"));
    };
    expect(await selected("x64", "glibc")).toEqual(["npm:node_modules/x64@1.0.0"]);
    expect(await selected("x64", "musl")).toEqual(["npm:node_modules/x64-musl@1.0.0"]);
    expect(await selected("arm64", "musl")).toEqual(["npm:node_modules/arm64@1.0.0"]);
  });

  it("that a needed package does not run on are an error", async () => {
    const { folder } = installProject({ "node_modules/mac": { manifest: { os: ["darwin"] } } });
    const error = await failureOf(contentsOf(folder));
    expect(error).toMatchObject({ code: "NPM_PLATFORM" });
    expect(error.message).toContain("mac@1.0.0 runs on darwin only");
  });
});

describe("the application's files", () => {
  it("are all but secrets and what developers need", async () => {
    const { folder } = app({
      ".env": "KEY=1",
      ".env.production": "A=1",
      ".npmrc": "//registry/:_authToken=x",
      ".git/config": "",
      ".next/BUILD_ID": "",
      ".next/cache/x": "",
      "src/test/a.js": "",
      "test/a.js": "",
      Dockerfile: "",
      "npm-debug.log": "",
      "packages/x/node_modules/y/index.js": "",
    });
    expect(await filesIn(folder)).toEqual([
      ".env.production",
      ".next/BUILD_ID",
      "package.json",
      "server.js",
      "src/test/a.js",
    ]);
    expect(await filesIn(folder, ["test/a.js", ".env"])).toContain("test/a.js");
  });

  it("are what is started, too, and nothing beside it; a package's program is in its package", async () => {
    const { folder } = app({ "test/a.js": "", "test/b.js": "", "test/c/d.js": "" });
    const packages = installProject(SERVER, MANIFEST).folder;
    expect(await filesIn(folder, ["./test/a.js"])).toEqual([
      "package.json",
      "server.js",
      "test/a.js",
    ]);
    expect(await filesIn(packages, ["node_modules/a/index.js"])).toEqual(await filesIn(packages));
  });

  it("are what .dockerignore leaves, as Docker reads it", async () => {
    const { folder } = app({
      ".dockerignore": "# comment\n*\n!src\n!package.json\nsrc/*.md\n**/*.map\n\n",
      ".env": "KEY=1",
      "src/a.js": "",
      "src/a.md": "",
      "src/deep/b.md": "",
      "src/deep/b.map": "",
      "test/a.js": "",
    });
    expect(await filesIn(folder)).toEqual(["package.json", "src/a.js", "src/deep/b.md"]);
  });

  it("are not read again while they are the same, and read when they change", async () => {
    const { folder } = app({ "src/a.js": "one" });
    const cacheFolder = temporaryFolder();
    const hash = async (): Promise<string | undefined> => {
      const { closure } = await contentsOf(folder, { cacheFolder });
      return closure.get("application:app").contentHash;
    };
    const first = await hash();
    expect(await hash()).toBe(first);
    fs.writeFileSync(path.join(folder, "src/a.js"), "two");
    expect(await hash()).not.toBe(first);
    fs.writeFileSync(path.join(folder, "src/a.js"), "one");
    expect(await hash()).toBe(first);
  });

  it("keep symlinks, unless they leave the project", async () => {
    const { folder } = app({ "src/a.js": "" });
    fs.symlinkSync("src/a.js", path.join(folder, "link.js"));
    expect(listing(await contentsOf(folder), "application:app")).toContain(
      "777 /app/link.js -> src/a.js",
    );
    fs.symlinkSync("../../etc/passwd", path.join(folder, "src/out"));
    const error = await failureOf(contentsOf(folder));
    expect(error).toMatchObject({ code: "NPM_LINK" });
    expect(error.message).toContain("src/out is a symlink to ../../etc/passwd");
  });
});
