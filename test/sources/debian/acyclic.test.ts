import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { acyclicReferences } from "../../../src/sources/debian/acyclic.ts";

const NAMES = ["a", "b", "c", "d", "e", "f"];

const arbitraryDependencies = fc
  .array(fc.subarray(NAMES), { minLength: NAMES.length, maxLength: NAMES.length })
  .map((lists) => new Map(NAMES.map((name, at) => [name, lists[at]!.filter((to) => to !== name)])));

function reachable(graph: ReadonlyMap<string, readonly string[]>, from: string): Set<string> {
  const seen = new Set<string>();
  const waiting = [...graph.get(from)!];
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    if (seen.has(name)) continue;
    seen.add(name);
    waiting.push(...graph.get(name)!);
  }
  return seen;
}

describe("references without cycles", () => {
  it("hang packages that need each other on one chain", () => {
    const dependencies = new Map([
      ["app", ["libgcc-s1"]],
      ["libc6", ["libgcc-s1"]],
      ["libgcc-s1", ["gcc-base", "libc6"]],
      ["gcc-base", []],
    ]);
    expect(Object.fromEntries(acyclicReferences(dependencies))).toEqual({
      app: ["libgcc-s1"],
      libc6: [],
      "libgcc-s1": ["gcc-base", "libc6"],
      "gcc-base": [],
    });
  });

  it("have no cycles, and lead from outside a cycle to all that was reached before", () => {
    fc.assert(
      fc.property(arbitraryDependencies, (dependencies) => {
        const references = acyclicReferences(dependencies);
        for (const name of NAMES) {
          const before = reachable(dependencies, name);
          const after = reachable(references, name);
          expect(after.has(name)).toBe(false);
          for (const reached of after) expect(before.has(reached)).toBe(true);
          if (!before.has(name)) expect(after).toEqual(before);
        }
      }),
    );
  });

  it("do not depend on the order of dependencies", () => {
    fc.assert(
      fc.property(arbitraryDependencies, (dependencies) => {
        const turned = new Map(
          [...dependencies].toReversed().map(([name, list]) => [name, list.toReversed()]),
        );
        const [a, b] = [dependencies, turned].map((each) =>
          [...acyclicReferences(each)].toSorted(([x], [y]) => (x < y ? -1 : 1)),
        );
        expect(a).toEqual(b);
      }),
    );
  });
});
