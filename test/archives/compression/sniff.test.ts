import { describe, expect, it } from "vitest";
import { MAGIC_LENGTH, sniffCompression } from "../../../src/archives/compression/sniff.ts";

describe("how bytes are compressed", () => {
  it.each([
    ["1f8b0800000000000003", "gzip"],
    ["28b52ffd2006310000aa", "zstd"],
    ["502a4d1800000000", "zstd"],
    ["5f2a4d1805000000", "zstd"],
    ["fd377a585a000004e6d6", "xz"],
    ["425a683931415926535980", "bzip2"],
    ["425a6839177245385090", "bzip2"],
    ["", "none"],
    ["1f", "none"],
    ["28b52f", "none"],
    ["602a4d18", "none"],
    ["fd377a585a01", "none"],
    ["00".repeat(20), "none"],
  ])("%s: %s", (hex, compressed) => {
    expect(sniffCompression(Buffer.from(hex, "hex"))).toBe(compressed);
  });

  it.each(["BZh9", "BZh1AY&SY", "BZhello", "./", "/nix/store", "001/layer.tar"])(
    "a tar whose first name is %j is not",
    (name) => {
      expect(sniffCompression(Buffer.from(name.padEnd(100, "\0")))).toBe("none");
    },
  );

  it("needs no more than so many bytes", () => {
    const bzip2 = Buffer.from("425a683931415926535980", "hex");
    expect(sniffCompression(bzip2.subarray(0, MAGIC_LENGTH))).toBe("bzip2");
    expect(sniffCompression(bzip2.subarray(0, MAGIC_LENGTH - 1))).toBe("none");
  });
});
