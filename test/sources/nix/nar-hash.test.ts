import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { sriOf } from "../../../src/sources/nix/nar-hash.ts";
import { encodeNix32 } from "../../../src/sources/nix/nix32.ts";
import { failureOf } from "../../support/failures.ts";

const LENGTHS = { md5: 16, sha1: 20, sha256: 32, sha512: 64 } as const;

const anyHash = fc
  .constantFrom(...(Object.keys(LENGTHS) as (keyof typeof LENGTHS)[]))
  .chain((algorithm) =>
    fc
      .uint8Array({ minLength: LENGTHS[algorithm], maxLength: LENGTHS[algorithm] })
      .map((bytes) => ({ algorithm, bytes: Buffer.from(bytes) })),
  );

describe("hashes as Nix writes them", () => {
  it("become SRI in whatever way they are written", () => {
    fc.assert(
      fc.property(anyHash, ({ algorithm, bytes }) => {
        const base64 = bytes.toString("base64");
        const base16 = bytes.toString("hex");
        const nix32 = encodeNix32(bytes);
        const written: unknown[] = [
          `${algorithm}-${base64}`,
          `${algorithm}:${base64}`,
          `${algorithm}:${base16}`,
          `${algorithm}:${base16.toUpperCase()}`,
          `${algorithm}:${nix32}`,
          { algorithm, format: "base64", hash: base64 },
          { algorithm, format: "base16", hash: base16 },
          { algorithm, format: "nix32", hash: nix32 },
          { algorithm, format: "sri", hash: `${algorithm}-${base64}` },
          { algo: algorithm, base16 },
        ];
        for (const hash of written) expect(sriOf(hash)).toBe(`${algorithm}-${base64}`);
      }),
    );
  });

  it("are SHA-256 when nothing says what they are", () => {
    const expected = "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
    expect(sriOf("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")).toBe(
      expected,
    );
    expect(sriOf("0mdqa9w1p6cmli6976v4wi0sw9r4p5prkj7lzfd1877wk11c9c73")).toBe(expected);
    expect(sriOf("47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=")).toBe(expected);
  });

  it.each([
    "",
    "sha256:",
    "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU",
    "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b8",
    "sha256:0mdqa9w1p6cmli6976v4wi0sw9r4p5prkj7lzfd1877wk11c9c7e",
    "sha257:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "sha512-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
    " e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b85",
    7,
    null,
    {},
    { algorithm: "sha256" },
    { algorithm: "sha256", hash: 5 },
  ])("refuses %j", async (hash) => {
    expect(await failureOf(() => sriOf(hash))).toMatchObject({ code: "HASH_INVALID" });
  });
});
