import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import path from "node:path";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { imageFromConf } from "../../src/assembly/from-conf.ts";
import type { OpenImage } from "../../src/assembly/open-image.ts";
import type { Layer } from "../../src/image/layer.ts";
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

const [APP, LIBC, ROOT] = ["app", "libc", "root"].map(storePath) as [string, string, string];

let folder: string;
beforeEach(() => {
  folder = temporaryFolder();
  for (const name of [APP, LIBC]) {
    fs.mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    fs.writeFileSync(path.join(folder, name), name, { mode: 0o444 });
  }
  for (const name of ["bin/serve", "bin/other", "tmp/kept"]) {
    const file = path.join(folder, ROOT, name);
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(file, name, { mode: 0o555 });
    fs.chmodSync(file, 0o555);
    fs.chmodSync(path.dirname(file), 0o555);
  }
});

async function imageOf(
  changes: object = {},
  hashes: Record<string, string> = {},
): Promise<OpenImage> {
  const conf = readConf(writeConf(folder, { store_layers: [], ...changes }));
  const { storeDir, locate } = new NixStore({ storeRoot: folder, storeDir: conf.store_dir }, {});
  return imageFromConf(conf, packer, { storeDir, locate, contentHashOf: (at) => hashes[at] });
}

/** What GNU tar lists of a layer: a line an entry. */
async function listed(layer: Layer): Promise<string[]> {
  const tar = path.join(temporaryFolder(), "layer.tar");
  fs.writeFileSync(tar, await bytesOf(layer));
  const text = execFileSync("tar", ["-P", "--numeric-owner", "-tvf", tar], {
    encoding: "utf8",
  });
  return text
    .trimEnd()
    .split("\n")
    .map((line) => line.replaceAll(/ +/g, " "));
}

async function bytesOf(layer: Layer): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of layer.stream()) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}

const diffIdsOf = async ({ image }: OpenImage): Promise<string[]> =>
  Promise.all(image.layers.map(async (layer) => (await layer.identity()).diffId));

const keysOf = ({ image }: OpenImage): unknown[] =>
  image.layers.map(({ contentKey }) => contentKey);

const HASHES = { [APP]: "sha256-app", [LIBC]: "sha256-libc", [ROOT]: "sha256-root" };
const WRONG = { diff_id: `sha256:${"0".repeat(64)}`, size: 10_240 };

describe("layers that a conf describes", () => {
  it("of whole store paths are those of store_layers, under the same content key", async () => {
    const plain = await imageOf({ store_layers: [[LIBC], [APP]] }, HASHES);
    const described = await imageOf({ layers: [{ paths: [LIBC] }], store_layers: [[APP]] }, HASHES);
    expect(await diffIdsOf(described)).toEqual(await diffIdsOf(plain));
    expect(keysOf(described)).toEqual(keysOf(plain));
    expect((await described.image.config()).equals(await plain.image.config())).toBe(true);
  });

  it("move trees to the root, above all others", async () => {
    const { image } = await imageOf({
      store_layers: [[APP]],
      root_layers: [{ trees: [{ from: ROOT }] }],
    });
    const top = await listed(image.layers.at(-1)!);
    expect(top.map((line) => line.split(" ").at(-1))).toEqual([
      "/bin/",
      "/bin/other",
      "/bin/serve",
      "/tmp/",
      "/tmp/kept",
    ]);
    expect(top[1]).toMatch(/^-r-xr-xr-x 0\/0 9 /);
  });

  it("have modes, owners and capabilities by pattern, of the path as it was or will be", async () => {
    const { image } = await imageOf({
      root_layers: [
        {
          trees: [{ from: ROOT }],
          perms: [
            { path: ROOT, regex: `^${ROOT}/tmp$`, mode: "1777" },
            { path: ROOT, regex: "^/tmp/", uid: "1001", gid: 1002 },
            { path: ROOT, regex: "/bin(/serve)?$", mode: "0755", capabilities: "cap_net_raw=ep" },
            { path: ROOT, regex: "bin", uid: 7 },
          ],
        },
      ],
    });
    const layer = image.layers.at(-1)!;
    const byName = new Map(
      (await listed(layer)).map((line): [string, string] => [line.split(" ").at(-1)!, line]),
    );
    expect(byName.get("/tmp/")).toMatch(/^drwxrwxrwt 0\/0 /);
    expect(byName.get("/tmp/kept")).toMatch(/^-r-xr-xr-x 1001\/1002 /);
    expect(byName.get("/bin/other")).toMatch(/^-r-xr-xr-x 7\/0 /);
    expect(byName.get("/bin/serve")).toMatch(/^-rwxr-xr-x 7\/0 /);
    // Of the program alone, not of the folder that the pattern finds, too.
    const tar = (await bytesOf(layer)).toString("latin1");
    expect(tar.split("SCHILY.xattr.security.capability=")).toHaveLength(2);
  });

  it("have modes and an owner throughout, if that is wanted of a tree", async () => {
    const { image } = await imageOf({
      root_layers: [{ trees: [{ from: ROOT, at: "/srv", modes: "normalised", uid: 1000 }] }],
    });
    expect(await listed(image.layers.at(-1)!)).toEqual([
      expect.stringMatching(/^drwxr-xr-x 1000\/0 .* \/srv\/$/),
      expect.stringMatching(/^drwxr-xr-x 1000\/0 .* \/srv\/bin\/$/),
      expect.stringMatching(/^-rwxr-xr-x 1000\/0 .*\/srv\/bin\/other$/),
      expect.stringMatching(/^-rwxr-xr-x 1000\/0 .*\/srv\/bin\/serve$/),
      expect.stringMatching(/^drwxr-xr-x 1000\/0 .* \/srv\/tmp\/$/),
      expect.stringMatching(/^-rwxr-xr-x 1000\/0 .*\/srv\/tmp\/kept$/),
    ]);
  });

  it("keep owner and date of their own, whatever the image's are", async () => {
    const layers = [{ paths: [LIBC], uid: 0, gid: 0, mtime: "1970-01-01T00:00:01Z" }];
    const plain = await imageOf({ layers });
    const other = await imageOf({ layers, uid: 1000, mtime: "2020-01-01T00:00:00Z" });
    expect((await diffIdsOf(other))[0]).toBe((await diffIdsOf(plain))[0]);
  });

  it("are told in the history", async () => {
    const { image } = await imageOf({
      layers: [{ paths: [LIBC], metadata: { author: "me", comment: "the C library" } }],
      root_layers: [{ trees: [{ from: ROOT }] }],
      customisation_layer: null,
    });
    const { history } = JSON.parse((await image.config()).toString()) as { history: unknown };
    const created = "1970-01-01T00:00:01+00:00";
    expect(history).toEqual([
      { created, author: "me", comment: "the C library" },
      { created, created_by: `copy ${ROOT} → /`, comment: "store paths: []" },
    ]);
  });

  it("have other names and keys when content or permissions are others", async () => {
    const layers = [
      { trees: [{ from: ROOT }] },
      { trees: [{ from: APP }] },
      { trees: [{ from: ROOT, at: "/srv" }] },
      { trees: [{ from: ROOT }], perms: [{ path: ROOT, mode: "0777" }] },
      { trees: [{ from: ROOT }], perms: [{ path: ROOT, regex: "x", mode: "0777" }] },
    ];
    for (const hashes of [HASHES, {}]) {
      const { image } = await imageOf({ layers, customisation_layer: null }, hashes);
      expect(new Set(image.layers.map(({ name }) => name)).size).toBe(layers.length);
      const keys = new Set(image.layers.map(({ contentKey }) => contentKey));
      expect([...keys]).toHaveLength(hashes === HASHES ? layers.length : 1);
    }
  });

  it("may be kept as a tar", async () => {
    const tar = path.join(folder, "kept.tar");
    const { image } = await imageOf({ layers: [{ paths: [LIBC] }], customisation_layer: null });
    fs.writeFileSync(tar, await bytesOf(image.layers[0]!));
    const [diffId] = await diffIdsOf({ image, close: () => {} });
    const digest = { diff_id: diffId, size: fs.statSync(tar).size };
    const kept = await imageOf({
      layers: [{ paths: [APP], tar, digest }],
      customisation_layer: null,
    });
    expect(await diffIdsOf(kept)).toEqual([diffId]);
    await expect(imageOf({ layers: [{ tar }] })).rejects.toThrow("has no digest");
  });

  it.each<[string, object, string]>([
    [
      "permissions of what is not there",
      { root_layers: [{ trees: [{ from: ROOT }], perms: [{ path: APP, mode: "0777" }] }] },
      `permissions of ${APP}, which is in no such layer`,
    ],
    [
      "a pattern that is none",
      { layers: [{ paths: [APP], perms: [{ path: APP, regex: "(" }] }] },
      "at layers.0.perms.0.regex: expected a regular expression",
    ],
    [
      "a mode that is none",
      { layers: [{ paths: [APP], perms: [{ path: APP, mode: "rwx" }] }] },
      'at layers.0.perms.0.mode: expected an octal mode such as "0755", not "rwx"',
    ],
    [
      "capabilities that are none",
      { layers: [{ paths: [APP], perms: [{ path: APP, capabilities: "cap_fly=ep" }] }] },
      'there is no capability "cap_fly"',
    ],
    [
      "a path in two layers",
      { layers: [{ paths: [APP] }], store_layers: [[APP]] },
      `the conf lists ${APP} twice`,
    ],
    [
      "digests of other layers",
      { store_layers: [[APP]], layer_digests: [WRONG] },
      "the conf has 2 layers, and digests of 1",
    ],
  ])("refuse %s", async (_what, conf, message) => {
    await expect(imageOf(conf)).rejects.toThrow(message);
  });
});

describe("digests in a conf", () => {
  it("are believed without reading content, until bytes are made", async () => {
    const conf = { store_layers: [[APP]], layer_digests: [WRONG], customisation_layer: null };
    const { image } = await imageOf(conf);
    expect(image.layers[0]!.knownDiffId()).toBe(WRONG.diff_id);
    expect((await image.config()).toString()).toContain(WRONG.diff_id);
    await expect(bytesOf(image.layers[0]!)).rejects.toThrow(/a layer of .*-app has the digest/);
  });

  it("may stand at the layers themselves", async () => {
    const { image } = await imageOf({ layers: [{ paths: [APP], digest: WRONG }] });
    expect(image.layers[0]!.knownDiffId()).toBe(WRONG.diff_id);
  });
});

describe("a base of a conf", () => {
  const BASE = { config: { Cmd: ["/base"], Env: ["A=1"], WorkingDir: "/w" }, layers: 2 };

  it("gives Env alone, or all of its config if that is wanted", async () => {
    const from_image = writeArchiveOf(temporaryFolder(), BASE);
    const architecture = process.arch === "arm64" ? "arm64" : "amd64";
    const conf = { architecture, config: { Env: ["B=2"] }, store_layers: [[APP]] };
    const like = await imageOf({ ...conf, from_image });
    expect(like.image.runtime).toEqual({ Env: ["A=1", "B=2"] });
    const whole = await imageOf({ ...conf, from_image, inherit_config: true });
    expect(whole.image.runtime).toEqual({
      Cmd: ["/base"],
      Env: ["A=1", "B=2"],
      WorkingDir: "/w",
    });
    expect(await diffIdsOf(whole)).toEqual(await diffIdsOf(like));
    like.close();
    whole.close();
  });

  it("whose folders are links keeps them: what is moved there goes where they lead", async () => {
    const base = temporaryFolder();
    fs.mkdirSync(path.join(base, "usr/bin"), { recursive: true });
    fs.symlinkSync("usr/bin", path.join(base, "bin"));
    const layer = path.join(base, "layer.tar");
    execFileSync("tar", ["-C", base, "-cf", layer, "bin", "usr"]);
    const diffId = execFileSync("sha256sum", [layer], { encoding: "utf8" }).slice(0, 64);
    const config = {
      architecture: "amd64",
      os: "linux",
      rootfs: { type: "layers", diff_ids: [`sha256:${diffId}`] },
    };
    fs.writeFileSync(path.join(base, "config.json"), JSON.stringify(config));
    const manifest = [{ Config: "config.json", RepoTags: [], Layers: ["layer.tar"] }];
    fs.writeFileSync(path.join(base, "manifest.json"), JSON.stringify(manifest));
    const from_image = path.join(base, "base.tar");
    execFileSync("tar", [
      "-C",
      base,
      "-cf",
      from_image,
      "layer.tar",
      "config.json",
      "manifest.json",
    ]);
    const root = { trees: [{ from: ROOT }], digest: WRONG };
    const { image, close } = await imageOf({ from_image, root_layers: [root] });
    const top = await listed(image.layers.at(-1)!);
    const names = top.map((line) => line.split(" ").at(-1));
    expect(names).toContain("/usr/bin/serve");
    expect(names).not.toContain("/bin/");
    // What Nix has found of the layer alone is not of this one.
    expect(image.layers.at(-1)!.knownDiffId()).not.toBe(WRONG.diff_id);
    close();
  });

  it("leaves annotations to the conf", async () => {
    const { image } = await imageOf({ annotations: { "org.example": "x" } });
    expect(image.annotations).toEqual({ "org.example": "x" });
  });
});
