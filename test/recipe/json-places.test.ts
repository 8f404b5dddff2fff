import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { placeInJson } from "../../src/recipe/json-places.ts";

describe("a place in JSON", () => {
  const text = '{\n  "a": [1, {"b": null,\n    "c\\"": "x:,]"}],\n  "d": {"a": 5}\n}';
  it.each([
    [[], 1, 1],
    [["a"], 2, 3],
    [["a", 0], 2, 9],
    [["a", 1], 2, 12],
    [["a", 1, "b"], 2, 13],
    [["a", 1, 'c"'], 3, 5],
    [["d", "a"], 4, 9],
    [["d", "missing"], 4, 3],
    [["missing", "a"], 1, 1],
  ])("%j", (path, line, column) => {
    expect(placeInJson(text, path)).toEqual({ line, column });
  });

  it("is where the value or its key stands, in any JSON", () => {
    const value = fc.jsonValue({ maxDepth: 4, noUnicodeString: false });
    fc.assert(
      fc.property(value, fc.nat(), fc.constantFrom(0, 2), (json, choice, indent) => {
        const whole = JSON.stringify(json, undefined, indent);
        const paths = pathsIn(json);
        const path = paths[choice % paths.length]!;
        const { line, column } = placeInJson(whole, path);
        const rest = whole
          .split("\n")
          .slice(line - 1)
          .join("\n")
          .slice(column - 1);
        const last = path.at(-1);
        expect(rest.startsWith(typeof last === "string" ? `${JSON.stringify(last)}:` : "")).toBe(
          true,
        );
        if (typeof last !== "string") {
          const found = path.reduce<unknown>(
            (at, key) => (at as Record<PropertyKey, unknown>)[key],
            json,
          );
          const [first] = JSON.stringify(found);
          expect(rest[0]).toBe(first);
        }
      }),
    );
  });
});

function pathsIn(json: unknown, path: readonly PropertyKey[] = []): PropertyKey[][] {
  const below = Array.isArray(json)
    ? json.flatMap((item, index) => pathsIn(item, [...path, index]))
    : typeof json === "object" && json !== null
      ? Object.entries(json).flatMap(([key, item]) => pathsIn(item, [...path, key]))
      : [];
  return [[...path], ...below];
}
