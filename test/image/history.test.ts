import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { historyOf, layerHistory, pathsInComment } from "../../src/image/history.ts";
import { orderedJson } from "../../src/image/ordered-json.ts";
import type { JsonObject } from "../../src/image/ordered-json.ts";
import { pythonListRepr } from "../../src/image/python-json.ts";

function config(value: object): JsonObject {
  return orderedJson(value) as JsonObject;
}

describe("a config's history", () => {
  it("has the steps that made layers", () => {
    const history = [
      { created_by: "ENV", empty_layer: true },
      { created_by: "RUN", comment: "c" },
    ];
    expect(historyOf(config({ history })).map(({ hasLayer }) => hasLayer)).toEqual([false, true]);
    expect(layerHistory(config({ history }), 1)).toMatchObject([
      { createdBy: "RUN", comment: "c" },
    ]);
    expect(layerHistory(config({ history }), 2)).toBeUndefined();
  });

  it.each([{}, { history: null }, { history: "x" }, { history: [1] }])("may be %j", (value) => {
    expect(historyOf(config(value))).toEqual([]);
  });

  it("tells a layer's store paths as they were written", () => {
    const path = fc.stringMatching(/^\/nix\/store\/[a-z0-9]{32}-[a-zA-Z0-9+._?=-]{1,20}$/);
    fc.assert(
      fc.property(fc.array(path), (paths) => {
        expect(pathsInComment(`store paths: ${pythonListRepr(paths)}`)).toEqual(paths);
      }),
    );
  });

  it.each(["", "RUN x", "store paths: none", "paths: ['/nix/store/x']"])(
    "tells none of %j",
    (comment) => {
      expect(pathsInComment(comment)).toEqual([]);
    },
  );
});
