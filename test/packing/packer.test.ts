import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, describe, expect, it } from "vitest";
import { digestOf } from "../../src/image/digest.ts";
import { DigestStore } from "../../src/packing/digest-store.ts";
import type { LayerDigest, LayerSpec } from "../../src/packing/layer-spec.ts";
import { PackedLayer } from "../../src/packing/packed-layer.ts";
import { Packer } from "../../src/packing/packer.ts";
import { WorkerPool } from "../../src/packing/workers/pool.ts";
import { fileOf, folderOf } from "../support/arbitrary-tree.ts";
import { closedPipe, openPipe } from "../support/pipe.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { layerOf, specOf, storePath, tarOf } from "./support/layers.ts";

const MIB = 1 << 20;
const pool = new WorkerPool(2);
const packer = new Packer({ pool });
afterAll(() => pool.close());

/** A folder of a file of this length and two small ones; zeros take no space on disk. */
function layerOfLength(root: string, length: number, name = "a"): LayerSpec {
  const big = { type: "file", mode: 0o444, content: "", size: length } as const;
  return layerOf(root, {
    [storePath(name)]: folderOf({ a: fileOf("small"), b: big, z: fileOf("last") }, 0o755),
  });
}

async function bytesOf(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const chunk of chunks) parts.push(chunk);
  return Buffer.concat(parts);
}

/** Lets something write to a new file, and gives what it has written. */
async function written(write: (fd: number) => Promise<unknown>): Promise<Buffer> {
  const file = path.join(temporaryFolder(), "out");
  const fd = fs.openSync(file, "w");
  try {
    await write(fd);
  } finally {
    fs.closeSync(fd);
  }
  return fs.readFileSync(file);
}

const LENGTHS = [0, 1, MIB - 4608, MIB, 4 * MIB, 9 * MIB + 1];

describe("a packer", () => {
  it.each(LENGTHS)("makes the same bytes in every way: content of %i bytes", async (length) => {
    const spec = layerOfLength(temporaryFolder(), length);
    const tar = tarOf(spec);
    const digest = { diffId: digestOf(tar), size: tar.length };
    expect(await packer.digest(spec)).toEqual(digest);
    expect(await packer.measure(spec)).toBe(tar.length);
    let streamed: LayerDigest | undefined;
    const stream = packer.stream(spec, tar.length, (found) => (streamed = found));
    expect((await bytesOf(stream)).equals(tar)).toBe(true);
    expect(streamed).toEqual(digest);
    expect((await bytesOf(packer.stream(spec, tar.length))).equals(tar)).toBe(true);
    const lent: Buffer[] = [];
    for await (const chunk of packer.stream(spec, tar.length, undefined, { lent: true })) {
      lent.push(Buffer.from(chunk));
    }
    expect(Buffer.concat(lent).equals(tar)).toBe(true);
    expect((await written((fd) => packer.write(spec, fd, tar.length))).equals(tar)).toBe(true);
    let found: LayerDigest | undefined;
    const both = await written(async (fd) => {
      found = await (await packer.writeAndHash(spec, fd, tar.length)).digest;
    });
    expect(both.equals(tar)).toBe(true);
    expect(found).toEqual(digest);
  });

  it("does the same with one worker", async () => {
    const single = new WorkerPool(1);
    const alone = new Packer({ pool: single });
    const spec = layerOfLength(temporaryFolder(), 2 * MIB);
    const tar = tarOf(spec);
    let found: LayerDigest | undefined;
    const bytes = await written(async (fd) => {
      found = await (await alone.writeAndHash(spec, fd, tar.length)).digest;
    });
    expect(bytes.equals(tar)).toBe(true);
    expect(found).toEqual({ diffId: digestOf(tar), size: tar.length });
    await single.close();
  });

  it("does many things at a time as it does them one by one", async () => {
    const root = temporaryFolder();
    const specs = LENGTHS.flatMap((length, index) => [
      layerOfLength(root, length, `${index}a`),
      layerOfLength(root, length + 17, `${index}b`),
    ]);
    const tars = specs.map((spec) => tarOf(spec));
    const results = await Promise.all(
      specs.map(async (spec, index) => {
        const size = tars[index]!.length;
        if (index % 3 === 0) return bytesOf(packer.stream(spec, size));
        if (index % 3 === 1) return written((fd) => packer.writeAndHash(spec, fd, size));
        return written((fd) => packer.write(spec, fd, size));
      }),
    );
    expect(results.map((bytes, index) => bytes.equals(tars[index]!))).toEqual(
      specs.map(() => true),
    );
  });

  it("names the layer that came out longer or shorter than promised", async () => {
    const spec = layerOfLength(temporaryFolder(), 5);
    const expected = {
      code: "PACK_CHANGED",
      message: `the layer of ${spec.trees[0]!.from} came out 10240 bytes long where 20480 were promised: its content changed`,
      hint: expect.stringContaining("run again") as string,
    };
    await expect(bytesOf(packer.stream(spec, 20_480))).rejects.toMatchObject(expected);
    await expect(written((fd) => packer.write(spec, fd, 20_480))).rejects.toMatchObject(expected);
    await expect(written((fd) => packer.writeAndHash(spec, fd, 20_480))).rejects.toMatchObject(
      expected,
    );
  });

  it("fails as the worker does, and works on", async () => {
    const root = temporaryFolder();
    const absent = specOf(root, [storePath("absent")]);
    const broken = layerOfLength(root, 3 * MIB, "broken");
    fs.writeFileSync(`${broken.trees[0]!.from}/.wh.x`, "");
    const good = layerOfLength(root, 3 * MIB, "good");
    const tar = tarOf(good);
    for (const [spec, code] of [
      [absent, "PACK_MISSING"],
      [broken, "PACK_UNSUPPORTED"],
    ] as const) {
      await expect(packer.digest(spec)).rejects.toMatchObject({ code });
      await expect(packer.measure(spec)).rejects.toMatchObject({ code });
      await expect(bytesOf(packer.stream(spec, 1))).rejects.toMatchObject({ code });
      await expect(written((fd) => packer.write(spec, fd, 1))).rejects.toMatchObject({ code });
      const failing = written((fd) => packer.writeAndHash(spec, fd, 1));
      // Begun while the pair before it still ends.
      const next = written((fd) => packer.writeAndHash(good, fd, tar.length));
      await expect(failing).rejects.toMatchObject({ code });
      expect((await next).equals(tar)).toBe(true);
    }
  });

  it("fails only when nobody writes to the descriptor any more", async () => {
    const spec = layerOfLength(temporaryFolder(), MIB);
    fs.mkdirSync(`${spec.trees[0]!.from}/z-last`);
    fs.writeFileSync(`${spec.trees[0]!.from}/z-last/.wh.x`, "");
    const { reader, writer } = openPipe();
    const buffer = Buffer.alloc(MIB);
    const read = (): number => {
      try {
        return fs.readSync(reader, buffer);
      } catch {
        // There is nothing for the moment.
        return 0;
      }
    };
    const over = new AbortController();
    const failing = packer.write(spec, writer, 1).finally(() => over.abort());
    failing.catch(() => undefined);
    // What comes before the failure fits into the ring, but not into the pipe.
    await delay(300);
    while (!over.signal.aborted) {
      read();
      await delay(1);
    }
    while (read() > 0);
    await delay(50);
    expect(read()).toBe(0);
    await expect(failing).rejects.toMatchObject({ code: "PACK_UNSUPPORTED" });
    fs.closeSync(reader);
    fs.closeSync(writer);
  });

  it("says so when nobody reads or no space is left", async () => {
    // More than a ring holds: who makes it must not wait for ever.
    const spec = layerOfLength(temporaryFolder(), 9 * MIB);
    const size = tarOf(spec).length;
    const full = fs.openSync("/dev/full", "w");
    const closed = closedPipe();
    for (const [fd, code] of [
      [full, "DESTINATION_FULL"],
      [closed, "DESTINATION_CLOSED"],
    ] as const) {
      await expect(packer.write(spec, fd, size)).rejects.toMatchObject({ code });
      await expect(packer.writeAndHash(spec, fd, size)).rejects.toMatchObject({ code });
    }
    fs.closeSync(full);
    fs.closeSync(closed);
    expect(await packer.measure(spec)).toBe(size);
  });
});

describe("a stream", () => {
  it("of which only the beginning is taken sets its worker free", async () => {
    const root = temporaryFolder();
    const spec = layerOfLength(root, 2 ** 40);
    const before = Promise.allSettled(Array.from({ length: 5 }, () => firstChunk(spec)));
    expect((await before).map(({ status }) => status)).toEqual(Array(5).fill("fulfilled"));
    const small = layerOfLength(root, 5, "small");
    expect(await packer.measure(small)).toBe(10_240);
  });

  it("that nobody begins does nothing", async () => {
    const stream = packer.stream(specOf("", [storePath("absent")]), 0);
    expect(await stream.return()).toEqual({ done: true, value: undefined });
  });

  it("is not made faster than it is taken", async () => {
    const spec = layerOfLength(temporaryFolder(), 16 * MIB);
    const size = tarOf(spec).length;
    const stream = packer.stream(spec, size);
    await stream.next();
    await delay(100);
    // The ring holds four MiB, the worker one: it sleeps long before the last file.
    fs.rmSync(`${spec.trees[0]!.from}/z`);
    await expect(bytesOf(stream)).rejects.toMatchObject({
      code: "PACK_CHANGED",
      message: `${spec.trees[0]!.from}/z vanished while it was packed`,
    });
  });

  it("ends when the pool does", async () => {
    const own = new WorkerPool(1);
    const stream = new Packer({ pool: own }).stream(layerOfLength(temporaryFolder(), 2 ** 40), 0);
    await stream.next();
    const rest = bytesOf(stream);
    await Promise.all([expect(rest).rejects.toMatchObject({ code: "INTERRUPTED" }), own.close()]);
  });
});

it("leaves no rejection that nobody handles, whatever fails or stops", () => {
  const root = temporaryFolder();
  const absent = JSON.stringify(specOf(root, [storePath("absent")]));
  const endless = JSON.stringify(layerOfLength(root, 2 ** 40, "endless"));
  const script = path.join(root, "script.mjs");
  fs.writeFileSync(
    script,
    `import * as fs from "node:fs";
     import { setTimeout } from "node:timers/promises";
     import { archiveBytes, dockerArchive } from ${sourceFile("archives/docker-archive.ts")};
     import { AssembledImage } from ${sourceFile("assembly/assembled-image.ts")};
     import { compress } from ${sourceFile("packing/codec/compress.ts")};
     import { Compressor } from ${sourceFile("packing/codec/compressor.ts")};
     import { PackedLayer } from ${sourceFile("packing/packed-layer.ts")};
     import { Packer } from ${sourceFile("packing/packer.ts")};
     import { WorkerPool } from ${sourceFile("packing/workers/pool.ts")};
     const pool = new WorkerPool(2);
     const packer = new Packer({ pool });
     const layer = (spec) => new PackedLayer({ packer, spec, paths: [], reason: "" });
     const image = (layers) =>
       new AssembledImage({ architecture: "", os: "", created: "", runtime: new Map(), layers, archiveTime: 1 });
     const absent = ${absent};
     const endless = ${endless};
     const nowhere = fs.openSync("/dev/full", "w");
     const failed = (promise) => promise.then(() => "done", ({ code }) => code);
     const all = async (chunks) => { for await (const chunk of chunks); };
     const parts = () => archiveBytes(dockerArchive(image([layer(endless), layer(absent), layer(absent)]), []));
     console.log(await failed(image([layer(absent), layer(absent)]).config()));
     console.log(await failed(all(archiveBytes(dockerArchive(image([layer(absent), layer(absent)]), [])))));
     console.log(await failed(packer.writeAndHash(endless, nowhere, 1)));
     for await (const part of parts()) break;
     for await (const part of compress(parts(), "zstd", new Compressor(2))) break;
     const begun = parts();
     await begun.next();
     await begun.next();
     await pool.close();
     console.log(await failed(all(begun)), await failed(packer.measure(absent)));
     await setTimeout(20);`,
  );
  const { stdout, stderr, status } = spawnSync(process.execPath, [script], {
    encoding: "utf8",
    timeout: 20_000,
  });
  expect(stderr).toBe("");
  expect(stdout).toBe("PACK_MISSING\nPACK_MISSING\nDESTINATION_FULL\nINTERRUPTED INTERNAL\n");
  expect(status).toBe(0);
});

describe("a packed layer", () => {
  const KEY = `sha256:${"ab".repeat(32)}`;

  it.each<[string, (packed: PackedLayer) => Promise<unknown>]>([
    ["is asked for it", (packed) => packed.identity()],
    ["is streamed", (packed) => bytesOf(packed.stream())],
    ["is written", (packed) => written((fd) => packed.writeTo(fd))],
  ])("learns its digest when it %s, and remembers it", async (_, take) => {
    const spec = layerOfLength(temporaryFolder(), 2 * MIB);
    const tar = tarOf(spec);
    const digests = new DigestStore(temporaryFolder());
    const first = layer(spec, new Packer({ pool, digests }), KEY);
    expect(await first.size()).toBe(tar.length);
    expect(digests.get(KEY)).toBeUndefined();
    await take(first);
    const digest = { diffId: digestOf(tar), size: tar.length };
    expect(await first.identity()).toEqual({ ...digest, remembered: false });
    expect(digests.get(KEY)).toEqual(digest);

    const second = layer(spec, new Packer({ pool, digests }), KEY);
    fs.rmSync(spec.trees[0]!.from, { recursive: true });
    expect(await second.identity()).toEqual({ ...digest, remembered: true });
    expect(await second.size()).toBe(tar.length);
  });

  it("does not believe what is remembered when told so, and remembers anew", async () => {
    const spec = layerOfLength(temporaryFolder(), 5);
    const digests = new DigestStore(temporaryFolder());
    digests.put(KEY, { diffId: `sha256:${"0".repeat(64)}`, size: 1 });
    const packed = layer(spec, new Packer({ pool, digests, ignoreRemembered: true }), KEY);
    const { diffId, remembered } = await packed.identity();
    expect(remembered).toBe(false);
    expect(diffId).toBe(digestOf(tarOf(spec)));
    expect(digests.get(KEY)?.diffId).toBe(diffId);
  });

  it.each<[string, (packed: PackedLayer) => Promise<unknown>]>([
    ["streamed", (packed) => bytesOf(packed.stream())],
    ["written", (packed) => written((fd) => packed.writeTo(fd))],
  ])("checks an identity taken over from elsewhere when it is %s", async (_, take) => {
    const spec = layerOfLength(temporaryFolder(), 5);
    const tar = tarOf(spec);
    const digest = { diffId: digestOf(tar), size: tar.length };
    const digests = new DigestStore(temporaryFolder());
    const right = layer(spec, new Packer({ pool, digests }), KEY);
    right.adopt(digest);
    expect(await right.identity()).toEqual({ ...digest, remembered: true });
    expect(digests.get(KEY)).toBeUndefined();
    await take(right);
    expect(digests.get(KEY)).toEqual(digest);

    const wrong = layer(spec, packer);
    wrong.adopt({ ...digest, diffId: `sha256:${"0".repeat(64)}` });
    await expect(take(wrong)).rejects.toMatchObject({
      code: "LAYER_DIFFERS",
      message: expect.stringContaining(digest.diffId) as string,
    });
  });

  it("takes nothing over once it knows its identity", async () => {
    const packed = layer(layerOfLength(temporaryFolder(), 5), packer);
    const { diffId } = await packed.identity();
    packed.adopt({ diffId: `sha256:${"0".repeat(64)}`, size: 1 });
    expect((await packed.identity()).diffId).toBe(diffId);
    expect(packed.knownDiffId()).toBe(diffId);
  });

  it("remembers nothing without a content key", async () => {
    const spec = layerOfLength(temporaryFolder(), 5);
    const folder = temporaryFolder();
    await layer(spec, new Packer({ pool, digests: new DigestStore(folder) })).identity();
    expect(fs.readdirSync(folder)).toEqual([]);
  });

  it("gives the same bytes however often they are taken", async () => {
    const spec = layerOfLength(temporaryFolder(), 2 * MIB);
    const tar = tarOf(spec);
    const packed = layer(spec, packer);
    for (let time = 0; time < 2; time += 1) {
      expect((await bytesOf(packed.stream())).equals(tar)).toBe(true);
      expect((await written((fd) => packed.writeTo(fd))).equals(tar)).toBe(true);
    }
  });

  it("fails for everybody who asks, and rejects nothing that nobody asked for", async () => {
    const packed = layer(specOf(temporaryFolder(), [storePath("absent")]), packer);
    const asked = [packed.identity(), packed.size(), bytesOf(packed.stream()), packed.writeTo(1)];
    for (const result of await Promise.allSettled(asked)) {
      expect(result).toMatchObject({ status: "rejected", reason: { code: "PACK_MISSING" } });
    }
  });
});

async function firstChunk(spec: LayerSpec): Promise<number> {
  for await (const chunk of packer.stream(spec, 0)) return chunk.length;
  return 0;
}

function layer(spec: LayerSpec, by: Packer, contentKey?: string): PackedLayer {
  return new PackedLayer({ packer: by, spec, contentKey, paths: ["x"], reason: "test" });
}

/** A module of ours, quoted for a script. */
function sourceFile(name: string): string {
  return JSON.stringify(path.join(import.meta.dirname, "../../src", name));
}
