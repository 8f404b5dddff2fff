import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import * as fs from "node:fs";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import * as zlib from "node:zlib";
import { afterAll, describe, expect, it } from "vitest";
import { archiveBytes, dockerArchive } from "../../src/archives/docker-archive.ts";
import { deliverArchive } from "../../src/destinations/delivery.ts";
import { writeArchive } from "../../src/destinations/write-archive.ts";
import type { Image } from "../../src/image/image.ts";
import { digestOf } from "../../src/image/digest.ts";
import { parseReference } from "../../src/image/reference.ts";
import type { Compression } from "../../src/packing/codec/compression.ts";
import { PackedLayer } from "../../src/packing/packed-layer.ts";
import { Packer } from "../../src/packing/packer.ts";
import { Compressor } from "../../src/packing/codec/compressor.ts";
import { WorkerPool } from "../../src/packing/workers/pool.ts";
import type { ProgressEvent } from "../../src/progress/events.ts";
import { layerOf, storePath, tarOf } from "../packing/support/layers.ts";
import { fileOf, folderOf } from "../support/arbitrary-tree.ts";
import { imageOf, tarLayer } from "../support/images.ts";
import { closedPipe, openPipe } from "../support/pipe.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const MIB = 1 << 20;
const REFERENCES = [parseReference("name:tag")];
const packPool = new WorkerPool(2);
const compressor = new Compressor(2);
const packer = new Packer({ pool: packPool });
afterAll(() => packPool.close());

/** An image of a ready layer and of packed ones, the last of which has this many bytes. */
function mixedImage(length = 5): Image {
  const root = temporaryFolder();
  const packed = [3, length].map((size, index) => {
    const spec = layerOf(root, {
      [storePath(`p${index}`)]: folderOf({ f: { type: "file", mode: 0o444, content: "", size } }),
    });
    return new PackedLayer({
      packer,
      spec,
      contentKey: undefined,
      paths: spec.trees.map(({ at }) => at),
      reason: "test",
    });
  });
  return imageOf([tarLayer(Buffer.alloc(10_240)), ...packed]);
}

async function bytesOf(image: Image): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const part of archiveBytes(dockerArchive(image, REFERENCES))) parts.push(part);
  return Buffer.concat(parts);
}

async function writtenTo(
  image: Image,
  fd: number,
  compression: Compression = "none",
): Promise<{ returned: number; told: number[] }> {
  const told: number[] = [];
  const returned = await writeArchive(dockerArchive(image, REFERENCES), fd, {
    compression,
    compressor: () => compressor,
    onWritten: (bytes) => told.push(bytes),
  });
  return { returned, told };
}

async function inFile(write: (fd: number) => Promise<unknown>): Promise<Buffer> {
  const file = path.join(temporaryFolder(), "image");
  const fd = fs.openSync(file, "w");
  await write(fd);
  fs.closeSync(fd);
  return fs.readFileSync(file);
}

describe("writing an archive", () => {
  it.each<[Compression, (bytes: Buffer) => Buffer]>([
    ["none", (bytes) => bytes],
    ["gzip", (bytes) => zlib.gunzipSync(bytes)],
    ["zstd", (bytes) => zlib.zstdDecompressSync(bytes)],
  ])("with compression %s: the same image, and every byte counted", async (compression, plain) => {
    const image = mixedImage(3 * MIB);
    let result = { returned: 0, told: [] as number[] };
    const bytes = await inFile(async (fd) => {
      result = await writtenTo(image, fd, compression);
    });
    expect(plain(bytes).equals(await bytesOf(image))).toBe(true);
    expect(result.returned).toBe(bytes.length);
    expect(result.told.at(-1)).toBe(bytes.length);
    expect(result.told).toEqual(result.told.toSorted((a, b) => a - b));
  });

  it("makes the same bytes whether digests were known before or not", async () => {
    const [fresh, asked] = [mixedImage(MIB), mixedImage(MIB)];
    await asked.config();
    const [one, two] = [
      await inFile((fd) => writtenTo(fresh, fd)),
      await inFile((fd) => writtenTo(asked, fd)),
    ];
    expect(one.equals(two)).toBe(true);
  });

  it.each([false, true])(
    "into a pipe that is read slowly, non-blocking: %s",
    async (nonBlocking) => {
      const image = mixedImage(2 * MIB);
      const { reader, writer } = openPipe(nonBlocking);
      const writing = writtenTo(image, writer).finally(() => {
        fs.closeSync(writer);
      });
      const parts: Buffer[] = [];
      for (let got = -1; got !== 0;) {
        await delay(1);
        const part = Buffer.alloc(100_000);
        try {
          got = fs.readSync(reader, part);
          parts.push(part.subarray(0, got));
        } catch (error) {
          if ((error as NodeJS.ErrnoException).code !== "EAGAIN") throw error;
        }
      }
      await writing;
      expect(Buffer.concat(parts).equals(await bytesOf(image))).toBe(true);
      fs.closeSync(reader);
    },
  );
});

describe("a destination that fails", () => {
  it.each(["none", "gzip", "zstd"] as const)("with compression %s", async (compression) => {
    const image = mixedImage(2 * MIB);
    const full = fs.openSync("/dev/full", "w");
    await expect(writtenTo(image, full, compression)).rejects.toMatchObject({
      code: "DESTINATION_FULL",
    });
    fs.closeSync(full);
    const closed = closedPipe();
    await expect(writtenTo(image, closed, compression)).rejects.toMatchObject({
      code: "DESTINATION_CLOSED",
    });
    fs.closeSync(closed);
    // The workers are free again.
    expect((await inFile((fd) => writtenTo(image, fd, compression))).length).toBeGreaterThan(0);
  });

  it("in the middle of a layer that a worker writes: head -c 2000000", async () => {
    const image = mixedImage(20 * MIB);
    const pipe = path.join(temporaryFolder(), "pipe");
    execFileSync("mkfifo", [pipe]);
    const head = spawn("sh", ["-c", 'head -c 2000000 < "$0"', pipe], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    let received = 0;
    head.stdout.on("data", (part: Buffer) => (received += part.length));
    const closed = once(head, "close");
    const writer = fs.openSync(pipe, "w");
    await expect(writtenTo(image, writer)).rejects.toMatchObject({ code: "DESTINATION_CLOSED" });
    fs.closeSync(writer);
    await closed;
    expect(received).toBe(2_000_000);
  });
});

describe("a delivery", () => {
  it("tells what is delivered, layer by layer", async () => {
    const image = mixedImage(MIB);
    const events: ProgressEvent[] = [];
    let size = 0;
    const delivery = await deliverArchive(
      image,
      REFERENCES,
      (event) => events.push(event),
      async (parts) => {
        const bytes = await inFile((fd) =>
          writeArchive(parts, fd, {
            compression: "none",
            compressor: () => compressor,
            onWritten: () => undefined,
          }),
        );
        size = bytes.length;
        return size;
      },
    );
    const identities = await Promise.all(image.layers.map((layer) => layer.identity()));
    expect(delivery).toMatchObject({
      references: ["name:tag"],
      imageId: digestOf(await image.config()),
      layers: identities.map(({ diffId, size: length }) => ({ diffId, size: length })),
      size: identities.reduce((sum, { size: length }) => sum + length, 0),
      written: size,
    });
    expect(delivery.seconds).toBeGreaterThan(0);
    const told = events.filter(({ kind }) => kind !== "ahead" && kind !== "moving");
    expect(told.map(({ kind }) => kind)).toEqual([
      "started",
      "layer",
      "layer",
      "layer",
      "finished",
    ]);
    expect(told[0]).toEqual({ kind: "started", image: "name:tag", layers: 3 });
    expect(events).toContainEqual(expect.objectContaining({ kind: "ahead", layers: 3 }));
    expect(told[2]).toMatchObject({
      index: 1,
      of: 3,
      remembered: false,
      diffId: identities[1]!.diffId,
    });
    expect(told[4]).toMatchObject({
      image: "name:tag",
      imageId: delivery.imageId,
      written: size,
    });
  });

  it("that fails is not finished", async () => {
    const events: ProgressEvent[] = [];
    const root = temporaryFolder();
    const spec = layerOf(root, { [storePath()]: folderOf({ a: fileOf("x") }, 0o755) });
    const layer = new PackedLayer({ packer, spec, contentKey: undefined, paths: [], reason: "" });
    expect(tarOf(spec).length).toBe(10_240);
    fs.rmSync(spec.trees[0]!.from, { recursive: true });
    const failing = deliverArchive(
      imageOf([layer]),
      [],
      (event) => events.push(event),
      async (parts) => {
        for await (const part of archiveBytes(parts)) void part;
        return 0;
      },
    );
    await expect(failing).rejects.toMatchObject({ code: "PACK_MISSING" });
    expect(events).toEqual([{ kind: "started", image: "", layers: 1 }]);
  });
});
