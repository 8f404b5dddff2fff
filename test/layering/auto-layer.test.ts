import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Closure } from "../../src/closure/closure.ts";
import { autoLayer } from "../../src/layering/auto-layer.ts";
import { arbitraryComponents } from "../closure/support/arbitrary-graph.ts";
import { closureOf, pathsOf, reasonsOf, storePath } from "./support/closures.ts";
import { naiveAutoLayer, sortedPartition } from "./support/oracles.ts";

const NONE: ReadonlySet<string> = new Set();
const limits = fc.integer({ min: 1, max: 30 });

describe("autoLayer", () => {
  it("gives each large path a layer with what only it needs; shared paths one per set of users", () => {
    const closure = closureOf(
      {
        app: ["node", "jdk"],
        node: ["openssl", "icu", "libc"],
        jdk: ["fonts", "openssl", "libc"],
        tool: ["libc"],
      },
      { node: 100, jdk: 90, tool: 80, icu: 30, openssl: 20, libc: 10, fonts: 5, app: 1 },
    );
    const plan = autoLayer(closure, 6, NONE);
    expect(plan.layers).toEqual([
      { paths: ["libc"], reason: "shared by node, jdk and tool" },
      { paths: ["openssl"], reason: "shared by node and jdk" },
      { paths: ["tool"], reason: "founded by tool (80 B)" },
      { paths: ["fonts", "jdk"], reason: "founded by jdk (90 B) with 1 dependency only it needs" },
      { paths: ["icu", "node"], reason: "founded by node (100 B) with 1 dependency only it needs" },
      { paths: ["app"], reason: "small rest: no larger path needs these" },
    ]);
  });

  it("stops at the first founder that is one too many; no smaller one is tried instead", () => {
    // With three layers, `b` would make a fourth (its own, and the one shared with `a`), so `c`,
    // which would fit, is not looked at.
    const closure = closureOf(
      { top: ["a", "b", "c"], a: ["x", "y"], b: ["x"] },
      { a: 50, b: 40, c: 30 },
    );
    expect(sortedPartition(pathsOf(autoLayer(closure, 3, NONE)))).toEqual([
      ["a", "x", "y"],
      ["b", "c", "top"],
    ]);
  });

  it("takes the last of equally large paths in id order first", () => {
    const closure = closureOf({ top: ["a", "b", "c"] }, { a: 5, b: 5, c: 5 });
    expect(sortedPartition(pathsOf(autoLayer(closure, 2, NONE)))).toEqual([
      ["a", "b", "top"],
      ["c"],
    ]);
  });

  it("orders a layer's paths by name, then by hash", () => {
    const paths = [storePath("b", "a"), storePath("a", "z"), storePath("a", "b")];
    const closure = Closure.of(paths.map((id) => ({ id, references: [], size: 1 })));
    expect(pathsOf(autoLayer(closure, 1, NONE))).toEqual([
      [storePath("a", "b"), storePath("a", "z"), storePath("b", "a")],
    ]);
  });

  it("orders layers of equal closure size by the number of paths, then by name", () => {
    const sizes = { user: 0, z: 7, a: 7 };
    const plan = autoLayer(closureOf({ user: ["z"], a: [] }, sizes), 3, NONE);
    expect(pathsOf(plan)).toEqual([["a"], ["z"], ["user"]]);
  });

  it("names founders without hash and says how many share when they are many", () => {
    const users = ["a", "b", "c", "d", "e"].map((name) => storePath(`${name}-1.0`));
    const closure = closureOf(
      Object.fromEntries(users.map((id) => [id, [storePath("libc"), storePath("icu")]])),
      Object.fromEntries(users.map((id, index) => [id, 190_000_000 - index])),
    );
    expect(reasonsOf(autoLayer(closure, 6, NONE))[0]).toBe("shared by a-1.0, b-1.0 and 3 more");
    expect(reasonsOf(autoLayer(closure, 6, NONE)).at(-1)).toBe("founded by a-1.0 (190 MB)");
  });

  it("makes one layer of everything with a limit of one", () => {
    const closure = closureOf({ a: ["b"], c: [] });
    expect(pathsOf(autoLayer(closure, 1, NONE))).toEqual([["a", "b", "c"]]);
  });

  it("makes no layer of nothing, and one of one", () => {
    expect(autoLayer(Closure.of([]), 5, NONE).layers).toEqual([]);
    expect(pathsOf(autoLayer(closureOf({ a: ["a"] }), 5, NONE))).toEqual([["a"]]);
  });

  it.each([4, 5, 100])("gives each of 4 paths a layer when there are %d", (limit) => {
    const closure = closureOf({ a: ["b", "c"], b: ["c"], d: [] });
    expect(sortedPartition(pathsOf(autoLayer(closure, limit, NONE)))).toEqual([
      ["a"],
      ["b"],
      ["c"],
      ["d"],
    ]);
  });

  describe("with an ignore list", () => {
    const closure = closureOf({ big: ["own"], other: [] }, { big: 100, own: 1, other: 50 });

    it("splits first: an ignored path spends a layer, which is dropped when it ends empty", () => {
      expect(pathsOf(autoLayer(closure, 2, new Set(["big", "own"])))).toEqual([["other"]]);
      expect(pathsOf(autoLayer(closure, 2, new Set(["other"])))).toEqual([["big", "own"]]);
    });

    it("says of what a founder left behind that it is left out", () => {
      expect(reasonsOf(autoLayer(closure, 2, new Set(["big"])))).toEqual([
        "founded by other (50 B)",
        "needed only by big (100 B), which is left out",
      ]);
    });
  });

  it("agrees with the rule as it is stated, sizes often equal", () => {
    fc.assert(
      fc.property(arbitraryComponents(), limits, (inputs, limit) => {
        const closure = Closure.of(inputs);
        const plan = autoLayer(closure, limit, NONE);
        expect(sortedPartition(pathsOf(plan))).toEqual(naiveAutoLayer(closure, limit));
      }),
      { numRuns: 500 },
    );
  });

  it("never makes more layers than allowed, and puts dependencies below", () => {
    fc.assert(
      fc.property(arbitraryComponents(), limits, (inputs, limit) => {
        const closure = Closure.of(inputs);
        const { layers } = autoLayer(closure, limit, NONE);
        expect(layers.length).toBeLessThanOrEqual(limit);
        const layerOf = new Map(layers.flatMap(({ paths }, at) => paths.map((id) => [id, at])));
        for (const { paths, reason } of layers) {
          if (!reason.startsWith("founded")) continue;
          for (const reference of paths.flatMap((id) => closure.get(id).references)) {
            expect(layerOf.get(reference)).toBeLessThanOrEqual(layerOf.get(paths[0]!)!);
          }
        }
      }),
    );
  });
});
