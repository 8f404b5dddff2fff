import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Closure } from "../../../src/closure/closure.ts";
import { parsePipeline } from "../../../src/layering/pipeline/parse.ts";
import { runPipeline } from "../../../src/layering/pipeline/run.ts";
import { planLayers } from "../../../src/layering/strategies.ts";
import { arbitraryComponents } from "../../closure/support/arbitrary-graph.ts";
import { closureOf, pathsOf, reasonsOf } from "../support/closures.ts";

const NONE: ReadonlySet<string> = new Set();

function run(closure: Closure, pipeline: unknown[], ignored = NONE) {
  return runPipeline(closure, parsePipeline(pipeline), ignored);
}

function layersOf(closure: Closure, pipeline: unknown[], ignored = NONE): Array<readonly string[]> {
  return pathsOf(run(closure, pipeline, ignored).plan);
}

function idsOf(inputs: ReadonlyArray<{ readonly id: string }>): string[] {
  return inputs.map(({ id }) => id);
}

/** The layers by the name that a split gave them. */
function namedLayers(closure: Closure, pipeline: unknown[]): Record<string, readonly string[]> {
  const { layers } = run(closure, pipeline).plan;
  return Object.fromEntries(layers.map(({ paths, reason }) => [reason.split(" ")[0]!, paths]));
}

/**
 *     root → a → b → d          sizes descend with the alphabet, so that vertex order, which is by
 *     root → e → b → c → d      size, is: z, root, e, d, c, b, a
 *     z alone
 */
const graph = {
  root: ["a", "e"],
  a: ["b"],
  b: ["c", "d"],
  c: ["d"],
  e: ["b"],
  z: ["z"],
};
const sizes = { a: 7, b: 6, c: 5, d: 4, e: 3, root: 2, z: 1 };
const closure = closureOf(graph, sizes);
const { z: _z, ...rooted } = graph;
const oneRoot = closureOf(rooted, sizes);

describe("a pipeline", () => {
  it("without steps makes one layer, the smallest path first", () => {
    expect(run(closure, []).plan.layers).toEqual([
      { paths: ["z", "root", "e", "d", "c", "b", "a"], reason: "everything in one layer" },
    ]);
  });

  it("orders paths of equal size by id", () => {
    expect(layersOf(closureOf({ b: [], a: [], c: [] }), [])).toEqual([["a", "b", "c"]]);
  });

  it("makes no layer of nothing", () => {
    for (const step of [
      ["popularity_contest"],
      ["split_paths", ["a"]],
      ["subcomponent_out", ["a"]],
      ["split_every", 3],
      ["remove_paths", "a"],
      ["pipe", [["popularity_contest"], ["limit_layers", 3]]],
    ]) {
      expect(layersOf(Closure.of([]), [step])).toEqual([]);
    }
  });

  it("takes ignored paths out before the first step", () => {
    const pipeline = [["popularity_contest"], ["limit_layers", 2]];
    expect(layersOf(closure, pipeline, new Set(["d", "absent"]))).toEqual([
      ["c"],
      ["b", "a", "e", "root", "z"],
    ]);
    expect(layersOf(closureOf({ a: [] }), [["popularity_contest"]], new Set(["a"]))).toEqual([]);
  });

  it("covers the closure exactly, less what steps removed", () => {
    fc.assert(
      fc.property(arbitraryComponents(), fc.infiniteStream(fc.boolean()), (inputs, coins) => {
        const some = () => idsOf(inputs).filter(() => coins.next().value);
        const removed = some();
        const pipeline = [
          ["split_paths", [...some(), { children_of: some() }]],
          ["flatten"],
          ["map", ["subcomponent_in", some()]],
          ["map", ["over", "rest", ["split_every", 3]]],
          ["map", ["over", "main", ["subcomponent_out", some()]]],
          ["flatten"],
          ["map", ["popularity_contest"]],
          ["flatten"],
          ["limit_layers", 5],
          ["map", ["remove_paths", removed]],
          ["reverse"],
        ];
        const plan = planLayers(Closure.of(inputs), { maxLayers: 1, pipeline });
        expect(plan.layers.length).toBeLessThanOrEqual(5);
        expect(pathsOf(plan).flat().toSorted()).toEqual(
          idsOf(inputs)
            .filter((id) => !removed.includes(id))
            .toSorted(),
        );
      }),
      { numRuns: 300 },
    );
  });

  it("makes the same of any order of the input", () => {
    fc.assert(
      fc.property(arbitraryComponents(), (inputs) => {
        const pipeline = [["popularity_contest"], ["limit_layers", 4]];
        expect(layersOf(Closure.of(inputs), pipeline)).toEqual(
          layersOf(Closure.of(inputs.toReversed()), pipeline),
        );
      }),
    );
  });
});

describe("popularity_contest and limit_layers", () => {
  it("make one layer for each path, the most popular first", () => {
    expect(run(closure, [["popularity_contest"]]).plan.layers).toEqual([
      { paths: ["d"], reason: "popularity 11" },
      { paths: ["c"], reason: "popularity 7" },
      { paths: ["b"], reason: "popularity 5" },
      { paths: ["a"], reason: "popularity 2" },
      { paths: ["e"], reason: "popularity 2" },
      { paths: ["root"], reason: "popularity 1" },
      { paths: ["z"], reason: "popularity 1" },
    ]);
  });

  it("merge all that exceeds the limit", () => {
    const { layers } = run(closure, [["popularity_contest"], ["limit_layers", 3]]).plan;
    expect(layers.slice(1)).toEqual([
      { paths: ["c"], reason: "popularity 7" },
      { paths: ["b", "a", "e", "root", "z"], reason: "5 merged by limit_layers 3" },
    ]);
  });

  it("leave the list as it is when there is nothing to merge", () => {
    const all = layersOf(closure, [["popularity_contest"]]);
    expect(layersOf(closure, [["popularity_contest"], ["limit_layers", 7]])).toEqual(all);
    expect(layersOf(closure, [["popularity_contest"], ["limit_layers", 100]])).toEqual(all);
    expect(reasonsOf(run(closure, [["popularity_contest"], ["limit_layers", 7]]).plan)).toContain(
      "popularity 11",
    );
  });

  it("merge everything with a limit of one", () => {
    expect(layersOf(closure, [["popularity_contest"], ["limit_layers", 1]])).toEqual([
      ["d", "c", "b", "a", "e", "root", "z"],
    ]);
  });

  it("merge the most popular when the list is reversed", () => {
    expect(layersOf(closure, [["popularity_contest"], ["reverse"], ["limit_layers", 3]])).toEqual([
      ["z"],
      ["root"],
      ["e", "a", "b", "c", "d"],
    ]);
  });

  it("append an empty graph when fewer are there, which further steps see", () => {
    const pipeline = [["split_every", 7], ["limit_layers", 3], ["reverse"], ["limit_layers", 1]];
    expect(reasonsOf(run(closure, pipeline).plan)).toEqual(["7 merged by limit_layers 1"]);
  });

  it("do not restore references between merged graphs", () => {
    const pipeline = [["popularity_contest"], ["limit_layers", 1], ["map", ["popularity_contest"]]];
    expect(new Set(reasonsOf(run(closure, pipeline).plan))).toEqual(
      new Set(["7 merged by limit_layers 1, popularity 1"]),
    );
  });
});

describe("split_paths", () => {
  it("divides into what only the paths lead to, what is common, and the rest", () => {
    expect(run(oneRoot, [["split_paths", ["a"]]]).plan.layers).toEqual([
      { paths: ["a"], reason: "main of split_paths" },
      { paths: ["d", "c", "b"], reason: "common of split_paths" },
      { paths: ["root", "e"], reason: "rest of split_paths" },
    ]);
  });

  it("takes several paths, also ones that refer to each other, also twice", () => {
    expect(namedLayers(oneRoot, [["split_paths", ["a", "c", "a"]]])).toEqual({
      main: ["c", "a"],
      common: ["d", "b"],
      rest: ["root", "e"],
    });
  });

  it("leaves out the common part when there is none", () => {
    expect(namedLayers(oneRoot, [["split_paths", ["b"]]])).toEqual({
      main: ["d", "c", "b"],
      rest: ["root", "e", "a"],
    });
  });

  it("takes the children of a path, or of several", () => {
    expect(namedLayers(oneRoot, [["split_paths", [{ children_of: "root" }]]])).toEqual({
      main: ["e", "d", "c", "b", "a"],
      rest: ["root"],
    });
    expect(
      namedLayers(oneRoot, [["split_paths", [{ children_of: ["c", "e", "absent"] }]]]),
    ).toEqual({ main: ["d", "c", "b"], rest: ["root", "e", "a"] });
  });

  it("makes all of it the rest when no path is in the graph", () => {
    const all = { rest: ["root", "e", "d", "c", "b", "a"] };
    expect(namedLayers(oneRoot, [["split_paths", []]])).toEqual(all);
    expect(namedLayers(oneRoot, [["split_paths", ["absent"]]])).toEqual(all);
    expect(namedLayers(oneRoot, [["split_paths", [{ children_of: "d" }]]])).toEqual(all);
  });

  it("makes all of it main when the path is the only root", () => {
    expect(namedLayers(oneRoot, [["split_paths", ["root"]]])).toEqual({
      main: ["root", "e", "d", "c", "b", "a"],
    });
  });

  it("splits off one root of several", () => {
    expect(namedLayers(closure, [["split_paths", ["root"]]])).toEqual({
      main: ["root", "e", "d", "c", "b", "a"],
      rest: ["z"],
    });
    expect(namedLayers(closure, [["split_paths", ["root", "z"]]])).toEqual({
      main: ["z", "root", "e", "d", "c", "b", "a"],
    });
  });

  it("cuts the references into the paths for the steps that follow", () => {
    // Within main, b → c is cut, so that c counts as a root and d has only two points from it.
    const pipeline = [
      ["split_paths", ["b", "c"]],
      ["over", "main", ["popularity_contest"]],
    ];
    expect(reasonsOf(run(oneRoot, pipeline).plan).slice(0, 3)).toEqual([
      "main of split_paths, popularity 4",
      "main of split_paths, popularity 1",
      "main of split_paths, popularity 1",
    ]);
  });
});

describe("subcomponent_out and subcomponent_in", () => {
  it.each([
    ["subcomponent_out", [], {}, ["z", "root", "e", "d", "c", "b", "a"]],
    ["subcomponent_out", ["absent"], {}, ["z", "root", "e", "d", "c", "b", "a"]],
    ["subcomponent_out", ["c"], { main: ["d", "c"] }, ["z", "root", "e", "b", "a"]],
    ["subcomponent_out", "c", { main: ["d", "c"] }, ["z", "root", "e", "b", "a"]],
    ["subcomponent_out", ["z", "c"], { main: ["z", "d", "c"] }, ["root", "e", "b", "a"]],
    ["subcomponent_in", [], {}, ["z", "root", "e", "d", "c", "b", "a"]],
    ["subcomponent_in", ["e"], { main: ["root", "e"] }, ["z", "d", "c", "b", "a"]],
    ["subcomponent_in", ["e", "a"], { main: ["root", "e", "a"] }, ["z", "d", "c", "b"]],
  ])("%s %j", (step, paths, main, rest) => {
    expect(namedLayers(closure, [[step, paths]])).toEqual({ ...main, rest });
  });

  it("may put everything into main", () => {
    expect(namedLayers(oneRoot, [["subcomponent_out", ["root"]]])).toEqual({
      main: ["root", "e", "d", "c", "b", "a"],
    });
  });

  it("keep a part that is empty, so that later steps find it", () => {
    const pipeline = [
      ["subcomponent_out", ["absent"]],
      ["over", "main", ["popularity_contest"]],
    ];
    expect(layersOf(closure, pipeline)).toHaveLength(1);
  });
});

describe("the other steps", () => {
  it("split_every cuts into chunks in the order of sizes", () => {
    expect(run(closure, [["split_every", 3]]).plan.layers).toEqual([
      { paths: ["z", "root", "e"], reason: "chunk 1 of split_every 3" },
      { paths: ["d", "c", "b"], reason: "chunk 2 of split_every 3" },
      { paths: ["a"], reason: "chunk 3 of split_every 3" },
    ]);
  });

  it("remove_paths leaves paths out, and says which", () => {
    const { plan, leftOut } = run(
      closure,
      [["remove_paths", ["z", "b", "absent"]]],
      new Set(["a"]),
    );
    expect(pathsOf(plan)).toEqual([["root", "e", "d", "c"]]);
    expect([...leftOut].toSorted()).toEqual(["a", "b", "z"]);
    expect(layersOf(closure, [["remove_paths", "z"]])).toEqual([["root", "e", "d", "c", "b", "a"]]);
  });

  it("remove_paths drops a layer that ends empty", () => {
    expect(
      layersOf(closure, [
        ["split_every", 6],
        ["map", ["remove_paths", "a"]],
      ]),
    ).toEqual([["z", "root", "e", "d", "c", "b"]]);
  });

  it("over keeps the place of the member it changes", () => {
    const pipeline = [
      ["split_paths", ["a"]],
      ["over", "common", ["popularity_contest"]],
    ];
    expect(layersOf(oneRoot, pipeline)).toEqual([["a"], ["d"], ["c"], ["b"], ["root", "e"]]);
  });

  it("reorder moves the named members to the front", () => {
    const pipeline = [
      ["split_paths", ["a"]],
      ["reorder", ["rest", "absent", "common"]],
    ];
    expect(layersOf(oneRoot, pipeline)).toEqual([["root", "e"], ["d", "c", "b"], ["a"]]);
  });

  it("flatten undoes lists and dicts in each other, depth first", () => {
    const pipeline = [
      ["subcomponent_out", ["b"]],
      ["over", "main", ["pipe", [["popularity_contest"], ["map", ["subcomponent_out", ["c"]]]]]],
      ["flatten"],
      ["reverse"],
    ];
    expect(layersOf(closure, pipeline)).toEqual([["z", "root", "e", "a"], ["b"], ["c"], ["d"]]);
  });

  it("work together as in dockerTools' manual", () => {
    const pipeline = [
      ["split_paths", ["b"]],
      [
        "over",
        "main",
        [
          "pipe",
          [
            ["subcomponent_in", ["c"]],
            ["over", "rest", ["popularity_contest"]],
          ],
        ],
      ],
      ["flatten"],
      ["map", ["remove_paths", "e"]],
      ["limit_layers", 5],
    ];
    expect(run(oneRoot, pipeline).plan.layers).toEqual([
      { paths: ["c", "b"], reason: "main of split_paths, main of subcomponent_in" },
      { paths: ["d"], reason: "main of split_paths, rest of subcomponent_in, popularity 1" },
      { paths: ["root", "a"], reason: "rest of split_paths" },
    ]);
  });
});

describe("a step that gets what it cannot work on", () => {
  it.each([
    [
      [["limit_layers", 5]],
      'layeringPipeline step 1 ["limit_layers", 5]: works on a list, but gets a graph',
      /popularity_contest.*split_every/,
    ],
    [
      [
        ["split_paths", ["a"]],
        ["limit_layers", 5],
      ],
      'layeringPipeline step 2 ["limit_layers", 5]: works on a list, but gets a dict (main, common, rest)',
      /flatten/,
    ],
    [
      [["popularity_contest"], ["map", ["subcomponent_in", ["a"]]], ["limit_layers", 5]],
      'layeringPipeline step 3 ["limit_layers", 5]: works on a list of graphs, but gets a list with a dict (main, rest) in it',
      /flatten/,
    ],
    [
      [["popularity_contest"], ["split_paths", ["a"]]],
      'layeringPipeline step 2 ["split_paths", […]]: works on a graph, but gets a list',
      /"map"/,
    ],
    [
      [
        ["split_paths", ["a"]],
        ["remove_paths", "a"],
      ],
      'layeringPipeline step 2 ["remove_paths", "a"]: works on a graph, but gets a dict (main, common, rest)',
      /"over"/,
    ],
    [
      [["over", "main", ["flatten"]]],
      'layeringPipeline step 1 ["over", "main", […]]: works on a dict, but gets a graph',
      /split_paths/,
    ],
    [
      [
        ["split_paths", ["b"]],
        ["over", "common", ["flatten"]],
      ],
      'layeringPipeline step 2 ["over", "common", […]]: there is no "common" here, only main, rest',
      /empty/,
    ],
    [
      [
        ["split_paths", ["a"]],
        ["over", "rest", ["pipe", [["flatten"], ["popularity_contest"]]]],
      ],
      'layeringPipeline step 2 ["over", "rest", […]] > ["pipe", […]] step 2 ["popularity_contest"]: works on a graph, but gets a list',
      /"map"/,
    ],
  ])("says so: %j", (pipeline, message, hint) => {
    expect(() => run(oneRoot, pipeline)).toThrow(
      expect.objectContaining({
        code: "PIPELINE_INVALID",
        message,
        hint: expect.stringMatching(hint),
      }),
    );
  });
});
