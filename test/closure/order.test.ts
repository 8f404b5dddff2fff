import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { codePointOrder, compareCodePoints } from "../../src/closure/order.ts";

describe("compareCodePoints", () => {
  it("puts astral characters after U+FFFD, as UTF-8 does", () => {
    expect(["😀", "\uFFFD", "z"].toSorted(compareCodePoints)).toEqual(["z", "\uFFFD", "😀"]);
  });

  it("puts a prefix first", () => {
    expect(["ab", "a", ""].toSorted(compareCodePoints)).toEqual(["", "a", "ab"]);
  });

  it("orders as the bytes of UTF-8", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), fc.string({ unit: "grapheme" }), (a, b) => {
        const bytes = Buffer.compare(Buffer.from(a), Buffer.from(b));
        expect(Math.sign(compareCodePoints(a, b))).toBe(bytes);
      }),
    );
  });
});

describe("codePointOrder", () => {
  it("sorts as compareCodePoints does, whatever the strings hold", () => {
    const strings = fc.array(
      fc.oneof(fc.string(), fc.string({ unit: "grapheme" }), fc.constantFrom("\uFFFD", "\uE000")),
    );
    fc.assert(
      fc.property(strings, (list) => {
        expect(list.toSorted(codePointOrder(list))).toEqual(list.toSorted(compareCodePoints));
      }),
    );
  });
});
