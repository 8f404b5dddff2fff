import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compactGoJson, goJsonMembers } from "../../src/image/go-json.ts";

describe("JSON as Go passes it on", () => {
  it("loses its white space, and keeps spellings", () => {
    expect(compactGoJson(' { "a" : [ 1.50 , 1e5 ],\n"b \\u00e9" : "x  y" }')).toBe(
      '{"a":[1.50,1e5],"b \\u00e9":"x  y"}',
    );
  });

  it("has what could be HTML escaped, in strings", () => {
    expect(compactGoJson('"<a> & \u2028\u2029"')).toBe('"\\u003ca\\u003e \\u0026 \\u2028\\u2029"');
  });

  it("means the same after that", () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.constantFrom(0, 1, 3), (value, indent) => {
        const text = JSON.stringify(value, undefined, indent);
        expect(JSON.stringify(JSON.parse(compactGoJson(text)))).toBe(JSON.stringify(value));
      }),
    );
  });

  it("is taken apart by the members of an object", () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.string(), fc.jsonValue()),
        fc.constantFrom(0, 2),
        (object, indent) => {
          const members = goJsonMembers(JSON.stringify(object, undefined, indent));
          const expected = Object.entries(JSON.parse(JSON.stringify(object)) as object);
          expect([...members].map(([key, value]): unknown => [key, JSON.parse(value)])).toEqual(
            expected,
          );
        },
      ),
    );
    expect(goJsonMembers('{"a":1,"a":[2,{"a":3}]}').get("a")).toBe('[2,{"a":3}]');
  });
});
