import * as zlib from "node:zlib";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compress } from "../../../src/packing/codec/compress.ts";
import type { CodecName } from "../../../src/packing/codec/compression.ts";
import { Compressor } from "../../../src/packing/codec/compressor.ts";

const MIB = 1 << 20;
const compressor = new Compressor(2);
const single = new Compressor(1);

/** Text that compresses like text, with repetitions across the borders of blocks. */
const SAMPLE = Buffer.alloc(9 * MIB + 12_345);
for (let at = 0, state = 7; at < SAMPLE.length; at += 4) {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
  SAMPLE.writeUInt32LE(
    at % 40_000 < 20_000 ? at % 977 : state & 0x0f0f_0f0f,
    Math.min(at, SAMPLE.length - 4),
  );
}

async function* inChunks(bytes: Buffer, lengths: readonly number[]): AsyncGenerator<Uint8Array> {
  let at = 0;
  for (let turn = 0; at < bytes.length; turn += 1) {
    const length = lengths[turn % lengths.length]!;
    yield bytes.subarray(at, at + length);
    at += length;
  }
}

async function collected(parts: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const all: Uint8Array[] = [];
  for await (const part of parts) all.push(part);
  return Buffer.concat(all);
}

function compressed(
  bytes: Buffer,
  codec: CodecName,
  by: Compressor = compressor,
  lengths: readonly number[] = [MIB],
  level?: number,
): Promise<Buffer> {
  return collected(compress(inChunks(bytes, lengths), codec, by, { level }));
}

async function* failing(): AsyncGenerator<Uint8Array> {
  yield SAMPLE.subarray(0, 3 * MIB);
  throw new Error("no more");
}

/** Node.js 24 decodes the first frame of a stream only: so the frames are told apart here. */
function unzstd(bytes: Buffer): Buffer {
  const starts: number[] = [];
  for (let at = 0; at !== -1; at = bytes.indexOf("28b52ffd", at + 1, "hex")) starts.push(at);
  const parts: Buffer[] = [];
  for (let from = 0; from < starts.length;) {
    let to = from + 1;
    for (; ; to += 1) {
      try {
        // A checksum ends each frame, so that no part of one passes for a whole.
        parts.push(zlib.zstdDecompressSync(bytes.subarray(starts[from], starts[to])));
        break;
      } catch (error) {
        if (to > starts.length) throw error;
      }
    }
    from = to;
  }
  return Buffer.concat(parts);
}

describe.each(["gzip", "zstd"] as const)("%s", (codec) => {
  const decompress = codec === "gzip" ? zlib.gunzipSync : unzstd;
  const block = codec === "gzip" ? MIB : 4 * MIB;

  it.each([0, 1, 511, block - 1, block, block + 1, block + MIB])(
    "%i bytes come back",
    async (length) => {
      const bytes = SAMPLE.subarray(0, length);
      const result = await compressed(bytes, codec);
      expect(decompress(result).equals(bytes)).toBe(true);
      if (length > 1000) expect(result.length).toBeLessThan(length);
    },
  );

  it("does not depend on how the bytes come", async () => {
    const bytes = SAMPLE.subarray(0, 2 * MIB + 77);
    const expected = await compressed(bytes, codec);
    for (const lengths of [[bytes.length], [65_536], [MIB + 1], [1, 0, 100_000, 3], [0, MIB - 1]]) {
      expect((await compressed(bytes, codec, compressor, lengths)).equals(expected)).toBe(true);
    }
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 5000, max: 3 * MIB }), { minLength: 1, maxLength: 5 }),
        async (lengths) => {
          expect((await compressed(bytes, codec, compressor, lengths)).equals(expected)).toBe(true);
        },
      ),
      { numRuns: 4 },
    );
  });

  it("does not depend on the number of workers", async () => {
    const bytes = SAMPLE.subarray(0, block + MIB + 5);
    const expected = await compressed(bytes, codec);
    expect((await compressed(bytes, codec, single)).equals(expected)).toBe(true);
  });

  it("has levels", async () => {
    const bytes = SAMPLE.subarray(0, MIB);
    const [fast, good] = [
      await compressed(bytes, codec, compressor, [MIB], 1),
      await compressed(bytes, codec, compressor, [MIB], 9),
    ];
    expect(good.length).toBeLessThan(fast.length);
    expect(decompress(good).equals(bytes)).toBe(true);
    expect(decompress(fast).equals(bytes)).toBe(true);
  });

  it("passes on what goes wrong where the bytes come from", async () => {
    await expect(collected(compress(failing(), codec, compressor))).rejects.toThrow("no more");
  });

  it("passes on what goes wrong in a worker", async () => {
    const level = "high" as unknown as number;
    await expect(compressed(SAMPLE, codec, compressor, [MIB], level)).rejects.toThrow(
      /type number/,
    );
    expect((await compressed(Buffer.from("x"), codec)).length).toBeGreaterThan(10);
  });

  it("ends its source when nobody reads on", async () => {
    let ended = false;
    async function* endless(): AsyncGenerator<Uint8Array> {
      try {
        for (;;) yield SAMPLE.subarray(0, MIB);
      } finally {
        ended = true;
      }
    }
    let parts = 0;
    for await (const _ of compress(endless(), codec, compressor)) {
      parts += 1;
      if (parts === 3) break;
    }
    expect(ended).toBe(true);
  });
});

describe("gzip", () => {
  it("has a header that says nothing of time and place (RFC 1952)", async () => {
    const result = await compressed(Buffer.from("x"), "gzip");
    expect(result.subarray(0, 10).toString("hex")).toBe("1f8b08000000000000ff");
  });

  it("ends with CRC and length", async () => {
    const bytes = SAMPLE.subarray(0, MIB + 5);
    const trailer = (await compressed(bytes, "gzip")).subarray(-8);
    expect(trailer.readUInt32LE(0)).toBe(zlib.crc32(bytes));
    expect(trailer.readUInt32LE(4)).toBe(MIB + 5);
  });

  it("is one member, whose blocks know what came before them", async () => {
    // Noise of 20 kB, over and over: only what refers back across a block's border is short.
    const noise = Buffer.from(SAMPLE.subarray(20_000, 40_000));
    const bytes = Buffer.concat(Array.from({ length: 120 }, () => noise));
    const result = await compressed(bytes, "gzip");
    const [first, second] = [MIB, 2 * MIB].map((length) => bytes.subarray(0, length));
    const growth =
      (await compressed(second!, "gzip")).length - (await compressed(first!, "gzip")).length;
    expect(growth).toBeLessThan(noise.length / 2);
    expect(zlib.gunzipSync(result).equals(bytes)).toBe(true);
  });
});

describe("zstd", () => {
  it("has frames with checksum and content size (RFC 8878, section 3.1.1.1)", async () => {
    const result = await compressed(SAMPLE, "zstd");
    expect(result.subarray(0, 4).toString("hex")).toBe("28b52ffd");
    const descriptor = result[4]!;
    expect(descriptor & 0b100).toBe(0b100);
    expect(descriptor >> 6).toBeGreaterThan(0);
  });
});
