import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { describe, expect, it } from "vitest";
import { writeConf } from "../support/conf.ts";
import { VARVE } from "../support/run-varve.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { appStore, APP, LIBC } from "./support/app-store.ts";

const ROOT = path.join(import.meta.dirname, "../..");
const NOTE_MODULES = pathToFileURL(path.join(import.meta.dirname, "support/note-modules.mjs")).href;

/** Files that the main thread loads for a command, relative to the project. */
function loadedFor(args: readonly string[]): string[] {
  const list = path.join(temporaryFolder(), "modules");
  const { error } = spawnSync(process.execPath, ["--import", NOTE_MODULES, VARVE, ...args], {
    env: {
      ...process.env,
      LOADED_MODULES: list,
      VARVE_CACHE_DIR: temporaryFolder(),
      DOCKER_HOST: "unix:///nowhere/docker.sock",
    },
  });
  if (error !== undefined) throw error;
  return fs
    .readFileSync(list, "utf8")
    .split("\n")
    .filter((url) => url.startsWith("file:"))
    .map((url) => path.relative(ROOT, new URL(url).pathname));
}

function below(files: readonly string[], ...folders: readonly string[]): string[] {
  return files.filter((file) => folders.some((folder) => file.startsWith(folder)));
}

/** What a conf's image never needs. */
const FOREIGN = [
  "src/assembly/contents/",
  "src/assembly/lock/",
  "src/layering/",
  "src/recipe/load-recipe.ts",
  "src/registry/",
  "src/sources/debian/",
  "src/sources/npm/",
  "node_modules/openpgp/",
  "node_modules/semver/",
  "node_modules/smol-toml/",
  "node_modules/xz-decompress/",
  "node_modules/yaml/",
];

describe("a command loads what it needs and nothing else", () => {
  it("--version: nearly nothing", () => {
    const files = loadedFor(["--version"]);
    expect(files.length).toBeLessThan(24);
    expect(below(files, "src/packing/workers/", "src/image/", "src/sources/")).toEqual([]);
  });

  it("--help and completion: the commands' descriptions", () => {
    for (const args of [["--help"], ["__complete", "lo"]]) {
      const files = loadedFor(args);
      expect(files.length).toBeLessThan(46);
      expect(below(files, "src/packing/workers/", "src/image/", "src/sources/")).toEqual([]);
    }
  });

  it("build FOLDER: of sources, those that its recipe names; no readers of archives", () => {
    const project = temporaryFolder();
    const recipe = { name: "app", contents: [{ files: [{ from: "hello", to: "/hello" }] }] };
    fs.writeFileSync(path.join(project, "varve.config.json"), JSON.stringify(recipe));
    fs.writeFileSync(path.join(project, "hello"), "hello");
    const files = loadedFor(["build", project, "-o", path.join(project, "app.tar")]);
    expect(below(files, "src/sources/files/").length).toBeGreaterThan(0);
    expect(
      below(
        files,
        "src/archives/read-archive.ts",
        "src/assembly/image-at.ts",
        "src/engine/",
        "src/registry/",
        "src/sources/nix/",
        "src/sources/npm/",
      ),
    ).toEqual([]);
  });

  it("stream --conf: neither recipes nor registries nor engines", () => {
    const { root, options } = appStore();
    const conf = writeConf(root, { store_layers: [[LIBC], [APP]] });
    const files = loadedFor(["stream", "--conf", conf, ...options]);
    expect(below(files, "src/assembly/from-conf.ts").length).toBe(1);
    expect(below(files, "src/engine/", ...FOREIGN)).toEqual([]);
    expect(files.length).toBeLessThan(135);
  });

  it("load --conf: the engine's client besides", () => {
    const { root, options } = appStore();
    const conf = writeConf(root, { store_layers: [[LIBC], [APP]] });
    const files = loadedFor(["load", "--conf", conf, ...options]);
    expect(below(files, "src/engine/").length).toBeGreaterThan(0);
    expect(below(files, ...FOREIGN)).toEqual([]);
    expect(files.length).toBeLessThan(100);
  });
});
