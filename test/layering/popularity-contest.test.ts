import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Closure } from "../../src/closure/closure.ts";
import { compareCodePoints } from "../../src/closure/order.ts";
import { popularityContest } from "../../src/layering/popularity-contest.ts";
import { arbitraryComponents } from "../closure/support/arbitrary-graph.ts";
import { closureOf, pathsOf, storePath } from "./support/closures.ts";
import { naivePopularity } from "./support/oracles.ts";

const NONE: ReadonlySet<string> = new Set();

/** Popularity: libc 9, ssl 5, zlib 4, icu 3, node and tool 2, app 1. */
const closure = closureOf({
  app: ["node", "tool"],
  node: ["icu", "ssl"],
  icu: ["zlib", "ssl"],
  zlib: ["libc"],
  ssl: ["libc"],
});

/** The key that settles ties, as the peer makes it. */
function moved(id: string): string {
  const [head, ...pieces] = id.split("-");
  return [...pieces, head].join("-");
}

describe("popularityContest", () => {
  it("gives the most popular a layer each and puts the rest in the last, in order", () => {
    expect(popularityContest(closure, 4, NONE).layers).toEqual([
      { paths: ["libc"], reason: "popularity 9" },
      { paths: ["ssl"], reason: "popularity 5" },
      { paths: ["zlib"], reason: "popularity 4" },
      { paths: ["icu", "node", "tool", "app"], reason: "everything else" },
    ]);
  });

  it("settles ties by name and version, then by what stands before", () => {
    const ids = [
      storePath("b-1.0", "x"),
      storePath("b", "x"),
      storePath("a-2", "z"),
      storePath("a-2", "a"),
      "plain",
    ];
    const plan = popularityContest(
      Closure.of(ids.map((id) => ({ id, references: [], size: 1 }))),
      9,
      NONE,
    );
    expect(pathsOf(plan).flat()).toEqual([
      storePath("a-2", "a"),
      storePath("a-2", "z"),
      storePath("b", "x"),
      storePath("b-1.0", "x"),
      "plain",
    ]);
  });

  it.each([
    [1, 1],
    [2, 2],
    [6, 6],
    [7, 7],
    [8, 7],
    [100, 7],
  ])("makes of 7 paths, with a limit of %d, %d layers", (limit, layers) => {
    const plan = popularityContest(closure, limit, NONE);
    expect(plan.layers).toHaveLength(layers);
    expect(pathsOf(plan).flat()).toEqual(pathsOf(popularityContest(closure, 7, NONE)).flat());
  });

  it("says that one layer is everything", () => {
    expect(popularityContest(closure, 1, NONE).layers[0]!.reason).toBe("everything in one layer");
  });

  it("makes no layer of nothing", () => {
    expect(popularityContest(Closure.of([]), 5, NONE).layers).toEqual([]);
  });

  it("lets the ignored count, but spends no layer on them", () => {
    const ignored = new Set(["libc", "app", "absent"]);
    expect(popularityContest(closure, 3, ignored).layers).toEqual([
      { paths: ["ssl"], reason: "popularity 5" },
      { paths: ["zlib"], reason: "popularity 4" },
      { paths: ["icu", "node", "tool"], reason: "everything else" },
    ]);
  });

  it("tells counts apart that doubles cannot", () => {
    // Both ends hang below a ladder of 2^70 walks; one has a single user more.
    const rungs = Array.from({ length: 70 }, (_, rung) => [`l${rung}`, `r${rung}`]);
    const ladder = Object.fromEntries(
      rungs.flatMap((pair, rung) => pair.map((id) => [id, rungs[rung + 1] ?? ["a", "z"]])),
    );
    const [first, second] = popularityContest(
      closureOf({ ...ladder, extra: ["z"] }),
      9,
      NONE,
    ).layers;
    expect([first?.paths, second?.paths]).toEqual([["z"], ["a"]]);
    expect(first?.reason).toBe(second?.reason);
  });

  it("ranks by the recursion as it is stated and by name", () => {
    fc.assert(
      fc.property(arbitraryComponents(), (inputs) => {
        const random = Closure.of(inputs);
        const points = naivePopularity(random);
        const expected = [...points.keys()].toSorted((a, b) => {
          const difference = points.get(b)! - points.get(a)!;
          return difference === 0n ? compareCodePoints(moved(a), moved(b)) : Number(difference);
        });
        const plan = popularityContest(random, random.count + 1, NONE);
        expect(pathsOf(plan).flat()).toEqual(expected);
      }),
      { numRuns: 300 },
    );
  });
});
