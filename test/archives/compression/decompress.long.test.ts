import * as zlib from "node:zlib";
import { once } from "node:events";
import * as fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { decompress } from "../../../src/archives/compression/decompress.ts";
import { sniffCompression } from "../../../src/archives/compression/sniff.ts";
import type { Compressed } from "../../../src/archives/compression/sniff.ts";

// What xz and bzip2 make is read in test/peers/archive-readers.test.ts.

const TEXT = Buffer.from("a layer of sediment, then another; ".repeat(40));
const ZEROS = Buffer.alloc(300_000);
const NOISE = Buffer.alloc(400_000);
for (let at = 0, state = 1; at < NOISE.length; at += 1) {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
  NOISE[at] = state >>> 24;
}

async function* pieces(...parts: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* parts;
}

async function decompressed(
  compressed: Compressed,
  source: AsyncIterable<Uint8Array>,
): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const part of decompress(source, compressed, "image.tar.x")) parts.push(part);
  return Buffer.concat(parts);
}

function zstd(bytes: Uint8Array, checksum = true, contentSize = true): Buffer {
  return zlib.zstdCompressSync(bytes, {
    params: {
      [zlib.constants.ZSTD_c_checksumFlag]: Number(checksum),
      [zlib.constants.ZSTD_c_contentSizeFlag]: Number(contentSize),
    },
  });
}

/** A frame whose length was not known when it began. */
async function zstdStream(bytes: Uint8Array): Promise<Buffer> {
  const stream = zlib.createZstdCompress();
  stream.end(bytes);
  const parts: Buffer[] = [];
  stream.on("data", (part: Buffer) => parts.push(part));
  await once(stream, "end");
  return Buffer.concat(parts);
}

function skippable(length: number, kind = 0): Buffer {
  const header = Buffer.alloc(8);
  header.writeUInt32LE(0x184d2a50 + kind, 0);
  header.writeUInt32LE(length, 4);
  return Buffer.concat([header, Buffer.alloc(length, "s")]);
}

describe("decompressing", () => {
  it("passes on what is not compressed", async () => {
    expect(await decompressed("none", pieces(TEXT, ZEROS))).toEqual(Buffer.concat([TEXT, ZEROS]));
  });

  it("gzip, of any number of members", async () => {
    const members = [TEXT, Buffer.alloc(0), NOISE, TEXT].map((bytes) => zlib.gzipSync(bytes));
    const whole = Buffer.concat(members);
    expect(sniffCompression(whole)).toBe("gzip");
    const expected = Buffer.concat([TEXT, NOISE, TEXT]);
    expect((await decompressed("gzip", pieces(whole))).equals(expected)).toBe(true);
    expect((await decompressed("gzip", pieces(...members))).equals(expected)).toBe(true);
  });

  it("gzip with a name and a comment, padded with zeros", async () => {
    const plain = zlib.gzipSync(TEXT);
    const flags = Buffer.from(plain.subarray(0, 10));
    flags[3] = 0b1_1000;
    const named = Buffer.concat([flags, Buffer.from("name\0comment\0"), plain.subarray(10)]);
    expect(await decompressed("gzip", pieces(named, Buffer.alloc(1000)))).toEqual(TEXT);
  });

  it("zstd frames of every kind, one after the other", async () => {
    const whole = Buffer.concat([
      skippable(0),
      zstd(TEXT),
      zstd(TEXT, false),
      skippable(1000, 15),
      zstd(NOISE, true, false),
      zstd(ZEROS, false, false),
      zstd(Buffer.alloc(0)),
      await zstdStream(TEXT),
      zstd(Buffer.from("x"), false),
      skippable(5, 7),
    ]);
    expect(sniffCompression(whole)).toBe("zstd");
    const expected = Buffer.concat([TEXT, TEXT, NOISE, ZEROS, TEXT, Buffer.from("x")]);
    expect((await decompressed("zstd", pieces(whole))).equals(expected)).toBe(true);
  });

  it("zstd cut at any byte", async () => {
    const whole = Buffer.concat([
      skippable(3),
      zstd(Buffer.from("one"), true),
      zstd(Buffer.from("two"), false, false),
      skippable(0),
      zstd(Buffer.alloc(50, "3")),
    ]);
    const expected = Buffer.concat([Buffer.from("onetwo"), Buffer.alloc(50, "3")]);
    for (let cut = 0; cut <= whole.length; cut += 1) {
      const parts = [whole.subarray(0, cut), whole.subarray(cut)];
      expect(await decompressed("zstd", pieces(...parts))).toEqual(expected);
    }
    const bytes = Array.from(whole, (_, index) => whole.subarray(index, index + 1));
    expect(await decompressed("zstd", pieces(...bytes))).toEqual(expected);
  });

  it("zstd that becomes a thousand times as long, without holding it all", async () => {
    const zeros = Buffer.alloc(64 << 20);
    const source = pieces(zstd(zeros, true));
    let total = 0;
    let most = 0;
    for await (const part of decompress(source, "zstd", "x")) {
      total += part.length;
      most = Math.max(most, part.length);
    }
    expect(total).toBe(zeros.length);
    expect(most).toBeLessThanOrEqual(1 << 20);
  });
});

describe("damaged streams", () => {
  const whole = { gzip: zlib.gzipSync(TEXT), zstd: zstd(TEXT) };

  it.each(["gzip", "zstd"] as const)("%s that ends anywhere too early", async (codec) => {
    for (let length = 1; length < whole[codec].length; length += 1) {
      const source = pieces(whole[codec].subarray(0, length));
      await expect(decompressed(codec, source), `${length}`).rejects.toMatchObject({
        code: "ARCHIVE_DAMAGED",
        message: expect.stringMatching(/^image\.tar\.x is damaged: ./) as string,
        hint: expect.stringMatching(/./) as string,
      });
    }
  });

  it.each(["gzip", "zstd"] as const)("%s of which any byte is another", async (codec) => {
    await fc.assert(
      fc.asyncProperty(
        fc.nat({ max: whole[codec].length - 1 }),
        fc.integer({ min: 1, max: 255 }),
        async (at, bits) => {
          const damaged = Buffer.from(whole[codec]);
          damaged[at]! ^= bits;
          const result = await decompressed(codec, pieces(damaged)).catch(
            (error: unknown) => error,
          );
          // Header bytes that say nothing of the content may be any.
          if (Buffer.isBuffer(result)) expect(result.equals(TEXT)).toBe(true);
          else expect(result).toMatchObject({ code: "ARCHIVE_DAMAGED" });
        },
      ),
      { numRuns: 150 },
    );
  });

  it.each(["gzip", "zstd"] as const)("%s that is none", async (codec) => {
    await expect(decompressed(codec, pieces(NOISE))).rejects.toMatchObject({
      code: "ARCHIVE_DAMAGED",
    });
  });

  it("zstd followed by something else", async () => {
    await expect(decompressed("zstd", pieces(zstd(TEXT), TEXT))).rejects.toMatchObject({
      code: "ARCHIVE_DAMAGED",
      message: "image.tar.x is damaged: it is not a zstd stream",
    });
  });

  it.each(["gzip", "zstd", "xz", "none"] as const)("%s whose source fails", async (codec) => {
    async function* failing(): AsyncGenerator<Uint8Array> {
      if (codec === "gzip" || codec === "zstd") yield whole[codec].subarray(0, 30);
      throw new Error("the disk is gone");
    }
    await expect(decompressed(codec, failing())).rejects.toThrow("the disk is gone");
  });
});

describe("who stops early", () => {
  it.each(["none", "gzip", "zstd", "xz"] as const)("ends the source, too: %s", async (codec) => {
    let ended = false;
    async function* endless(): AsyncGenerator<Uint8Array> {
      try {
        for (;;) yield codec === "zstd" ? zstd(NOISE) : zlib.gzipSync(NOISE);
      } finally {
        ended = true;
      }
    }
    const stream = decompress(endless(), codec, "x");
    if (codec === "xz") await expect(stream.next()).rejects.toMatchObject({ code: /./ });
    else await stream.next();
    await stream.return();
    await new Promise(setImmediate);
    expect(ended).toBe(true);
  });
});

/** TEXT as `xz -9` makes it. */
const XZ = Buffer.from(
  "/Td6WFoAAATm1rRGAgAhARwAAAAQz1jM4AV3ADBdADCICYZUoIY2lt6/5hmPZHxSU9jpalXCeqn9Hh6FXXW7ApHBchNMnQC7CMnuQjgSGwDcKGYtFUiF1gABTPgKAAAAMuU2rLHEZ/sCAAAAAARZWg==",
  "base64",
);

describe("where the programs are missing", () => {
  const { PATH } = process.env;
  beforeAll(() => {
    process.env["PATH"] = "/nonexistent";
  });
  afterAll(() => {
    process.env["PATH"] = PATH;
  });

  it("bzip2 is asked for", async () => {
    await expect(decompressed("bzip2", pieces(NOISE, NOISE))).rejects.toMatchObject({
      code: "PROGRAM_MISSING",
      message: "reading this needs the program bzip2",
      hint: expect.stringContaining("bzip2") as string,
    });
  });

  it("xz is read all the same", async () => {
    expect(await decompressed("xz", pieces(XZ))).toEqual(TEXT);
    const parts = Array.from(XZ, (_, at) => XZ.subarray(at, at + 1));
    expect(await decompressed("xz", pieces(...parts))).toEqual(TEXT);
  });

  it.each([
    ["cut off", XZ.subarray(0, -20)],
    ["no xz", NOISE],
    ["changed", Buffer.from(XZ).fill(0x55, 40, 44)],
  ])("xz that is damaged is told: %s", async (_, bytes) => {
    await expect(decompressed("xz", pieces(bytes))).rejects.toMatchObject({
      code: "ARCHIVE_DAMAGED",
      message: expect.stringContaining("image.tar.x is damaged") as string,
    });
  });
});
