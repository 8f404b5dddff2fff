import * as fs from "node:fs";
import path from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { imageFromConf } from "../../src/assembly/from-conf.ts";
import type { OpenImage } from "../../src/assembly/open-image.ts";
import { Packer } from "../../src/packing/packer.ts";
import { WorkerPool } from "../../src/packing/workers/pool.ts";
import { readConf } from "../../src/recipe/dockertools-conf.ts";
import { NixStore } from "../../src/sources/nix/store.ts";
import { storePath } from "../sources/nix/support/test-store.ts";
import { writeConf } from "../support/conf.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { writeArchiveOf } from "./support/base-archive.ts";

const pool = new WorkerPool(1);
const packer = new Packer({ pool });
afterAll(() => pool.close());

const [APP, LIBC] = ["app", "libc"].map(storePath) as [string, string];

/** A folder that stands in for `/`, with two store paths. */
function root(): string {
  const folder = temporaryFolder();
  for (const name of [APP, LIBC]) {
    fs.mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    fs.writeFileSync(path.join(folder, name), name, { mode: 0o444 });
  }
  return folder;
}

async function imageOf(folder: string, changes: object = {}): Promise<OpenImage> {
  const conf = readConf(writeConf(folder, { store_layers: [[LIBC], [APP]], ...changes }));
  const { storeDir, locate } = new NixStore({ storeRoot: folder, storeDir: conf.store_dir }, {});
  return imageFromConf(conf, packer, { storeDir, locate, contentHashOf: () => undefined });
}

describe("an image from a conf", () => {
  it("has the config that dockerTools' script writes, byte for byte", async () => {
    const folder = root();
    const { image } = await imageOf(folder, {
      architecture: "arm64",
      os: "another",
      config: { Env: ["B=ü", "A=1", "B=2"], Cmd: ["x"], StopTimeout: 1.0 },
      created: "2020-01-31T12:00:00+01:00",
    });
    const diffIds = await Promise.all(
      image.layers.map(async (layer) => (await layer.identity()).diffId),
    );
    const customisation = path.join(folder, "customisation-layer");
    expect((await image.config()).toString()).toBe(`{
    "created": "2020-01-31T12:00:00+01:00",
    "architecture": "arm64",
    "os": "linux",
    "config": {
        "Env": [
            "B=\\u00fc",
            "A=1",
            "B=2"
        ],
        "Cmd": [
            "x"
        ],
        "StopTimeout": 1
    },
    "rootfs": {
        "diff_ids": [
            "${diffIds[0]}",
            "${diffIds[1]}",
            "${diffIds[2]}"
        ],
        "type": "layers"
    },
    "history": [
        {
            "created": "2020-01-31T12:00:00+01:00",
            "comment": "store paths: ['${LIBC}']"
        },
        {
            "created": "2020-01-31T12:00:00+01:00",
            "comment": "store paths: ['${APP}']"
        },
        {
            "created": "2020-01-31T12:00:00+01:00",
            "comment": "store paths: ['${customisation}']"
        }
    ]
}`);
  });

  it("lies on its base, of which it inherits the environment alone", async () => {
    const folder = root();
    const base = writeArchiveOf(temporaryFolder(), {
      layers: 2,
      config: { Env: ["A=base", "B=base"], User: "9", Cmd: ["sh"] },
    });
    const { image, close } = await imageOf(folder, {
      from_image: base,
      config: { Env: ["C=own", "A=own"] },
    });
    expect(image.layers).toHaveLength(5);
    expect(image.runtime).toEqual({ Env: ["A=own", "B=base", "C=own"] });
    const { history } = JSON.parse((await image.config()).toString()) as {
      history: Array<{ comment: string }>;
    };
    expect(history.map(({ comment }) => comment).slice(0, 3)).toEqual([
      "store paths: ['0.tar']",
      "store paths: ['1.tar']",
      `store paths: ['${LIBC}']`,
    ]);
    close();
  });

  it("finds its base and its customisation layer in a store elsewhere", async () => {
    const folder = root();
    const [base, custom] = ["base.tar", "image-customisation-layer"].map(storePath) as [
      string,
      string,
    ];
    fs.renameSync(writeArchiveOf(temporaryFolder(), {}), path.join(folder, base));
    const written = writeConf(folder, {});
    fs.renameSync(
      path.join(path.dirname(written), "customisation-layer"),
      path.join(folder, custom),
    );
    const { image, close } = await imageOf(folder, {
      from_image: base,
      customisation_layer: custom,
    });
    expect(image.layers).toHaveLength(4);
    expect(image.layers[3]).toMatchObject({ paths: [custom] });
    close();
  });

  it("has a store of another name", async () => {
    const folder = temporaryFolder();
    const own = APP.replace("/nix/store", "/srv/nix");
    fs.mkdirSync(path.join(folder, "nix/store"), { recursive: true });
    fs.writeFileSync(path.join(folder, own.replace("/srv/nix", "nix/store")), "x", { mode: 0o444 });
    const { image } = await imageOf(folder, { store_dir: "/srv/nix", store_layers: [[own]] });
    expect((await image.layers[0]!.identity()).size).toBe(10_240);
  });

  it.each<[string, object, string]>([
    [
      "a path outside the store",
      { store_layers: [["/etc"]] },
      "/etc is not in the store /nix/store",
    ],
    ["a path twice", { store_layers: [[APP], [LIBC, APP]] }, `the conf lists ${APP} twice`],
    [
      "no customisation layer",
      { customisation_layer: "/nonexistent" },
      "the customisation layer cannot be read",
    ],
    ["a base that is not there", { from_image: "/nonexistent.tar" }, "/nonexistent.tar"],
    ["a date that is none", { created: "yesterday" }, 'created "yesterday" is not a date'],
    ["a file date that is none", { mtime: "yesterday" }, 'mtime "yesterday" is not a date'],
  ])("is refused with %s", async (_what, changes, message) => {
    await expect(imageOf(root(), changes)).rejects.toThrow(message);
  });

  it("is refused with a checksum that is none", async () => {
    const folder = root();
    const file = writeConf(folder, { store_layers: [[APP]] });
    fs.writeFileSync(path.join(folder, "customisation-layer/checksum"), "no checksum\n");
    const view = { storeDir: "/nix/store", locate: String, contentHashOf: () => undefined };
    await expect(imageFromConf(readConf(file), packer, view)).rejects.toThrow(
      "does not hold a SHA-256",
    );
  });
});
