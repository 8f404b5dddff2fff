import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  JsonNumber,
  orderedJson,
  parseOrderedJson,
  plainJson,
} from "../../src/image/ordered-json.ts";

describe("ordered JSON", () => {
  it("means what JSON.parse says, however it is spaced", () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 6 }), fc.constantFrom(0, 1, "\t", "\r\n "), (json, space) => {
        const value: unknown = JSON.parse(json);
        expect(plainJson(parseOrderedJson(JSON.stringify(value, null, space)))).toEqual(value);
      }),
    );
  });

  it("accepts and refuses what JSON.parse does", () => {
    const pieces = fc.constantFrom(
      ..."{ } [ ] , : \" ' 1 -0 01 1. .5 1e5 1E+ + true nul null".split(" "),
    );
    const odd = fc.constantFrom(
      ' "a"',
      '"\\n"',
      '"\\x"',
      '"\\u12"',
      '"\u0001"',
      "\u{feff}",
      "\n",
      "/*",
    );
    const text = fc.array(fc.oneof({ weight: 4, arbitrary: pieces }, odd), { maxLength: 6 });
    fc.assert(
      fc.property(text, (parts) => {
        const json = parts.join("");
        let expected: unknown;
        try {
          expected = JSON.parse(json);
        } catch {
          expect(() => parseOrderedJson(json)).toThrow(SyntaxError);
          return;
        }
        expect(plainJson(parseOrderedJson(json))).toEqual(expected);
      }),
      { numRuns: 2000 },
    );
  });

  it.each([
    ["", "unexpected the end at position 0"],
    ["[1,]", 'unexpected "]" at position 3'],
    ['{"a" 1}', 'unexpected "1" at position 5'],
    ["1 2", 'unexpected "2" at position 2'],
    ["[1", "unexpected the end at position 2"],
  ])("says where it is wrong: %s", (text, message) => {
    expect(() => parseOrderedJson(text)).toThrow(message);
  });

  it("keeps keys where they stand, those that look like numbers too", () => {
    const object = parseOrderedJson('{"b":1,"10":2,"9":3,"a":4,"__proto__":5}') as Map<
      string,
      unknown
    >;
    expect([...object.keys()]).toEqual(["b", "10", "9", "a", "__proto__"]);
  });

  it("takes the last of two values, at the place of the first", () => {
    const object = parseOrderedJson('{"a":1,"b":2,"a":3}') as Map<string, unknown>;
    expect([...object]).toEqual([
      ["a", new JsonNumber("3")],
      ["b", new JsonNumber("2")],
    ]);
  });

  it.each(["9007199254740993", "1.10", "1e2", "-0", "123456789012345678901234567890"])(
    "keeps the digits of %s",
    (literal) => {
      expect(parseOrderedJson(literal)).toEqual(new JsonNumber(literal));
    },
  );

  it("takes ordinary values in the order in which JavaScript lists them", () => {
    const value = orderedJson({ b: [1, null, true], a: { "2": "x", "1": "y" } });
    expect(value).toEqual(
      new Map<string, unknown>([
        ["b", [new JsonNumber("1"), null, true]],
        [
          "a",
          new Map([
            ["1", "y"],
            ["2", "x"],
          ]),
        ],
      ]),
    );
  });
});
