import { createHash } from "node:crypto";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FewAtOnce } from "../../src/packing/few-at-once.ts";
import { Packer } from "../../src/packing/packer.ts";
import { StreamedLayer } from "../../src/packing/streamed-layer.ts";
import type { StreamedEntry } from "../../src/packing/streamed-layer.ts";
import { WorkerPool } from "../../src/packing/workers/pool.ts";
import { readMembers } from "../../src/tar/reader.ts";
import { failureOf } from "../support/failures.ts";

const KEY = `sha256:${"1".repeat(64)}`;

function file(name: string, pieces: readonly Uint8Array[], size?: number): StreamedEntry {
  const length = pieces.reduce((sum, piece) => sum + piece.length, 0);
  return {
    entry: { name, type: "file", mode: 0o644, size: size ?? length, link: "" },
    content: async function* content() {
      yield* pieces;
    },
  };
}

function layerOf(entries: readonly StreamedEntry[], onRead = (): void => {}): StreamedLayer {
  return new StreamedLayer({
    contentKey: KEY,
    entries: async function* all() {
      onRead();
      yield* entries;
    },
    common: { uid: 0, gid: 0, uname: "root", gname: "root", mtime: 1 },
    paths: ["a component"],
    reason: "",
    packer: new Packer({ pool: new WorkerPool(1) }),
    turns: new FewAtOnce(1),
  });
}

async function bytesOf(layer: StreamedLayer): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const piece of layer.stream()) pieces.push(piece);
  return Buffer.concat(pieces);
}

describe("a layer out of streams", () => {
  const length = fc.oneof(fc.nat({ max: 2000 }), fc.integer({ min: 261_000, max: 263_000 }));
  const pieces = fc.array(
    length.map((each) => Buffer.alloc(each, "x")),
    { maxLength: 3 },
  );

  it("has the contents of its entries, however they come", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(pieces, { maxLength: 4 }), async (contents) => {
        const layer = layerOf(contents.map((each, at) => file(`/${at}`, each)));
        const bytes = await bytesOf(layer);
        const members = [...readMembers((at, count) => bytes.subarray(at, at + count))];
        expect(members.map(({ name, size }) => [name, size])).toEqual(
          contents.map((each, at) => [`/${at}`, Buffer.concat(each).length]),
        );
        for (const { offset, size } of members) {
          expect(bytes.subarray(offset, offset + size).equals(Buffer.alloc(size, "x"))).toBe(true);
        }
        expect(bytes.length % 10_240).toBe(0);
        const diffId = `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
        expect(await layer.identity()).toEqual({ diffId, size: bytes.length, remembered: false });
        expect(layer.knownDiffId()).toBe(diffId);
      }),
      { numRuns: 40 },
    );
  });

  it.each([3, 5])("is refused when content is not as long as said: %i", async (size) => {
    const layer = layerOf([file("/a", [Buffer.from("four")], size)]);
    expect(await failureOf(bytesOf(layer))).toMatchObject({
      code: "LAYER_LENGTH",
      message: `/a is not as long as its archive says: ${size} bytes`,
    });
  });

  it("is read once for its length and its bytes, and again for more", async () => {
    let reads = 0;
    const content = Buffer.from("some content ".repeat(50_000));
    const layer = layerOf([file("/a", [content])], () => {
      reads += 1;
    });
    const { diffId, size } = await layer.identity();
    const first = await bytesOf(layer);
    expect(reads).toBe(1);
    expect(first.length).toBe(size);
    expect(`sha256:${createHash("sha256").update(first).digest("hex")}`).toBe(diffId);
    expect((await bytesOf(layer)).equals(first)).toBe(true);
    expect(reads).toBe(2);
  });

  it("believes what another says of it, until its bytes say otherwise", async () => {
    const adopted = { diffId: `sha256:${"2".repeat(64)}`, size: 10_240 };
    const layer = layerOf([file("/a", [Buffer.from("x")])]);
    layer.adopt(adopted);
    expect(await layer.identity()).toEqual({ ...adopted, remembered: true });
    expect(await failureOf(bytesOf(layer))).toMatchObject({ code: "LAYER_DIFFERS" });
  });
});

describe("few at once", () => {
  it("are at work, in the order given, and a failure frees its place", async () => {
    const turns = new FewAtOnce(2);
    const begun: number[] = [];
    let running = 0;
    const work = async (number: number): Promise<number> => {
      begun.push(number);
      running += 1;
      expect(running).toBeLessThanOrEqual(2);
      await new Promise(setImmediate);
      running -= 1;
      if (number === 1) throw new Error("one");
      return number;
    };
    const results = await Promise.allSettled(
      [0, 1, 2, 3, 4].map((number) => turns.run(() => work(number))),
    );
    expect(results.map(({ status }) => status)).toEqual([
      "fulfilled",
      "rejected",
      "fulfilled",
      "fulfilled",
      "fulfilled",
    ]);
    expect(begun).toEqual([0, 1, 2, 3, 4]);
  });
});
