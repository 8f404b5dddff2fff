import * as fs from "node:fs";
import path from "node:path";
import * as zlib from "node:zlib";
import { describe, expect, it } from "vitest";
import { deliverToLayout } from "../../../src/destinations/oci-layout/deliver-to-layout.ts";
import type { LayoutOptions } from "../../../src/destinations/oci-layout/deliver-to-layout.ts";
import { deliverToOciArchive } from "../../../src/destinations/oci-layout/deliver-to-oci-archive.ts";
import { imageFromStore } from "../../../src/assembly/stored-image.ts";
import { digestOf, hexOf } from "../../../src/image/digest.ts";
import { MEDIA_TYPE } from "../../../src/image/media-types.ts";
import { parseReference } from "../../../src/image/reference.ts";
import { openOciArchive } from "../../../src/oci-layout/oci-archive.ts";
import { OciLayout } from "../../../src/oci-layout/oci-layout.ts";
import { Compressor } from "../../../src/packing/codec/compressor.ts";
import type { ProgressEvent } from "../../../src/progress/events.ts";
import { failureOf } from "../../support/failures.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";
import { KeyedLayer } from "../support/keyed-layer.ts";
import { memoryImage, memoryLayers } from "../support/memory-image.ts";

const compressor = new Compressor(1);

function options(changes: Partial<LayoutOptions> = {}): LayoutOptions {
  return {
    compression: "none",
    compressor: () => compressor,
    learn: true,
    version: "",
    report: () => undefined,
    ...changes,
  };
}

function freshLayout(): OciLayout {
  return OciLayout.create(path.join(temporaryFolder(), "layout"));
}

function keyed(...contents: string[]): KeyedLayer[] {
  return contents.map((content) => new KeyedLayer(content));
}

const APP = [parseReference("app:1.0")];

interface Manifest {
  readonly config: { readonly digest: string };
  readonly layers: ReadonlyArray<{ readonly digest: string; readonly mediaType: string }>;
}

async function manifestIn(
  layout: Pick<OciLayout, "readManifest">,
  name: string,
): Promise<Manifest> {
  const manifest = await layout.readManifest(name);
  return JSON.parse(manifest!.bytes.toString()) as Manifest;
}

async function* broken(): AsyncGenerator<Uint8Array, void, undefined> {
  yield Buffer.from("half");
  throw new Error("a file changed");
}

describe("an image in a layout", () => {
  it.each([
    ["none", (bytes: Buffer) => bytes, ".tar"],
    ["gzip", (bytes: Buffer) => zlib.gunzipSync(bytes), "+gzip"],
    ["zstd", (bytes: Buffer) => zlib.zstdDecompressSync(bytes), "+zstd"],
  ] as const)("has its layers compressed: %s", async (compression, decompress, suffix) => {
    const layout = freshLayout();
    const layers = memoryLayers(["one", "two", "one"], { known: false });
    const image = memoryImage(layers);
    const told = await deliverToLayout(image, APP, layout, options({ compression }));
    expect(layout.names()).toEqual(["1.0"]);
    const manifest = await manifestIn(layout, "app:1.0");
    expect(manifest.config.digest).toBe(told.imageId);
    expect(await layout.readBlob(told.imageId)).toEqual(await image.config());
    for (const [index, { digest, mediaType }] of manifest.layers.entries()) {
      const bytes = await layout.readBlob(digest);
      expect(digestOf(decompress(bytes!))).toBe(layers[index]!.diffId);
      expect(mediaType.endsWith(suffix)).toBe(true);
    }
    expect(await layout.removeUnused()).toBe(0);
  });

  it("gets only what the layout lacks, and nothing is made for the rest", async () => {
    const layout = freshLayout();
    const gzip = options({ compression: "gzip" });
    await deliverToLayout(memoryImage(keyed("base", "app 1")), APP, layout, gzip);
    const layers = keyed("base", "app 2");
    const events: ProgressEvent[] = [];
    const told = await deliverToLayout(memoryImage(layers), [parseReference("app:2.0")], layout, {
      ...gzip,
      report: (event) => events.push(event),
    });
    expect(layers.map(({ streamed, hashed }) => [streamed, hashed])).toEqual([
      [0, 0],
      [1, 1],
    ]);
    expect(told.layers.map(({ sent }) => sent)).toEqual([false, true]);
    expect(events.at(-1)).toMatchObject({ kind: "finished", known: 1, knownTo: "layout" });
    expect(layout.names()).toEqual(["1.0", "2.0"]);
  });

  it("takes layers that exist elsewhere as they are, shared where that is possible", async () => {
    const base = freshLayout();
    const gzip = options({ compression: "gzip" });
    const below = await deliverToLayout(memoryImage(keyed("base")), APP, base, gzip);
    const stored = await imageFromStore(base, "app:1.0");
    const image = memoryImage([...stored.image.layers, ...keyed("app")]);
    const layout = freshLayout();
    const told = await deliverToLayout(image, APP, layout, options({ compression: "zstd" }));
    expect(told.layers.map(({ digest, mediaType, sent }) => [digest, mediaType, sent])).toEqual([
      [below.layers[0]!.digest, MEDIA_TYPE.layerGzip, false],
      [expect.any(String), MEDIA_TYPE.layerZstd, true],
    ]);
    expect(await layout.readBlob(below.layers[0]!.digest)).toBeDefined();
    stored.close();
  });

  it("that is unchanged costs no byte", async () => {
    const layout = freshLayout();
    const deliver = (): ReturnType<typeof deliverToLayout> =>
      deliverToLayout(memoryImage(keyed("base", "app")), APP, layout, options());
    const first = await deliver();
    const second = await deliver();
    expect(first.written).toBeGreaterThan(0);
    expect(second).toMatchObject({ written: 0, digest: first.digest });
  });

  it("tells how much is ahead, and how far each layer is", async () => {
    const layout = freshLayout();
    const layers = keyed("a", "b".repeat(1000));
    await deliverToLayout(memoryImage(layers.slice(0, 1)), APP, layout, options());
    const events: ProgressEvent[] = [];
    const report = (event: ProgressEvent): void => void events.push(event);
    await deliverToLayout(memoryImage(layers), APP, layout, options({ report }));
    const size = await layers[1]!.size();
    expect(events.find(({ kind }) => kind === "ahead")).toMatchObject({ layers: 1, bytes: size });
    const moving = events.filter((event) => event.kind === "moving");
    expect(moving.at(-1)).toMatchObject({ index: 1, of: 2, done: size, total: size });
    expect(moving.every(({ index }) => index === 1)).toBe(true);
  });

  it("is packed anew when nothing shall be believed", async () => {
    const layout = freshLayout();
    await deliverToLayout(memoryImage(keyed("app")), APP, layout, options());
    const layers = keyed("app");
    await deliverToLayout(memoryImage(layers), APP, layout, options({ learn: false }));
    expect(layers[0]!.streamed).toBe(1);
  });

  it("is whole again after a blob was lost or cut short", async () => {
    const layout = freshLayout();
    const told = await deliverToLayout(memoryImage(keyed("a", "b")), APP, layout, options());
    const [lost, cut] = told.layers.map(({ digest }) =>
      path.join(layout.folder, "blobs/sha256", hexOf(digest)),
    );
    fs.rmSync(lost!);
    fs.truncateSync(cut!, 3);
    const again = await deliverToLayout(memoryImage(keyed("a", "b")), APP, layout, options());
    expect(again.layers.map(({ sent }) => sent)).toEqual([true, true]);
    for (const { digest } of again.layers) expect(await layout.readBlob(digest)).toBeDefined();
  });

  it.each([
    ["1.0", ["app:1.0"], ["1.0"], ["app:1.0"]],
    ["", ["app:1.0", "app:latest"], ["1.0", "latest"], ["app:latest"]],
    ["", ["app:1.0", "team/app:1.0"], ["app:1.0", "team/app:1.0"], ["team/app:1.0"]],
    ["stable", ["app:1.0"], ["stable"], ["app:stable"]],
    ["r.example/x:2", ["app:1.0"], ["r.example/x:2"], ["r.example/x:2"]],
  ])("called %j, %j, has the names %j", async (version, references, names, found) => {
    const layout = freshLayout();
    const image = memoryImage(memoryLayers(["a"]));
    const named = references.map(parseReference);
    const told = await deliverToLayout(image, named, layout, options({ version }));
    expect(told.names).toEqual(names);
    expect(layout.names()).toEqual(names);
    for (const name of found) {
      expect((await layout.readManifest(name))?.digest).toBe(told.digest);
    }
  });

  it("leaves no name and nothing half written when a layer fails", async () => {
    const layout = freshLayout();
    const layers = memoryLayers(["a", "b"]);
    layers[1]!.stream = broken;
    const work = deliverToLayout(memoryImage(layers), APP, layout, options());
    await expect(work).rejects.toThrow("a file changed");
    expect(layout.names()).toEqual([]);
    expect(fs.readdirSync(path.join(layout.folder, "blobs"))).toEqual(["sha256"]);
  });
});

describe("an image in an OCI archive", () => {
  it("is written anew with the layers that the archive before had", async () => {
    const file = path.join(temporaryFolder(), "image.tar");
    const gzip = options({ compression: "gzip" });
    await deliverToOciArchive(memoryImage(keyed("base", "app 1")), APP, file, gzip);
    const layers = keyed("base", "app 2");
    const told = await deliverToOciArchive(memoryImage(layers), APP, file, gzip);
    expect(layers.map(({ streamed }) => streamed)).toEqual([0, 1]);
    const archive = await openOciArchive(file);
    const manifest = await manifestIn(archive, "app:1.0");
    expect(manifest.layers.map(({ digest }) => digest)).toEqual(
      told.layers.map(({ digest }) => digest),
    );
    for (const { digest } of manifest.layers) expect(await archive.readBlob(digest)).toBeDefined();
    archive.close();
    expect(fs.readdirSync(path.dirname(file))).toEqual(["image.tar"]);
    expect(told.written).toBe(fs.statSync(file).size);
  });

  it("replaces a file that is no archive", async () => {
    const file = path.join(temporaryFolder(), "image.tar");
    fs.writeFileSync(file, "something else");
    await deliverToOciArchive(memoryImage(keyed("a")), APP, file, options());
    const archive = await openOciArchive(file);
    expect(archive.names()).toEqual(["1.0"]);
    archive.close();
  });

  it("leaves the one before when a layer of it turns out to be damaged", async () => {
    const file = path.join(temporaryFolder(), "image.tar");
    const content = "x".repeat(50_000);
    await deliverToOciArchive(memoryImage(keyed(content)), APP, file, options());
    const bytes = fs.readFileSync(file);
    bytes[bytes.indexOf("xxxxxxxxxxxxxxxxxxxxxxx") + 1000] = 0;
    fs.writeFileSync(file, bytes);
    const work = deliverToOciArchive(memoryImage(keyed(content)), APP, file, options());
    expect((await failureOf(work)).code).toBe("ARCHIVE_DAMAGED");
    expect(fs.readFileSync(file).equals(bytes)).toBe(true);
    expect(fs.readdirSync(path.dirname(file))).toEqual(["image.tar"]);
  });
});
