import { createHash } from "node:crypto";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeNix32, encodeNix32 } from "../../../src/sources/nix/nix32.ts";
import { failureOf } from "../../support/failures.ts";

describe("nix32", () => {
  it("writes SHA-256 of nothing as Nix does", () => {
    const digest = createHash("sha256").digest();
    expect(encodeNix32(digest)).toBe("0mdqa9w1p6cmli6976v4wi0sw9r4p5prkj7lzfd1877wk11c9c73");
  });

  it("reads what it has written", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 70 }), (bytes) => {
        expect([...decodeNix32(encodeNix32(bytes))]).toEqual([...bytes]);
      }),
    );
  });

  it("takes one text for each value: what it reads, it would write the same", () => {
    const digits = fc.constantFrom(...Array.from("0123456789abcdfghijklmnpqrsvwxyz"));
    fc.assert(
      fc.property(fc.string({ unit: digits, maxLength: 60 }), (text) => {
        let bytes: Buffer;
        try {
          bytes = decodeNix32(text);
        } catch {
          return;
        }
        expect(encodeNix32(bytes)).toBe(text);
      }),
    );
  });

  it.each(["e".repeat(52), "0", "z0", "0".repeat(51) + "!", "z".repeat(52), "00000 00"])(
    "refuses %j",
    async (text) => {
      expect(await failureOf(() => decodeNix32(text))).toMatchObject({
        code: "HASH_INVALID",
        message: expect.stringContaining(text) as string,
      });
    },
  );
});
