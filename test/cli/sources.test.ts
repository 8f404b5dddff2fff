import * as fs from "node:fs";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Inspection } from "../../src/cli/tables/inspection-table.ts";
import { writeConf } from "../support/conf.ts";
import { runVarve } from "../support/run-varve.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { storePath } from "../sources/nix/support/test-store.ts";
import { APP, appStore, DATA, LIBC, TOOL } from "./support/app-store.ts";
import { runHere } from "./support/run-here.ts";
import { workIn } from "./support/work-in.ts";

beforeEach(() => {
  // No Nix: what can be had without it must not need it.
  vi.stubEnv("PATH", "/nonexistent");
  vi.stubEnv("VARVE_CACHE_DIR", "/dev/null/varve-cache");
});
afterEach(() => {
  vi.unstubAllEnvs();
});

async function inspected(...args: readonly string[]): Promise<Inspection> {
  const { status, stdout, stderr } = await runHere("inspect", "--json", ...args);
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  return JSON.parse(stdout) as Inspection;
}

function runtimeOf({ config }: Inspection): Record<string, unknown> {
  return config["config"] as Record<string, unknown>;
}

function write(folder: string, name: string, value: unknown): string {
  const file = path.join(folder, name);
  fs.writeFileSync(file, typeof value === "string" ? value : JSON.stringify(value));
  return file;
}

function withRecipe(name: string, text: string): { file: string; options: readonly string[] } {
  const { root, options } = appStore();
  const folder = path.join(root, "project");
  fs.mkdirSync(folder);
  fs.symlinkSync(APP, path.join(folder, "result"));
  return { file: write(folder, name, text), options };
}

describe("an image of store paths", () => {
  it("is named like the first, runs its program, and finds all programs", async () => {
    const { options } = appStore();
    const image = await inspected(APP, DATA, TOOL, ...options);
    expect(image.references).toEqual(["app:latest"]);
    expect(runtimeOf(image)).toEqual({
      Cmd: [`${APP}/bin/app`],
      Env: [`PATH=${APP}/bin:${TOOL}/bin`],
    });
    expect(image.layers.flatMap(({ paths }) => paths).toSorted()).toEqual(
      [APP, DATA, LIBC, TOOL].toSorted(),
    );
    expect(image.config).toMatchObject({ created: "1970-01-01T00:00:01+00:00", os: "linux" });
  });

  it("has no program and no PATH where there are no programs", async () => {
    const image = await inspected(DATA, ...appStore().options);
    expect(image.references).toEqual(["data:latest"]);
    expect(runtimeOf(image)).toEqual({});
  });

  it("is the same whatever way its paths are named", async () => {
    const { root, locate, options } = appStore();
    workIn(root);
    fs.symlinkSync(APP, path.join(root, "result"));
    fs.symlinkSync(locate(APP), path.join(root, "physical"));
    const { imageId } = await inspected(APP, ...options);
    for (const name of ["result", "./result", "result/bin/app", "physical", locate(APP)]) {
      expect((await inspected(name, ...options)).imageId).toBe(imageId);
    }
    expect((await inspected(APP, APP, ...options)).imageId).toBe(imageId);
  });

  it("is dated by SOURCE_DATE_EPOCH", async () => {
    vi.stubEnv("SOURCE_DATE_EPOCH", "86400");
    const image = await inspected(DATA, ...appStore().options);
    expect(image.config["created"]).toBe("1970-01-02T00:00:00+00:00");
  });
});

describe("the options of an image", () => {
  it("say how it runs", async () => {
    const config = { Env: ["A=config", "B=1"], Labels: { a: "b" }, StopSignal: "SIGINT" };
    const args = [
      [APP, "-t", "registry.example:5000/team/app:1.0", "-t", "other"],
      ["--config", JSON.stringify(config), "-e", "A=option", "--env", "C=x=y"],
      ["--entrypoint", "/bin/sh -c 'a b'", "--cmd", '["x", "y z"]', "-u", "1000:100"],
      ["-w", "/data", "--expose", "8000", "--expose", "53/udp", "--label", "c=d=e"],
      ["--created", "2026-01-31T12:00:00Z", "--platform", "linux/arm64"],
    ].flat();
    const image = await inspected(...args, ...appStore().options);
    expect(image.references).toEqual(["registry.example:5000/team/app:1.0", "other:latest"]);
    expect(runtimeOf(image)).toEqual({
      Cmd: ["x", "y z"],
      Entrypoint: ["/bin/sh", "-c", "a b"],
      Env: [`PATH=${APP}/bin`, "A=option", "B=1", "C=x=y"],
      ExposedPorts: { "53/udp": {}, "8000/tcp": {} },
      Labels: { a: "b", c: "d=e" },
      StopSignal: "SIGINT",
      User: "1000:100",
      WorkingDir: "/data",
    });
    expect(image.config).toMatchObject({
      architecture: "arm64",
      created: "2026-01-31T12:00:00+00:00",
    });
  });

  it("take a config from a file", async () => {
    const { root, options } = appStore();
    const file = write(root, "config.json", { Cmd: ["/x"], Env: ["PATH=/mine"] });
    const image = await inspected(APP, "--config", file, ...options);
    expect(runtimeOf(image)).toEqual({ Cmd: ["/x"], Env: ["PATH=/mine"] });
  });

  it("say how it is layered", async () => {
    const { root, options } = appStore();
    const one = await inspected(APP, TOOL, "--max-layers", "1", ...options);
    expect(one.layers.map(({ paths }) => paths.length)).toEqual([3]);
    const pipeline = write(root, "pipeline.json", [["popularity_contest"], ["limit_layers", 2]]);
    const two = await inspected(APP, TOOL, "--pipeline", pipeline, ...options);
    expect(two.layers.map(({ paths }) => paths.length)).toEqual([1, 2]);
    const ignore = write(root, "ignore", `${LIBC}\n`);
    const without = await inspected(APP, "--ignore", ignore, ...options);
    expect(without.layers.map(({ paths }) => paths)).toEqual([[APP]]);
  });

  it("change the bytes of its layers", async () => {
    const { options } = appStore();
    const layersOf = async (...args: string[]): Promise<string[]> =>
      (await inspected(DATA, ...args, ...options)).layers.map(({ diffId }) => diffId);
    const plain = await layersOf();
    const same = ["--uid", "0", "--gname", "root", "--mtime", "1970-01-01T00:00:01Z"];
    expect(await layersOf(...same)).toEqual(plain);
    for (const args of [
      ["--uid", "1"],
      ["--gid", "1"],
      ["--uname", "x"],
      ["--gname", "x"],
    ]) {
      expect(await layersOf(...args)).not.toEqual(plain);
    }
    expect(await layersOf("--mtime", "2020-01-01")).not.toEqual(plain);
  });

  it.each<[string, string[], number, string]>([
    ["a wrong name", ["-t", "Name"], 2, '"Name" is not a valid image name'],
    ["a variable without a value", ["-e", "A"], 2, '--env "A" is not NAME=VALUE'],
    ["a label without a value", ["--label", "=x"], 2, '--label "=x" is not NAME=VALUE'],
    ["a port by name", ["--expose", "http"], 2, '--expose "http" is not a port'],
    ["a port too high", ["--expose", "65536"], 2, '--expose "65536" is not a port'],
    ["a platform of one word", ["--platform", "arm64"], 2, "at platform: expected a platform"],
    ["a config with another key", ["--config", '{"env":[]}'], 2, 'did you mean "Env"?'],
    ["a config that is no JSON", ["--config", "{"], 2, "--config is not JSON"],
    ["a config that is not there", ["--config", "nowhere"], 2, "nowhere cannot be read"],
    ["a command of numbers", ["--cmd", "[1]"], 2, "--cmd takes words, or a JSON list of strings"],
    ["a quote without an end", ["--cmd", "'a"], 2, "--cmd: the quoting of 'a has no end"],
    ["a wrong date", ["--created", "never"], 2, 'created "never" is not a date'],
    ["another strategy", ["--strategy", "best"], 2, 'there is no layering strategy "best"'],
    ["a base that is not there", ["--from-image", "nowhere.tar"], 1, "nowhere.tar"],
  ])("%s is refused before anything is done", async (_what, args, expected, message) => {
    // Nothing is built for it: an installable would need Nix, which is not there.
    const source = args[0] === "--from-image" ? DATA : ".#app";
    const command = ["inspect", source, ...args, ...appStore().options];
    const { status, stdout, stderr } = await runHere(...command);
    expect(stderr).toContain(message);
    expect(stderr).not.toMatch(/\n\s+at /);
    expect({ status, stdout }).toEqual({ status: expected, stdout: "" });
  });
});

describe("a recipe", () => {
  const RECIPE = {
    name: "team/service",
    tag: "3",
    contents: [{ nix: ["./result", DATA] }],
    config: { Env: ["A=recipe", "B=recipe"], Cmd: ["/serve"], ExposedPorts: { "80/tcp": {} } },
    layers: { max: 1 },
    created: "2020-01-01T00:00:00Z",
    owner: { uid: 7 },
  };

  it.each([
    ["recipe.json", JSON.stringify(RECIPE)],
    [
      "varve.config.ts",
      `import { defineImage } from "varve";\nexport default defineImage(${JSON.stringify(RECIPE)});`,
    ],
    ["varve.config.mjs", `export default ${JSON.stringify(RECIPE)};`],
  ])("%s describes an image", (name, text) => {
    const { file, options } = withRecipe(name, text);
    // The program itself loads modules: the test runner would do it in its own way.
    const { status, stdout, stderr } = runVarve(["inspect", "--json", file, ...options]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    const image = JSON.parse(stdout.toString()) as Inspection;
    expect(image.references).toEqual(["team/service:3"]);
    expect(runtimeOf(image)).toEqual({
      Cmd: ["/serve"],
      Env: [`PATH=${APP}/bin`, "A=recipe", "B=recipe"],
      ExposedPorts: { "80/tcp": {} },
    });
    expect(image.layers).toHaveLength(1);
    expect(image.config["created"]).toBe("2020-01-01T00:00:00+00:00");
  });

  it("gives way to options", async () => {
    const { file, options } = withRecipe("recipe.json", JSON.stringify(RECIPE));
    const changes = [
      ["-t", "mine", "-e", "B=option", "--expose", "81", "--max-layers", "9"],
      ["--created", "now", "--uid", "0"],
    ].flat();
    const image = await inspected(file, ...changes, ...options);
    expect(image.references).toEqual(["mine:latest"]);
    expect(runtimeOf(image)).toEqual({
      Cmd: ["/serve"],
      Env: [`PATH=${APP}/bin`, "A=recipe", "B=option"],
      ExposedPorts: { "80/tcp": {}, "81/tcp": {} },
    });
    expect(image.layers).toHaveLength(3);
    expect(image.config["created"]).not.toBe("2020-01-01T00:00:00+00:00");
  });

  it.each<[string, object, string]>([
    ["a key misspelt", { layer: { max: 1 } }, 'there is no key "layer"; did you mean "layers"?'],
    ["a name that is none", { name: "Team" }, '"Team:3" is not a valid image name'],
    ["a date that is none", { created: "x" }, 'created "x" is not a date'],
    ["a pipeline that is none", { layers: { pipeline: [["x"]] } }, "there is no such step"],
  ])("is refused with %s", async (_what, more, message) => {
    const { file, options } = withRecipe("recipe.json", JSON.stringify({ ...RECIPE, ...more }));
    const { status, stderr } = await runHere("plan", file, ...options);
    expect(stderr).toContain(message);
    expect(status).toBeGreaterThan(0);
  });

  it("stands alone", async () => {
    const { file, options } = withRecipe("recipe.json", JSON.stringify(RECIPE));
    const { status, stderr } = await runHere("plan", file, APP, ...options);
    expect(stderr).toContain(`${file} is a recipe, which stands alone`);
    expect(status).toBe(2);
  });
});

describe("a base image", () => {
  it("lies below, and has its programs found after the image's own", async () => {
    const { root, options } = appStore();
    const base = path.join(root, "base.tar.gz");
    const env = ["-e", "PATH=/usr/bin:/bin", "-e", "A=base", "-e", "B=base"];
    await runHere("build", DATA, "-o", base, "--cmd", "x", "-u", "9", ...env, ...options);
    const below = await inspected(base);
    const image = await inspected(APP, "--from", base, "-e", "B=own", ...options);
    expect(image.layers.slice(0, 1).map(({ diffId }) => diffId)).toEqual(
      below.layers.map(({ diffId }) => diffId),
    );
    expect(runtimeOf(image)).toEqual({
      Cmd: [`${APP}/bin/app`],
      Env: [`PATH=${APP}/bin:/usr/bin:/bin`, "A=base", "B=own"],
      User: "9",
    });
    expect(await inspected(APP, "--from-image", base, "-e", "B=own", ...options)).toEqual(image);
  });

  it("is named once", async () => {
    const { options } = appStore();
    const twice = ["--from", "a.tar", "--from-image", "a.tar"];
    const { status, stderr } = await runHere("inspect", APP, ...twice, ...options);
    expect(stderr).toContain("--from and --from-image both name a base");
    expect(status).toBe(2);
  });

  it("takes its layers from the limit", async () => {
    const { root, options } = appStore();
    const base = path.join(root, "base.tar");
    await runHere("build", DATA, LIBC, "-o", base, ...options);
    const args = ["plan", APP, "--from", base, ...options, "--max-layers"];
    expect((await runHere(...args, "3")).stdout).toContain(
      "\n1 layer, 1 path, 3.00 kB, 1 left out",
    );
    const { status, stderr } = await runHere(...args, "2");
    expect(stderr).toContain("the base image has 2 layers");
    expect(status).toBe(1);
  });
});

describe("a graph", () => {
  const GRAPH = [
    { path: APP, references: [LIBC], narSize: 3000 },
    { path: TOOL, references: [LIBC], narSize: 2000 },
    { path: LIBC, references: [], narSize: 5000 },
  ];

  it("describes what a store without a database has", async () => {
    const { root, options } = appStore();
    const { imageId, layers } = await inspected(APP, TOOL, ...options);
    fs.rmSync(path.join(root, "nix/var"), { recursive: true });
    const graph = write(root, "graph.json", GRAPH);
    const image = await inspected("--graph", graph, APP, TOOL, ...options);
    expect(image).toMatchObject({ imageId, layers });
    const byRoots = await inspected("--graph", graph, ...options);
    expect(byRoots.layers).toEqual(layers);
    // Nothing says which of its roots is the one to run: it is the first by name of its path.
    expect(byRoots.references).toEqual([APP < TOOL ? "app:latest" : "tool:latest"]);
  });

  it("holds its sources", async () => {
    const { root, options } = appStore();
    const graph = write(root, "graph.json", GRAPH);
    for (const source of [DATA, ".#app"]) {
      const { status, stderr } = await runHere("inspect", "--graph", graph, source, ...options);
      expect(stderr).toContain(`${source} is not a store path in ${graph}`);
      expect(status).toBe(2);
    }
    const conf = await runHere("inspect", "--graph", graph, "--conf", "x", ...options);
    expect(conf.stderr).toContain("--conf and --graph both say what is in the image");
  });
});

describe("a conf", () => {
  it("is recognised among recipes, and decides everything but the name", async () => {
    const { root, options } = appStore();
    const conf = writeConf(root, { store_layers: [[LIBC], [APP]] });
    const byOption = await inspected("--conf", conf, ...options);
    expect(await inspected(conf, ...options)).toEqual(byOption);
    expect(byOption.references).toEqual(["test:latest"]);
    const renamed = await inspected(conf, "-t", "other:1", ...options);
    expect(renamed).toEqual({ ...byOption, references: ["other:1"] });
    const { status, stderr } = await runHere("inspect", conf, "--max-layers", "3", ...options);
    expect(stderr).toContain("--max-layers cannot change an image that dockerTools describes");
    expect(status).toBe(2);
  });

  it("finds its base in the store that it lies in", async () => {
    const { root, locate, options } = appStore();
    const base = storePath("base.tar");
    await runHere("build", DATA, "-o", locate(base), "--compression", "none", ...options);
    const conf = writeConf(root, { store_layers: [[APP]], from_image: base });
    expect((await inspected(conf, ...options)).layers).toHaveLength(3);
  });
});

describe("what is not there", () => {
  const UNBUILT = storePath("unbuilt");

  it.each<[string, string[], number, string]>([
    ["a path that the store lacks", [UNBUILT], 1, `${UNBUILT} is not valid in the Nix store`],
    ["no store path", ["/nix/store/hello"], 1, "/nix/store/hello is not a store path"],
    ["a file that is not there", ["./app"], 1, 'there is no "./app"'],
    ["a recipe that is not there", ["varve.config.ts"], 1, 'there is no "varve.config.ts"'],
    ["a flake where there is no Nix", [".#app"], 1, "nix is not on the PATH"],
    ["nothing", [], 2, "nothing says what is in the image"],
    ["two descriptions", ["--conf", "x.json", APP], 2, "both say what is in the image"],
  ])("%s", async (_what, args, expected, message) => {
    workIn(temporaryFolder());
    const command = ["inspect", ...args, ...appStore().options];
    const { status, stdout, stderr } = await runHere(...command);
    expect(stderr).toContain(message);
    expect({ status, stdout }).toEqual({ status: expected, stdout: "" });
  });

  it("is a path that the store has lost", async () => {
    const { locate, options } = appStore();
    fs.rmSync(locate(LIBC));
    const { status, stderr } = await runHere("plan", APP, ...options);
    expect(stderr).toContain(`${LIBC} is registered in the store, but not on disk`);
    expect(status).toBe(1);
  });

  it("is a store", async () => {
    const { status, stderr } = await runHere("plan", APP, "--store-root", temporaryFolder());
    expect(stderr).toContain("there is no Nix store at ");
    expect(status).toBe(1);
  });
});
