import { createHash } from "node:crypto";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { chainIdsOf, digestOf, hexOf, isDigest } from "../../src/image/digest.ts";

describe("a digest", () => {
  it("is the SHA-256 in hex", () => {
    const empty = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    expect(digestOf(new Uint8Array())).toBe(empty);
    expect(isDigest(empty)).toBe(true);
    expect(hexOf(empty)).toBe(empty.slice(7));
  });

  it.each([
    "",
    `sha256:${"0".repeat(63)}`,
    `sha256:${"0".repeat(65)}`,
    `sha256:${"A".repeat(64)}`,
    `sha512:${"0".repeat(64)}`,
    "0".repeat(64),
    `sha256:${"0".repeat(64)}\n`,
  ])("%j is none", (text) => {
    expect(isDigest(text)).toBe(false);
  });
});

describe("chain IDs", () => {
  it("of one layer and none", () => {
    expect(chainIdsOf([])).toEqual([]);
    expect(chainIdsOf(["sha256:a"])).toEqual(["sha256:a"]);
  });

  it("name everything below (OCI image-spec, config.md)", () => {
    const diffId = fc.nat().map((seed) => digestOf(Buffer.from(String(seed))));
    fc.assert(
      fc.property(fc.array(diffId, { minLength: 1, maxLength: 6 }), (diffIds) => {
        const chain = chainIdsOf(diffIds);
        expect(chain.length).toBe(diffIds.length);
        let below = diffIds[0]!;
        for (const next of diffIds.slice(1)) {
          const hash = createHash("sha256").update(`${below} ${next}`).digest("hex");
          below = `sha256:${hash}`;
        }
        expect(chain.at(-1)).toBe(below);
      }),
    );
  });
});
