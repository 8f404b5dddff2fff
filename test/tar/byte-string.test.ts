import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  byteStringOf,
  compareNames,
  displayText,
  fileSystemPath,
  isAscii,
  isUtf8,
  pythonCodePoints,
  sortedNames,
} from "../../src/tar/byte-string.ts";
import { arbitraryBytes, latin1 } from "./support/arbitrary-name.ts";

describe("byte strings", () => {
  it("text goes in as UTF-8 and comes out as it was", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), (text) => {
        const bytes = byteStringOf(text);
        expect(bytes).toBe(latin1(text));
        expect(isUtf8(bytes)).toBe(true);
        expect(displayText(bytes)).toBe(text);
      }),
    );
  });

  it("what is not UTF-8 is shown with replacement characters", () => {
    expect(displayText("caf\u00e9")).toBe("caf�");
    expect(isUtf8("caf\u00e9")).toBe(false);
  });

  it("names are sorted as they are compared", () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(arbitraryBytes(), fc.string())), (texts) => {
        const names = texts.map(byteStringOf);
        expect(sortedNames(names)).toEqual(names.toSorted(compareNames));
      }),
    );
  });

  it("file calls get the very bytes", () => {
    fc.assert(
      fc.property(arbitraryBytes(), (name) => {
        const path = fileSystemPath(name);
        expect(typeof path === "string").toBe(isAscii(name));
        expect(Buffer.from(path as string, "utf8").toString("latin1")).toBe(name);
      }),
    );
  });

  it("UTF-8 is told from what is not as TextDecoder tells it", () => {
    const strict = new TextDecoder("utf-8", { fatal: true });
    fc.assert(
      fc.property(arbitraryBytes(4), (name) => {
        let valid = true;
        try {
          strict.decode(Buffer.from(name, "latin1"));
        } catch {
          valid = false;
        }
        expect(isUtf8(name)).toBe(valid);
      }),
      { numRuns: 500 },
    );
  });
});

describe("code points of CPython's str", () => {
  it.each([
    ["plain", [0x70, 0x6c, 0x61, 0x69, 0x6e]],
    [latin1("é😀"), [0xe9, 0x1f600]],
    ["\u00e9", [0xdce9]],
    ["\u00c0\u0080", [0xdcc0, 0xdc80]],
    ["\u00ed\u00a0\u0080", [0xdced, 0xdca0, 0xdc80]],
    ["\u00f4\u0090\u0080\u0080", [0xdcf4, 0xdc90, 0xdc80, 0xdc80]],
    ["\u00e2\u0082A", [0xdce2, 0xdc82, 0x41]],
    ["\u00f0\u009f\u0098", [0xdcf0, 0xdc9f, 0xdc98]],
  ])("%j", (name, points) => {
    expect(pythonCodePoints(name)).toEqual(points);
  });

  it("of UTF-8 they are the text's own", () => {
    fc.assert(
      fc.property(fc.array(scalarValue), (points) => {
        expect(pythonCodePoints(byteStringOf(String.fromCodePoint(...points)))).toEqual(points);
      }),
    );
  });
});

describe("order of names", () => {
  it("is that of the code points, whatever the bytes", () => {
    fc.assert(
      fc.property(arbitraryBytes(5), arbitraryBytes(5), (a, b) => {
        expect(Math.sign(compareNames(a, b))).toBe(slowOrder(a, b));
        expect(Math.sign(compareNames(b, a))).toBe(-slowOrder(a, b) + 0);
      }),
      { numRuns: 2000 },
    );
  });

  it("a byte that is not UTF-8 comes before U+E000 and after U+D7FF", () => {
    const names = [latin1("\u{e000}"), "\u00ff", latin1("\u{d7ff}"), latin1("😀"), "a", ""];
    expect(names.toSorted(compareNames)).toEqual([
      "",
      "a",
      latin1("\u{d7ff}"),
      "\u00ff",
      latin1("\u{e000}"),
      latin1("😀"),
    ]);
  });
});

const scalarValue = fc
  .integer({ min: 0, max: 0x10ffff })
  .filter((point) => point < 0xd800 || point > 0xdfff);

function slowOrder(a: string, b: string): number {
  const [left, right] = [pythonCodePoints(a), pythonCodePoints(b)];
  for (const [index, point] of left.entries()) {
    if (index === right.length) return 1;
    if (point !== right[index]) return point < right[index]! ? -1 : 1;
  }
  return left.length === right.length ? 0 : -1;
}
