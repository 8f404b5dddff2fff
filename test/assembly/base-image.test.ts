import * as fs from "node:fs";
import path from "node:path";
import { afterAll, describe, expect, it, onTestFinished } from "vitest";
import { openBase } from "../../src/assembly/base-image.ts";
import { imageFromRecipe } from "../../src/assembly/from-recipe.ts";
import type { RecipeImageOptions } from "../../src/assembly/from-recipe.ts";
import { archiveBytes, dockerArchive } from "../../src/archives/docker-archive.ts";
import { storeSource } from "../../src/assembly/store-layers.ts";
import type { Image } from "../../src/image/image.ts";
import { digestOf } from "../../src/image/digest.ts";
import { OciLayout } from "../../src/oci-layout/oci-layout.ts";
import { Packer } from "../../src/packing/packer.ts";
import { WorkerPool } from "../../src/packing/workers/pool.ts";
import type { Recipe } from "../../src/recipe/recipe.ts";
import { Registries } from "../../src/registry/registries.ts";
import { closureOfInfos } from "../../src/sources/nix/path-info.ts";
import { parseRemoteReference } from "../../src/image/reference.ts";
import { storePath } from "../sources/nix/support/test-store.ts";
import { failureOf } from "../support/failures.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { bytesOf, tarOf, TEST_REGISTRY, TestRepository } from "./support/stored-images.ts";
import type { TestImage } from "./support/stored-images.ts";

const pool = new WorkerPool(1);
const packer = new Packer({ pool });
afterAll(() => pool.close());

const [APP, LIBC] = ["app", "libc"].map(storePath) as [string, string];
const closure = closureOfInfos([
  { path: APP, references: [LIBC], narSize: 30 },
  { path: LIBC, references: [], narSize: 50 },
]);

const BASE: TestImage = {
  layers: [
    { tar: tarOf("a"), coding: "gzip" },
    { tar: tarOf("b"), coding: "zstd" },
  ],
  config: {
    created: "2024-01-01T00:00:00Z",
    config: { Env: ["PATH=/usr/bin:/bin"], Cmd: ["sh"], User: "9", Labels: { a: "1" } },
    history: [
      { created: "2024-01-01T00:00:00Z", created_by: "ADD rootfs" },
      { created: "2024-01-01T00:00:00Z", created_by: "ENV A", empty_layer: true },
      { created: "2024-01-01T00:00:00Z", created_by: "RUN make" },
    ],
  },
};

async function imageOn(
  base: string,
  changes: Partial<Recipe> = {},
  options: RecipeImageOptions = {},
): Promise<Image> {
  const recipe = {
    contents: [{ nix: [APP] }],
    config: {},
    layers: {},
    owner: {},
    platform: "linux/amd64",
    ...changes,
    base,
  };
  const root = temporaryFolder();
  const locate = (logical: string): string => path.join(root, path.basename(logical));
  for (const { id } of closure) fs.writeFileSync(locate(id), id, { mode: 0o444 });
  const view = { storeDir: "/nix/store", locate, contentHashOf: () => undefined };
  const places = { registry: TEST_REGISTRY };
  const { image, close } = await imageFromRecipe(recipe, [storeSource(closure, view)], packer, {
    env: {},
    places,
    ...options,
  });
  onTestFinished(close);
  return image;
}

async function configOf(image: Image): Promise<Record<string, unknown>> {
  return JSON.parse((await image.config()).toString()) as Record<string, unknown>;
}

async function nameOf(base: string): Promise<string | undefined> {
  return (await imageOn(base)).annotations?.["org.opencontainers.image.base.name"];
}

describe("an image on a base in a registry", () => {
  it("takes over its layers, its config and its history without fetching a layer", async () => {
    const base = await TestRepository.start();
    const digest = base.put(BASE, "1");
    const image = await imageOn(`${base.name}:1`, { config: { Labels: { b: "2" } } });
    const config = await configOf(image);
    expect(base.fetched()).toHaveLength(1);
    expect(config["config"]).toEqual({
      Env: ["PATH=/usr/bin:/bin"],
      Cmd: ["sh"],
      User: "9",
      Labels: { a: "1", b: "2" },
    });
    const history = config["history"] as Array<Record<string, unknown>>;
    expect(history.map((step) => step["created_by"] ?? step["comment"])).toEqual([
      "ADD rootfs",
      "ENV A",
      "RUN make",
      `store paths: ['${LIBC}']`,
      `store paths: ['${APP}']`,
    ]);
    const withLayers = history.filter((step) => step["empty_layer"] !== true);
    expect(withLayers).toHaveLength(image.layers.length);
    expect((config["rootfs"] as { diff_ids: string[] }).diff_ids.slice(0, 2)).toEqual(
      BASE.layers!.map(({ tar }) => digestOf(tar)),
    );
    expect(image.annotations).toEqual({
      "org.opencontainers.image.base.name": `${base.name}:1`,
      "org.opencontainers.image.base.digest": digest,
    });
  });

  it("is an archive with the base's layers, decompressed, each fetched once", async () => {
    const base = await TestRepository.start();
    base.put(BASE, "1");
    const image = await imageOn(`${base.name}:1`);
    const archive = await bytesOf(archiveBytes(dockerArchive(image, [])));
    for (const { tar } of BASE.layers!) expect(archive.includes(tar)).toBe(true);
    expect(archive.toString("latin1")).toContain("org.opencontainers.image.base.digest");
    expect(base.fetched()).toHaveLength(3);
  });

  it("does not pack what the base has already", async () => {
    const base = await TestRepository.start();
    const tar = tarOf("nix");
    const comment = `store paths: ['${LIBC}']`;
    const history = [{ comment }, { comment: "store paths: ['/nix/store/x-customisation-layer']" }];
    const layers = [
      { tar, coding: "gzip" },
      { tar: tarOf("custom"), coding: "gzip" },
    ] as const;
    base.put({ layers, config: { history } }, "1");
    const image = await imageOn(`${base.name}:1`);
    expect(image.layers.slice(2).map(({ paths }) => paths)).toEqual([[APP]]);
    base.put(
      {
        layers: [layers[0]],
        config: { history: [{ comment: comment.replace("]", `, '${APP}']`) }] },
      },
      "2",
    );
    expect((await imageOn(`${base.name}:2`)).layers).toHaveLength(1);
  });

  it("knows what is in a base only by names that say their content", async () => {
    const base = await TestRepository.start();
    const custom = `${storePath("app")}-customisation-layer`;
    const comment = `store paths: ['${LIBC}', '/app', '/app/node_modules/x', '${custom}']`;
    base.put(
      { layers: [{ tar: tarOf("a"), coding: "gzip" }], config: { history: [{ comment }] } },
      "1",
    );
    const { storePaths, close } = await openBase(`${base.name}:1`, { registry: TEST_REGISTRY });
    expect([...storePaths]).toEqual([LIBC]);
    close();
  });

  it("describes layers of a base whose history does not fit them", async () => {
    const base = await TestRepository.start();
    base.put({ ...BASE, config: { history: [{ created_by: "squashed" }] } }, "1");
    const history = (await configOf(await imageOn(`${base.name}:1`)))["history"];
    expect(history).toMatchObject([{ comment: "base image" }, { comment: "base image" }, {}, {}]);
  });

  it("keeps what its base says of its processor", async () => {
    const base = await TestRepository.start();
    base.put({ architecture: "arm64", config: { variant: "v8" } }, "1");
    const image = await imageOn(`${base.name}:1`, { platform: "linux/arm64" });
    expect(await configOf(image)).toMatchObject({ architecture: "arm64", variant: "v8" });
  });

  it("finds programs of a base that names no PATH", async () => {
    const base = await TestRepository.start();
    base.put({}, "1");
    const image = await imageOn(`${base.name}:1`, {}, { defaults: { programFolders: ["/a/bin"] } });
    expect(image.runtime.Env?.[0]).toMatch(/^PATH=\/a\/bin:\/usr\/local\/sbin:.*:\/bin$/);
  });

  it("is of the platform that is wanted", async () => {
    const base = await TestRepository.start();
    const [amd64, arm64] = ["amd64", "arm64"].map((architecture) =>
      base.put({ ...BASE, architecture }),
    );
    const index: Array<[string, string]> = [
      [amd64!, "linux/amd64"],
      [arm64!, "linux/arm64"],
    ];
    base.putIndex(index, "1");
    const image = await imageOn(`${base.name}:1`, { platform: "linux/arm64" });
    expect(image).toMatchObject({ architecture: "arm64" });
    // The image's own digest: an index may get further images.
    expect(image.annotations?.["org.opencontainers.image.base.digest"]).toBe(arm64);
    const absent = await failureOf(imageOn(`${base.name}:1`, { platform: "linux/s390x" }));
    expect(absent.hint).toContain("linux/amd64, linux/arm64");
    const other = await failureOf(imageOn(`${base.name}@${arm64}`, { platform: "linux/amd64" }));
    expect(other.message).toBe(`${base.name}@${arm64} is for linux/arm64, not for linux/amd64`);
  });

  it("names its base as everybody knows it", async () => {
    const base = await TestRepository.start();
    const digest = base.put(BASE, "1");
    expect(await nameOf(`docker://${base.name}:1`)).toBe(`${base.name}:1`);
    expect(await nameOf(`${base.name}:1@${digest}`)).toBe(`${base.name}:1`);
    expect(await nameOf(`${base.name}@${digest}`)).toBe(`${base.name}@${digest}`);
  });

  it("does without a base that cannot be had", async () => {
    const base = await TestRepository.start();
    expect((await failureOf(imageOn(`${base.name}:gone`))).code).toBe("IMAGE_UNKNOWN");
  });
});

describe("an image on a base in an OCI layout", () => {
  it("is the same as on that in the registry, but for its name", async () => {
    const base = await TestRepository.start();
    const digest = base.put(BASE, "1");
    const folder = path.join(temporaryFolder(), "layout");
    const layout = OciLayout.create(folder);
    const registries = new Registries(TEST_REGISTRY);
    onTestFinished(() => {
      registries.close();
    });
    const source = await registries.source(parseRemoteReference(`${base.name}:1`));
    const { bytes, mediaType } = (await source.readManifest("1"))!;
    const { config, layers } = base.registry.image(base.path, "1")!;
    for (const blob of [config, ...layers]) await layout.takeBlob(blob, source);
    await layout.putManifest("1.0", bytes, mediaType);
    const [there, here] = await Promise.all([imageOn(`${base.name}:1`), imageOn(`${folder}:1.0`)]);
    expect(await here.config()).toEqual(await there.config());
    expect(here.annotations).toEqual({ "org.opencontainers.image.base.digest": digest });
    const fetched = base.fetched().length;
    for (const [index, layer] of here.layers.slice(0, 2).entries()) {
      expect((await bytesOf(layer.stream())).equals(BASE.layers![index]!.tar)).toBe(true);
    }
    expect(base.fetched()).toHaveLength(fetched);
  });
});
