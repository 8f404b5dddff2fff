import { execFileSync, spawnSync } from "node:child_process";
import * as fs from "node:fs";
import path from "node:path";
import * as zlib from "node:zlib";
import * as fc from "fast-check";
import { describe, expect, it, onTestFinished } from "vitest";
import { openDockerArchive } from "../../src/archives/read-archive.ts";
import type { ArchivedImage } from "../../src/archives/archived-image.ts";
import type { Layer } from "../../src/image/layer.ts";
import { VarveError } from "../../src/errors.ts";
import { digestOf, hexOf } from "../../src/image/digest.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { rawMember } from "../tar/support/raw-tar.ts";
import {
  archiveOf,
  ARCHIVES,
  configOf,
  folder,
  LAYERS,
  layerTar,
  link,
  manifestJson,
  REPEATED,
} from "./support/archives.ts";

function fileOf(bytes: Buffer): string {
  const file = path.join(temporaryFolder(), "image.tar");
  fs.writeFileSync(file, bytes);
  return file;
}

async function opened(bytes: Buffer): Promise<ArchivedImage> {
  const image = await openDockerArchive(fileOf(bytes));
  onTestFinished(() => {
    image.close();
  });
  return image;
}

async function errorOf(bytes: Buffer): Promise<VarveError> {
  try {
    await readAll(await opened(bytes));
  } catch (error) {
    if (error instanceof VarveError) return error;
    throw error;
  }
  throw new Error("it was read without an error");
}

async function bytesOf(layer: Layer): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const part of layer.stream()) parts.push(part);
  return Buffer.concat(parts);
}

function readAll(image: ArchivedImage): Promise<Buffer[]> {
  return Promise.all(image.layers.map(bytesOf));
}

/** An archive of one layer, as it is needed to spoil it. */
const CONFIG = configOf([LAYERS[0]!]);
const CONFIG_NAME = `${hexOf(digestOf(CONFIG))}.json`;
const SIMPLE = archiveOf(
  ["layer.tar", LAYERS[0]!],
  [CONFIG_NAME, CONFIG],
  manifestJson(CONFIG_NAME, ["layer.tar"]),
);

describe("an archive", () => {
  it.each(Object.entries(ARCHIVES))("as written by %s", async (tool, bytes) => {
    const image = await opened(bytes);
    expect(image.repoTags).toEqual(["name:tag"]);
    expect(image.configBytes.equals(configOf(REPEATED))).toBe(true);
    const identities = await Promise.all(image.layers.map((layer) => layer.identity()));
    expect(identities).toEqual(
      REPEATED.map((layer) => ({
        diffId: digestOf(layer),
        size: layer.length,
        remembered: !tool.includes("compressed"),
      })),
    );
    const layers = await readAll(image);
    expect(layers.map((layer, index) => layer.equals(REPEATED[index]!))).toEqual([
      true,
      true,
      true,
    ]);
  });

  it.each([
    ["gzip", (bytes: Buffer) => zlib.gzipSync(bytes)],
    ["zstd", (bytes: Buffer) => zlib.zstdCompressSync(bytes)],
  ])("compressed with %s, and its layers, too", async (_, compress) => {
    const bytes = archiveOf(
      ["1", compress(LAYERS[0]!)],
      ["2", LAYERS[1]!],
      ["c.json", configOf(LAYERS.slice(0, 2))],
      manifestJson("c.json", ["1", "2"]),
    );
    const image = await opened(compress(bytes));
    const identities = await Promise.all(image.layers.map((layer) => layer.identity()));
    expect(identities).toEqual([
      { diffId: digestOf(LAYERS[0]!), size: LAYERS[0]!.length, remembered: false },
      { diffId: digestOf(LAYERS[1]!), size: LAYERS[1]!.length, remembered: true },
    ]);
    expect((await readAll(image))[0]!.equals(LAYERS[0]!)).toBe(true);
  });

  it("leaves no file of its own behind", async () => {
    const before = fs.readdirSync(path.dirname(temporaryFolder()));
    const image = await opened(zlib.gzipSync(SIMPLE));
    await readAll(image);
    const left = fs
      .readdirSync(path.dirname(temporaryFolder()))
      .filter((name) => /^varve-[^t]/.test(name) && !before.includes(name));
    expect(left).toEqual([]);
  });

  it("keeps the config's order and numbers", async () => {
    const config = `{"config":{"b":9007199254740993,"10":1,"9":2},"rootfs":{"diff_ids":[]}}`;
    const image = await opened(archiveOf(["c", config], manifestJson("c", [], null)));
    const runtime = image.config.get("config") as Map<string, { literal: string }>;
    expect([...runtime].map(([key, { literal }]) => [key, literal])).toEqual([
      ["b", "9007199254740993"],
      ["10", "1"],
      ["9", "2"],
    ]);
    expect(image.repoTags).toEqual([]);
    expect(image.layers).toEqual([]);
  });

  it("of several images gives the first", async () => {
    const image = await opened(
      archiveOf(
        ["1.json", configOf([LAYERS[0]!])],
        ["2.json", configOf([LAYERS[1]!])],
        ["1.tar", LAYERS[0]!],
        ["2.tar", LAYERS[1]!],
        [
          "manifest.json",
          '[{"Config":"1.json","Layers":["1.tar"]},{"Config":"2.json","Layers":["2.tar"]}]',
        ],
      ),
    );
    expect(image.layers.map(({ diffId }) => diffId)).toEqual([digestOf(LAYERS[0]!)]);
  });

  it("may end without zeros, and hold what nobody names", async () => {
    const bytes = archiveOf(rawMember({ name: "fifo", typeFlag: "6" }), ["notes", "x"]).subarray(
      0,
      -1024,
    );
    const image = await opened(Buffer.concat([bytes, SIMPLE.subarray(0, -1024)]));
    expect((await readAll(image)).length).toBe(1);
  });

  it("has its layers read at the same time, in parts, and again", async () => {
    const big = layerTar("big", "b".repeat(3_000_000));
    const image = await opened(
      archiveOf(["1", big], ["c", configOf([big])], manifestJson("c", ["1"])),
    );
    const [layer] = image.layers;
    for await (const part of layer!.stream()) {
      expect(part.length).toBeGreaterThan(0);
      break;
    }
    const copies = await Promise.all([bytesOf(layer!), bytesOf(layer!)]);
    expect(copies.map((copy) => copy.equals(big))).toEqual([true, true]);
  });
});

describe("what is not an archive", () => {
  it.each<[string, (at: string) => void, RegExp]>([
    ["nothing there", () => undefined, /cannot be read: there is no such file$/],
    ["a folder", (at) => fs.mkdirSync(at), /is not a regular file$/],
    ["a pipe that nobody writes", (at) => execFileSync("mkfifo", [at]), /is not a regular file$/],
    ["a device", (at) => fs.symlinkSync("/dev/zero", at), /is not a regular file$/],
    ["a symlink to itself", (at) => fs.symlinkSync("image", at), /cannot be read: ELOOP/],
  ])("%s", async (_, make, message) => {
    const file = path.join(temporaryFolder(), "image");
    make(file);
    await expect(openDockerArchive(file)).rejects.toMatchObject({
      code: "ARCHIVE_UNREADABLE",
      message: expect.stringMatching(message) as string,
      hint: expect.stringMatching(/archive/) as string,
    });
  });

  it.each<[string, Buffer, RegExp]>([
    ["an empty file", Buffer.alloc(0), /no manifest\.json/],
    ["zeros", Buffer.alloc(10_240), /no manifest\.json/],
    ["a short text", Buffer.from("FROM scratch\n"), /not an image archive: .*byte 0/],
    ["a long text", Buffer.alloc(100_000, "FROM scratch\n"), /not an image archive: .*byte 0/],
    ["a compressed text", zlib.gzipSync("FROM scratch\n"), /not an image archive: .*byte 0/],
    ["a layer", LAYERS[0]!, /no manifest\.json/],
  ])("%s", async (_, bytes, message) => {
    const error = await errorOf(bytes);
    expect(error.code).toBe("ARCHIVE_FOREIGN");
    expect(error.message).toMatch(message);
    expect(error.hint).toContain("docker save");
  });

  it("an OCI layout without manifest.json", async () => {
    const error = await errorOf(archiveOf(["oci-layout", "{}"], ["index.json", "{}"]));
    expect(error.code).toBe("ARCHIVE_FOREIGN");
    expect(error.hint).toContain("oci-archive:");
  });
});

describe("an archive that is damaged", () => {
  const gzipped = zlib.gzipSync(LAYERS[0]!);

  it.each<[string, Buffer, RegExp]>([
    ["a manifest that is no JSON", archiveOf(["manifest.json", "{"]), /manifest\.json is not JSON/],
    ["a manifest without images", archiveOf(["manifest.json", "[]"]), /manifest\.json: /],
    ["a manifest of another kind", archiveOf(["manifest.json", '{"a":1}']), /manifest\.json: /],
    ["a manifest without config", archiveOf(["manifest.json", '[{"Layers":[]}]']), /0\.Config/],
    ["no config", archiveOf(manifestJson("c", [])), /it has no c$/],
    ["a config that is no JSON", archiveOf(manifestJson("c", []), ["c", ""]), /c is not JSON/],
    ["a config without layers", archiveOf(manifestJson("c", []), ["c", "{}"]), /c: rootfs: /],
    [
      "a diffID that is none",
      archiveOf(manifestJson("c", ["l"]), ["c", '{"rootfs":{"diff_ids":["sha256:0"]}}']),
      /diff_ids\.0/,
    ],
    [
      "more layers than digests",
      archiveOf(manifestJson("c", ["l", "l"]), ["c", CONFIG], ["l", LAYERS[0]!]),
      /lists 2 layers but 1 digests/,
    ],
    [
      "fewer layers than digests",
      archiveOf(manifestJson("c", []), ["c", CONFIG]),
      /lists 0 layers but 1 digests/,
    ],
    ["no layer", archiveOf(manifestJson("c", ["l"]), ["c", CONFIG]), /it has no l$/],
    [
      "a folder for a layer",
      archiveOf(manifestJson("c", ["l"]), ["c", CONFIG], folder("l")),
      /l is not a file/,
    ],
    [
      "links in a circle",
      archiveOf(manifestJson("c", ["l"]), ["c", CONFIG], link("l", "m"), link("m", "l")),
      /l is a link that leads nowhere/,
    ],
    [
      "a link to nothing",
      archiveOf(manifestJson("c", ["l"]), ["c", CONFIG], link("l", "../../m")),
      /it has no l$/,
    ],
    [
      "another layer",
      archiveOf(manifestJson("c", ["l"]), ["c", CONFIG], ["l", LAYERS[1]!]),
      /the layer l does not have the digest sha256:/,
    ],
    [
      "another compressed layer",
      archiveOf(manifestJson("c", ["l"]), ["c", CONFIG], ["l", zlib.gzipSync("x")]),
      /the layer l does not have the digest sha256:/,
    ],
    [
      "half a compressed layer",
      archiveOf(manifestJson("c", ["l"]), ["c", CONFIG], ["l", gzipped.subarray(0, 50)]),
      /layer l, is damaged: unexpected end of file/,
    ],
    [
      "a config that is not what its name says",
      archiveOf(manifestJson(CONFIG_NAME, []), [CONFIG_NAME, configOf([])]),
      /\.json is not what its name says/,
    ],
    ["its end", SIMPLE.subarray(0, 700), /ends too early/],
    ["half a compressed archive", zlib.gzipSync(SIMPLE).subarray(0, 100), /unexpected end of file/],
  ])("%s", async (_, bytes, message) => {
    const error = await errorOf(bytes);
    expect(error.code).toBe("ARCHIVE_DAMAGED");
    expect(error.message).toMatch(message);
    expect(error.message).toContain("image.tar");
    expect(error.hint).toBeTruthy();
  });

  it.each<[string, Buffer]>([
    ["plain", SIMPLE],
    ["dockerTools", ARCHIVES["dockerTools: streamLayeredImage"]!],
    ["gzip", zlib.gzipSync(SIMPLE)],
    ["zstd", zlib.zstdCompressSync(SIMPLE)],
  ])("a byte changed anywhere is told, or changes nothing: %s", async (_, whole) => {
    const file = path.join(temporaryFolder(), "image.tar");
    const expected = await substanceOf(whole, file);
    expect(expected).not.toBeInstanceOf(VarveError);
    let told = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.nat({ max: whole.length - 1 }),
        fc.integer({ min: 1, max: 255 }),
        async (at, bits) => {
          const damaged = Buffer.from(whole);
          damaged[at]! ^= bits;
          const found = await substanceOf(damaged, file);
          if (found instanceof VarveError) {
            told += 1;
            expect(["ARCHIVE_DAMAGED", "ARCHIVE_FOREIGN"]).toContain(found.code);
          } else expect(found).toBe(expected);
        },
      ),
      { numRuns: 100 },
    );
    expect(told).toBeGreaterThan(20);
  });

  it("an end anywhere is told, or nothing is missing", async () => {
    const file = path.join(temporaryFolder(), "image.tar");
    const expected = await substanceOf(SIMPLE, file);
    for (let length = 0; length < SIMPLE.length; length += 101) {
      const found = await substanceOf(SIMPLE.subarray(0, length), file);
      if (!(found instanceof VarveError)) expect(found).toBe(expected);
    }
  });
});

it("needs a place where a compressed archive is unpacked", () => {
  const module = path.join(import.meta.dirname, "../../src/archives/read-archive.ts");
  const script = `
    const { openDockerArchive } = await import(${JSON.stringify(module)});
    await openDockerArchive(process.argv[1]).catch(({ code, message, hint }) => {
      console.log(code, message, hint);
    });
  `;
  const { stdout } = spawnSync(
    process.execPath,
    ["--input-type=module", "-e", script, fileOf(zlib.gzipSync(SIMPLE))],
    { env: { ...process.env, TMPDIR: "/dev/null" }, encoding: "utf8" },
  );
  expect(stdout).toMatch(/^TEMPORARY_UNWRITABLE .* unpacked in \/dev\/null: ENOTDIR.* set TMPDIR/);
});

/** What counts in an image: damage must not change it in silence. */
async function substanceOf(bytes: Buffer, file: string): Promise<string | VarveError> {
  fs.writeFileSync(file, bytes);
  try {
    const image = await openDockerArchive(file);
    try {
      const layers = await readAll(image);
      return digestOf(Buffer.concat([image.configBytes, ...layers]));
    } finally {
      image.close();
    }
  } catch (error) {
    if (error instanceof VarveError) return error;
    throw error;
  }
}
