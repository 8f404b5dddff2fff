import * as fs from "node:fs";
import path from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { imageFromRecipe, planFor } from "../../src/assembly/from-recipe.ts";
import type { RecipeImageOptions } from "../../src/assembly/from-recipe.ts";
import { storeSource } from "../../src/assembly/store-layers.ts";
import type { Image } from "../../src/image/image.ts";
import { Packer } from "../../src/packing/packer.ts";
import { WorkerPool } from "../../src/packing/workers/pool.ts";
import type { Recipe } from "../../src/recipe/recipe.ts";
import { closureOfInfos } from "../../src/sources/nix/path-info.ts";
import { storePath } from "../sources/nix/support/test-store.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { writeArchiveOf } from "./support/base-archive.ts";

const pool = new WorkerPool(1);
const packer = new Packer({ pool });
afterAll(() => pool.close());

const [APP, LIB, LIBC] = ["app", "lib", "libc"].map(storePath) as [string, string, string];
const closure = closureOfInfos([
  { path: APP, references: [LIB, LIBC], narSize: 30 },
  { path: LIB, references: [LIBC], narSize: 5 },
  { path: LIBC, references: [], narSize: 50 },
]);

function recipe(changes: Partial<Recipe> = {}): Recipe {
  return { contents: [{ nix: [APP] }], config: {}, layers: {}, owner: {}, ...changes };
}

function withEnv(...entries: string[]): Partial<Recipe> {
  return { config: { Env: entries } };
}

function planned(layers: Recipe["layers"]): (readonly string[])[] {
  const view = { storeDir: "/nix/store", locate: String, contentHashOf: () => undefined };
  const stack = planFor(recipe({ layers }), [storeSource(closure, view)]);
  return stack.map((layer) => layer.planned.paths);
}

/** The image of a recipe; its layers may be asked for all but their bytes. */
async function imageOf(
  changes: Partial<Recipe> = {},
  options: RecipeImageOptions = { env: {} },
): Promise<Image> {
  const view = { storeDir: "/nix/store", locate: String, contentHashOf: () => undefined };
  const { image, close } = await imageFromRecipe(
    recipe(changes),
    [storeSource(closure, view)],
    packer,
    options,
  );
  close();
  return image;
}

/** The image of a recipe whose paths are files in a folder. */
async function wholeImage(changes: Partial<Recipe>, options?: RecipeImageOptions): Promise<Image> {
  const root = temporaryFolder();
  const locate = (logical: string): string => path.join(root, path.basename(logical));
  for (const { id } of closure) fs.writeFileSync(locate(id), id, { mode: 0o444 });
  const view = { storeDir: "/nix/store", locate, contentHashOf: () => undefined };
  return (await imageFromRecipe(recipe(changes), [storeSource(closure, view)], packer, options))
    .image;
}

async function configOf(image: Image): Promise<Record<string, unknown>> {
  return JSON.parse((await image.config()).toString()) as Record<string, unknown>;
}

describe("an image from a recipe", () => {
  it("holds the closure, and says what is in each layer", async () => {
    const image = await wholeImage({ layers: { max: 2 } }, { env: {} });
    expect(image.layers.map(({ paths }) => paths)).toEqual([[LIBC], [APP, LIB]]);
    const config = await configOf(image);
    const identities = await Promise.all(image.layers.map((layer) => layer.identity()));
    expect(config).toEqual({
      created: "1970-01-01T00:00:01+00:00",
      architecture: process.arch === "arm64" ? "arm64" : "amd64",
      os: "linux",
      config: {},
      rootfs: { type: "layers", diff_ids: identities.map(({ diffId }) => diffId) },
      history: [
        { created: "1970-01-01T00:00:01+00:00", comment: `store paths: ['${LIBC}']` },
        { created: "1970-01-01T00:00:01+00:00", comment: `store paths: ['${APP}', '${LIB}']` },
      ],
    });
  });

  it("does not depend on the order in which a config was written", async () => {
    const a = { Env: ["A=1"], Cmd: ["x"], Labels: { a: "1", b: "2" } };
    const b = { Labels: { b: "2", a: "1" }, Cmd: ["x"], Env: ["A=1"] };
    const bytes = await Promise.all(
      [a, b].map(async (config) => (await wholeImage({ config }, { env: {} })).config()),
    );
    expect(bytes[0]).toEqual(bytes[1]);
    expect(bytes[0]!.toString()).toMatch(/"Cmd"[^]*"Env"[^]*"Labels"/);
  });

  it.each<[string, Partial<Recipe>, NodeJS.ProcessEnv, string]>([
    ["by its recipe", { created: "2020-02-29T01:02:03Z" }, {}, "2020-02-29T01:02:03+00:00"],
    ["by SOURCE_DATE_EPOCH", {}, { SOURCE_DATE_EPOCH: "0" }, "1970-01-01T00:00:00+00:00"],
    [
      "by its recipe first",
      { created: "2020-01-01" },
      { SOURCE_DATE_EPOCH: "0" },
      "2020-01-01T00:00:00+00:00",
    ],
    ["by nothing", {}, {}, "1970-01-01T00:00:01+00:00"],
    ["by no nonsense", {}, { SOURCE_DATE_EPOCH: "now" }, "1970-01-01T00:00:01+00:00"],
  ])("is dated %s", async (_what, changes, env, created) => {
    expect((await configOf(await wholeImage(changes, { env })))["created"]).toBe(created);
  });

  it("is for the platform that its recipe names", async () => {
    expect(await imageOf({ platform: "linux/arm64" })).toMatchObject({
      os: "linux",
      architecture: "arm64",
    });
  });

  it("says in its archive when its files were made", async () => {
    expect((await imageOf({ mtime: "1970-01-01T00:01:00Z" })).archiveTime).toBe(60);
  });
});

describe("what runs", () => {
  const defaults = { cmd: ["/app"] };

  it.each([
    ["a base's init stays", ["/usr/bin/tini", "-g", "--"], ["/usr/bin/tini", "-g", "--"]],
    ["a base's program does not", ["/entrypoint.sh"], undefined],
    ["nor does one that its init starts", ["/usr/bin/tini", "--", "/entrypoint.sh"], undefined],
  ])("is what the contents say: %s", async (_, Entrypoint, expected) => {
    const base = writeArchiveOf(temporaryFolder(), { config: { Entrypoint, Cmd: ["sh"] } });
    const { runtime } = await imageOf({ base }, { defaults });
    expect(runtime.Entrypoint).toEqual(expected);
    expect(runtime.Cmd).toEqual(["/app"]);
  });
});

describe("the contents' init", () => {
  const init = ["/usr/bin/tini", "--"];
  const started = async (config: Recipe["config"], base?: string): Promise<unknown> => {
    const image = await imageOf(
      { config, ...(base === undefined ? {} : { base }) },
      { defaults: { entrypoint: init } },
    );
    return image.runtime.Entrypoint;
  };

  it("starts the command that the recipe names, unless that is the init, or another starts it", async () => {
    expect(await started({ Cmd: ["/app"] })).toEqual(init);
    expect(await started({ Cmd: [...init, "/app"] })).toBeUndefined();
    expect(await started({ Entrypoint: ["/run"], Cmd: ["/app"] })).toEqual(["/run"]);
    expect(await started({})).toBeUndefined();
    const base = writeArchiveOf(temporaryFolder(), { config: { Entrypoint: ["/entrypoint.sh"] } });
    expect(await started({ Cmd: ["/app"] }, base)).toEqual(["/entrypoint.sh"]);
  });
});

describe("the environment", () => {
  const folders = { env: {}, defaults: { programFolders: ["/a/bin", "/b/bin"] } };

  it("begins with the programs' folders, if there are any", async () => {
    expect((await imageOf(withEnv("A=1"), folders)).runtime.Env).toEqual([
      "PATH=/a/bin:/b/bin",
      "A=1",
    ]);
    expect((await imageOf()).runtime).toEqual({});
    expect((await imageOf(withEnv("A=1"))).runtime.Env).toEqual(["A=1"]);
  });

  it("has the PATH that the recipe says", async () => {
    const image = await imageOf(withEnv("A=1", "PATH=/mine"), folders);
    expect(image.runtime.Env).toEqual(["PATH=/mine", "A=1"]);
  });

  it("has each name once, the later value in the earlier place", async () => {
    const image = await imageOf(withEnv("A=1", "B=1", "A=2"));
    expect(image.runtime.Env).toEqual(["A=2", "B=1"]);
  });

  it("is inherited from a base, PATH behind one's own", async () => {
    const base = writeArchiveOf(temporaryFolder(), {
      config: { Env: ["PATH=/usr/bin:/bin", "A=base", "B=base"], Cmd: ["sh"], User: "9" },
    });
    const image = await imageOf({ ...withEnv("B=own"), base }, folders);
    expect(image.runtime.Env).toEqual(["PATH=/a/bin:/b/bin:/usr/bin:/bin", "A=base", "B=own"]);
    const plain = await imageOf({ base });
    expect(plain.runtime.Env).toEqual(["PATH=/usr/bin:/bin", "A=base", "B=base"]);
    expect((await imageOf({ ...withEnv("PATH=/x"), base }, folders)).runtime.Env![0]).toBe(
      "PATH=/x",
    );
  });
});

describe("the layers", () => {
  it("of a base come first, and count", async () => {
    const base = writeArchiveOf(temporaryFolder(), { layers: 2 });
    const image = await imageOf({ base, layers: { max: 4 } });
    expect(image.layers.map(({ paths }) => paths).slice(2)).toEqual([[LIBC], [APP, LIB]]);
    expect(image.layers).toHaveLength(4);
    await expect(imageOf({ base, layers: { max: 2 } })).rejects.toThrow(
      expect.objectContaining({ code: "MAX_LAYERS_TOO_SMALL" }),
    );
  });

  it("are at most 125", async () => {
    const base = writeArchiveOf(temporaryFolder(), { layers: 123 });
    await expect(imageOf({ base, layers: { max: 200 } })).rejects.toThrow(
      expect.objectContaining({ code: "TOO_MANY_LAYERS" }),
    );
    expect((await imageOf({ base, layers: { max: 125 } })).layers).toHaveLength(125);
  });

  it("are planned as the recipe says", () => {
    expect(planned({})).toHaveLength(3);
    expect(planned({ strategy: "popularity-contest", max: 2 })).toEqual([[LIBC], [LIB, APP]]);
    expect(planned({ pipeline: [["flatten"]] })).toHaveLength(1);
    expect(planned({ ignore: [LIBC, storePath("another")] }).flat()).not.toContain(LIBC);
  });

  it("need a base that is there", async () => {
    await expect(imageOf({ base: "/nonexistent/base.tar" })).rejects.toThrow(
      "/nonexistent/base.tar",
    );
  });
});
