import { describe, expect, it } from "vitest";
import { parsePipeline } from "../../../src/layering/pipeline/parse.ts";

/** What is wrong with a pipeline, and the message and the hint that say so. */
const REFUSED: ReadonlyArray<[pipeline: unknown, message: string, hint?: RegExp]> = [
  [{}, "layeringPipeline must be a list of steps"],
  ["popularity_contest", "layeringPipeline must be a list of steps"],
  [
    ["popularity_contest"],
    'layeringPipeline step 1 "popularity_contest": a step is a list, [name, argument…]',
  ],
  [[["flatten"], []], "layeringPipeline step 2 []: a step is a list, [name, argument…]"],
  [[null], "layeringPipeline step 1 null: a step is a list, [name, argument…]"],
  [
    [["popularity_contest"], ["reverse"], ["limit_layer", 3]],
    'layeringPipeline step 3 ["limit_layer", 3]: there is no such step',
    /^did you mean limit_layers\?$/,
  ],
  [
    [["subcomponent-out", ["/nix/store/a"]]],
    'layeringPipeline step 1 ["subcomponent-out", […]]: there is no such step',
    /^did you mean subcomponent_out\?$/,
  ],
  [
    [["by_size"]],
    'layeringPipeline step 1 ["by_size"]: there is no such step',
    /^the steps are popularity_contest, limit_layers, .*, reorder$/,
  ],
  [[[42]], "layeringPipeline step 1 [42]: there is no such step"],
  [
    [["popularity_contest", 5]],
    'layeringPipeline step 1 ["popularity_contest", 5]: takes no argument, not 1 argument',
  ],
  [
    [["popularity_contest"], ["reverse"], ["limit_layers", 0]],
    'layeringPipeline step 3 ["limit_layers", 0]: n must be > 0',
  ],
  [[["limit_layers", -1]], 'layeringPipeline step 1 ["limit_layers", -1]: n must be > 0'],
  [
    [["limit_layers", 1.5]],
    'layeringPipeline step 1 ["limit_layers", 1.5]: n must be a whole number',
  ],
  [
    [["limit_layers", "5"]],
    'layeringPipeline step 1 ["limit_layers", "5"]: n must be a whole number',
  ],
  [
    [["limit_layers"]],
    'layeringPipeline step 1 ["limit_layers"]: takes a number n, not 0 arguments',
  ],
  [[["split_every", 0]], 'layeringPipeline step 1 ["split_every", 0]: n must be > 0'],
  [
    [["split_paths", [7]]],
    'layeringPipeline step 1 ["split_paths", […]]: each item must be a path or {"children_of": path or list of paths}',
  ],
  [
    [["split_paths", [{ parents_of: "/nix/store/a" }]]],
    'layeringPipeline step 1 ["split_paths", […]]: each item must be a path or {"children_of": path or list of paths}',
  ],
  [
    [["split_paths", [{ children_of: ["/nix/store/a", 7] }]]],
    'layeringPipeline step 1 ["split_paths", […]]: each item must be a path or {"children_of": path or list of paths}',
  ],
  [
    [["subcomponent_in", [["/nix/store/a"]]]],
    'layeringPipeline step 1 ["subcomponent_in", […]]: paths must be strings',
  ],
  [[["remove_paths", {}]], 'layeringPipeline step 1 ["remove_paths", {…}]: paths must be strings'],
  [
    [["over", "rest"]],
    'layeringPipeline step 1 ["over", "rest"]: takes a key and a step, not 1 argument',
  ],
  [
    [["over", 1, ["flatten"]]],
    'layeringPipeline step 1 ["over", 1, […]]: the key must be a string',
  ],
  [[["reorder", [1]]], 'layeringPipeline step 1 ["reorder", […]]: keys must be strings'],
  [
    [["over", "rest", ["limit_layers", 0]]],
    'layeringPipeline step 1 ["over", "rest", […]] > ["limit_layers", 0]: n must be > 0',
  ],
  [
    [["over", "rest", [["popularity_contest"], ["limit_layers", 5]]]],
    'layeringPipeline step 1 ["over", "rest", […]] > [[…], […]]: a step begins with its name',
    /\["pipe", \[step, …\]\]/,
  ],
  [
    [["flatten"], ["map", ["pipe", [["flatten"], ["limit_layers", 0]]]]],
    'layeringPipeline step 2 ["map", […]] > ["pipe", […]] step 2 ["limit_layers", 0]: n must be > 0',
  ],
  [[["pipe", "flatten"]], 'layeringPipeline step 1 ["pipe", "flatten"]: takes a list of steps'],
];

describe("parsePipeline", () => {
  it.each(REFUSED)("refuses %j", (pipeline, message, hint) => {
    expect(() => parsePipeline(pipeline)).toThrow(
      expect.objectContaining({
        code: "PIPELINE_INVALID",
        message,
        ...(hint === undefined ? {} : { hint: expect.stringMatching(hint) }),
      }),
    );
  });

  it("accepts every step there is", () => {
    const pipeline = [
      ["split_paths", ["/nix/store/a", { children_of: "/nix/store/b" }, { children_of: [] }]],
      ["reorder", ["rest"]],
      ["over", "rest", ["pipe", [["popularity_contest"], ["reverse"], ["limit_layers", 5]]]],
      ["over", "main", ["subcomponent_in", ["/nix/store/c"]]],
      ["over", "common", ["subcomponent_out", []]],
      ["flatten"],
      ["map", ["remove_paths", "/nix/store/d"]],
      ["map", ["split_every", 3]],
    ];
    expect(parsePipeline(pipeline)).toBeTypeOf("function");
  });
});
