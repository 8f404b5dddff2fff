import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { planStack, shareOut } from "../../src/assembly/stack.ts";
import { Closure } from "../../src/closure/closure.ts";
import type { LayerSource } from "../../src/assembly/layer-source.ts";
import { errorOf } from "../support/failures.ts";

function source(name: string, count: number, apart: readonly string[] = []): LayerSource {
  const components = Array.from({ length: count }, (_, index) => ({
    id: `${name}:${index}`,
    references: [],
    size: 1000 - index,
  }));
  return {
    closure: Closure.of(components),
    apart,
    layer: () => {
      throw new Error("planning packs nothing");
    },
  };
}

function planned(sources: readonly LayerSource[], maxLayers: number, baseLayers = 0): string[][] {
  return planStack(sources, { maxLayers, baseLayers }).map(({ planned: { paths } }) =>
    paths.slice(),
  );
}

describe("a stack of sources", () => {
  it("has one source above the other, as they are listed", () => {
    const layers = planned([source("debian", 2), source("node", 1), source("npm", 3)], 100);
    const owners = layers.map(([first]) => first!.split(":")[0]);
    expect(owners).toEqual(["debian", "debian", "node", "npm", "npm", "npm"]);
  });

  it("puts what stands apart on top of its source, each in a layer of its own", () => {
    const npm = source("npm", 5, ["npm:3", "npm:0"]);
    const layers = planned([source("debian", 1), npm], 4);
    expect(layers.slice(-2)).toEqual([["npm:3"], ["npm:0"]]);
    expect(layers[1]!.toSorted()).toEqual(["npm:1", "npm:2", "npm:4"]);
  });

  it("leaves out sources with nothing in them", () => {
    expect(planned([source("a", 0), source("b", 1)], 1)).toEqual([["b:0"]]);
    expect(planned([], 5)).toEqual([]);
  });

  it("says how many layers it needs at least", () => {
    const sources = [source("a", 3), source("b", 3, ["b:0"])];
    const failure = errorOf(() => planned(sources, 5, 3));
    expect(failure.code).toBe("MAX_LAYERS_TOO_SMALL");
    expect(failure.hint).toContain("to 6 or more");
    expect(planned(sources, 6, 3)).toHaveLength(3);
  });

  it("never has more layers than allowed, and every component once", () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 40 }), { minLength: 1, maxLength: 4 }),
        fc.integer({ min: 8, max: 60 }),
        (counts, maxLayers) => {
          const sources = counts.map((count, index) =>
            source(`s${index}`, count, count > 0 ? [`s${index}:0`] : []),
          );
          const layers = planned(sources, maxLayers);
          expect(layers.length).toBeLessThanOrEqual(maxLayers);
          const all = sources.flatMap(({ closure }) => closure.components.map(({ id }) => id));
          expect(layers.flat().toSorted()).toEqual(all.toSorted());
        },
      ),
    );
  });
});

describe("sharing slots", () => {
  it("gives small ones what they want and divides the rest", () => {
    expect(shareOut([2, 50, 100], 60)).toEqual([2, 29, 29]);
    expect(shareOut([1, 2, 3], 100)).toEqual([1, 2, 3]);
    expect(shareOut([5, 5], 0)).toEqual([0, 0]);
  });
});
