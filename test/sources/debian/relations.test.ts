import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  alternativesText,
  parseRelations,
  satisfies,
} from "../../../src/sources/debian/relations.ts";
import type { Relation } from "../../../src/sources/debian/relations.ts";
import { arbitraryVersion } from "./support/arbitrary-version.ts";

const parse = (value: string): string[] =>
  parseRelations(value, "amd64", "x").map(alternativesText);

describe("relations between packages", () => {
  it.each([
    [
      "libc6 (>= 2.34), debconf (>= 0.5) | debconf-2.0",
      ["libc6 (>= 2.34)", "debconf (>= 0.5) | debconf-2.0"],
    ],
    ["python3:any (>=3.9)", ["python3:any (>= 3.9)"]],
    ["a [amd64 arm64], b [i386], c [!amd64], d [!i386], e [linux-any]", ["a", "d", "e"]],
    ["a [i386] | b", ["b"]],
    [
      "a (< 1), b (> 1), c (<< 1), d (>> 1), e (= 1:2-3)",
      ["a (<= 1)", "b (>= 1)", "c (<< 1)", "d (>> 1)", "e (= 1:2-3)"],
    ],
    ["a,\n b ,, c", ["a", "b", "c"]],
  ])("%s", (value, expected) => {
    expect(parse(value)).toEqual(expected);
  });

  it("come back as they were written", () => {
    const arbitraryRelation: fc.Arbitrary<Relation> = fc.record(
      {
        name: fc.stringMatching(/^[a-z0-9][a-z0-9+.-]{1,8}$/),
        qualifier: fc.constantFrom("any", "amd64"),
        bound: fc.record({
          operator: fc.constantFrom("<<", "<=", "=", ">=", ">>"),
          version: arbitraryVersion,
        }),
      },
      { requiredKeys: ["name"] },
    );
    const clauses = fc.array(fc.array(arbitraryRelation, { minLength: 1, maxLength: 3 }));
    fc.assert(
      fc.property(clauses, (written) => {
        const text = written.map(alternativesText).join(", ");
        expect(parseRelations(text, "amd64", "x")).toEqual(written);
      }),
    );
  });

  it.each(["A", "a (1)", "a (>= )", "a (>= 1", "a b", "a (>= x_y)"])("refuse %j", (value) => {
    expect(() => parse(value)).toThrow(`x: "${value}" is not a relation to a package`);
  });

  it.each([
    ["<<", [true, false, false]],
    ["<=", [true, true, false]],
    ["=", [false, true, false]],
    [">=", [false, true, true]],
    [">>", [false, false, true]],
  ] as const)("%s", (operator, expected) => {
    const bound = { operator, version: "2" };
    expect(["1", "2", "3"].map((version) => satisfies(version, bound))).toEqual(expected);
  });
});
