import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { assertPlanCovers, parsePlan, planToJson } from "../../src/layering/plan.ts";
import { closureOf } from "./support/closures.ts";

const plan = {
  layers: [
    { paths: ["c"], reason: "popularity 3" },
    { paths: ["b", "a"], reason: "everything else" },
  ],
};

describe("planToJson", () => {
  it("writes what people can read and compare, indented by two", () => {
    expect(planToJson(plan)).toBe(`{
  "layers": [
    {
      "paths": [
        "c"
      ],
      "reason": "popularity 3"
    },
    {
      "paths": [
        "b",
        "a"
      ],
      "reason": "everything else"
    }
  ]
}
`);
  });

  it("writes what parsePlan reads", () => {
    const layers = fc
      .uniqueArray(fc.string(), { maxLength: 8 })
      .map((ids) => ids.map((id, index) => ({ paths: [id], reason: `${index}` })));
    fc.assert(
      fc.property(layers, (some) => {
        expect(parsePlan(planToJson({ layers: some }), "plan.json")).toEqual({ layers: some });
      }),
    );
  });
});

describe("parsePlan", () => {
  it("does without reasons", () => {
    expect(parsePlan('{"layers":[{"paths":["a"]}]}', "plan.json")).toEqual({
      layers: [{ paths: ["a"], reason: "" }],
    });
  });

  it.each([
    ["{", /^plan\.json is not JSON: /],
    ["null", /^plan\.json: .*Object/],
    ["{}", /^plan\.json, at layers: /],
    ['{"layers":[{"paths":["a"]},{"paths":"b"}]}', /^plan\.json, at layers\.1\.paths: .*Array/],
    ['{"layers":[{"paths":["a",7]}]}', /^plan\.json, at layers\.0\.paths\.1: .*string/],
    ['{"layers":[{"paths":[]}]}', "plan.json, at layers.0.paths: a layer needs at least one path"],
    ['{"layers":[{"paths":["a"],"why":""}]}', /^plan\.json, at layers\.0\.why: /],
    ['{"layers":[{"paths":["a"]},{"paths":["b","a"]}]}', "plan.json places a twice"],
  ])("refuses %s", (json, message) => {
    expect(() => parsePlan(json, "plan.json")).toThrow(
      expect.objectContaining({ code: "PLAN_INVALID", message: expect.stringMatching(message) }),
    );
  });
});

describe("assertPlanCovers", () => {
  const closure = closureOf({ a: ["b"], b: ["c"] });

  it("accepts what places each component once", () => {
    expect(() => assertPlanCovers(plan, closure)).not.toThrow();
    const some = { layers: [{ paths: ["a", "c"], reason: "" }] };
    expect(() => assertPlanCovers(some, closure, new Set(["b", "absent"]))).not.toThrow();
  });

  it.each([
    [[["a", "b"]], [], "the plan leaves out c"],
    [[], [], "the plan leaves out a and 2 other paths"],
    [[["a"]], [], "the plan leaves out b and 1 other path"],
    [
      [
        ["a", "b"],
        ["c", "a"],
      ],
      [],
      "the plan places a twice",
    ],
    [[["a", "b", "c", "d"]], [], "the plan places d, which is not in the closure"],
    [[["a", "b", "c"]], ["b"], "the plan places b, which was to be left out"],
  ])("refuses %j less %j", (layers, leftOut, message) => {
    const wrong = { layers: layers.map((paths) => ({ paths, reason: "" })) };
    expect(() => assertPlanCovers(wrong, closure, new Set(leftOut))).toThrow(
      expect.objectContaining({ code: "PLAN_MISMATCH", message }),
    );
  });
});
