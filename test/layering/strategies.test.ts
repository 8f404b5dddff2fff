import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Closure } from "../../src/closure/closure.ts";
import type { ComponentInput } from "../../src/closure/closure.ts";
import { reach } from "../../src/closure/reach.ts";
import { UsageError } from "../../src/errors.ts";
import { planLayers, STRATEGIES } from "../../src/layering/strategies.ts";
import { arbitraryComponents } from "../closure/support/arbitrary-graph.ts";
import { closureOf, pathsOf, storePath } from "./support/closures.ts";
import { errorOf } from "../support/failures.ts";

const strategies = fc.constantFrom(...STRATEGIES.keys());
const limits = fc.integer({ min: 1, max: 30 });

/** The component with a name and a size that no other has, so that no tie hangs on its hash. */
function distinct(
  input: ComponentInput,
  index: number,
  all: readonly ComponentInput[],
): ComponentInput {
  const renamed = new Map(all.map(({ id }, at) => [id, `${id.slice(0, 43)}-p${at}-old-`]));
  return {
    id: renamed.get(input.id)!,
    references: Array.from(input.references, (reference) => renamed.get(reference)!),
    size: 1000 + index,
  };
}

/** A store path's name, without what tells old and new ones apart. */
function nameOf(id: string): string {
  return id.slice(44).replace("-new-", "-old-");
}

/** What Nix makes of a closure when one path changes: it and all its users get new hashes. */
function rebuilt(closure: Closure, changed: string): Closure {
  const vertex = closure.components.findIndex(({ id }) => id === changed);
  const isNew = reach(closure.graph.reversed, [vertex]);
  const renamed = new Map(
    closure.components.map(({ id }, at) => [
      id,
      isNew[at] === 1 ? storePath(id.slice(44).replace("-old-", "-new-"), "z") : id,
    ]),
  );
  return Closure.of(
    closure.components.map(({ id, references, size }) => ({
      id: renamed.get(id)!,
      references: references.map((reference) => renamed.get(reference)!),
      size,
    })),
  );
}

describe("planLayers", () => {
  it("covers the closure exactly and keeps to the limit, whatever the strategy", () => {
    fc.assert(
      fc.property(
        arbitraryComponents(),
        strategies,
        limits,
        fc.func(fc.boolean()),
        (inputs, strategy, maxLayers, isIgnored) => {
          const ignored = inputs.map(({ id }) => id).filter((id) => isIgnored(id));
          const ignore = new Set([...ignored, "/nix/store/absent"]);
          const { layers } = planLayers(Closure.of(inputs), { maxLayers, strategy, ignore });
          const placed = layers.flatMap(({ paths }) => paths);
          const expected = inputs.map(({ id }) => id).filter((id) => !ignore.has(id));
          expect(placed.toSorted()).toEqual(expected.toSorted());
          expect(layers.length).toBeLessThanOrEqual(maxLayers);
          expect(layers.every(({ paths, reason }) => paths.length > 0 && reason !== "")).toBe(true);
        },
      ),
      { numRuns: 300 },
    );
  });

  it("makes the same plan of any order of the input", () => {
    fc.assert(
      fc.property(
        arbitraryComponents().chain((inputs) =>
          fc.tuple(fc.constant(inputs), fc.shuffledSubarray(inputs, { minLength: inputs.length })),
        ),
        strategies,
        limits,
        ([inputs, shuffled], strategy, maxLayers) => {
          const options = { maxLayers, strategy };
          expect(planLayers(Closure.of(shuffled), options)).toEqual(
            planLayers(Closure.of(inputs), options),
          );
        },
      ),
    );
  });

  it("changes only the layers that hold a changed path or something that refers to it", () => {
    fc.assert(
      fc.property(
        arbitraryComponents(),
        fc.nat(),
        strategies,
        limits,
        (inputs, choice, strategy, maxLayers) => {
          fc.pre(inputs.length > 0);
          const before = Closure.of(inputs.map(distinct));
          const after = rebuilt(before, before.components[choice % before.count]!.id);
          const options = { maxLayers, strategy };
          const names = (closure: Closure) =>
            pathsOf(planLayers(closure, options)).map((paths) => paths.map(nameOf));
          expect(names(after)).toEqual(names(before));
        },
      ),
    );
  });

  it("takes auto-layer unless told otherwise", () => {
    const closure = closureOf({ a: ["b"] });
    expect(planLayers(closure, { maxLayers: 1 })).toEqual(
      planLayers(closure, { maxLayers: 1, strategy: "auto-layer" }),
    );
  });

  it.each([
    ["auto_layer", "did you mean auto-layer?"],
    ["popularity", "did you mean popularity-contest?"],
    ["Auto-Layer", "did you mean auto-layer?"],
    ["best", /^the strategies are auto-layer, popularity-contest/],
  ])("refuses the strategy %s", (strategy, hint) => {
    const error = errorOf(() => planLayers(closureOf({}), { maxLayers: 5, strategy }));
    expect(error).toBeInstanceOf(UsageError);
    expect(error.message).toBe(`there is no layering strategy "${strategy}"`);
    expect(error.hint).toMatch(hint);
  });

  it.each([0, -1, 1.5, Number.NaN])("refuses %d layers", (maxLayers) => {
    const error = errorOf(() => planLayers(closureOf({ a: [] }), { maxLayers }));
    expect(error.code).toBe("MAX_LAYERS_INVALID");
    expect(error.message).toBe(
      `the number of layers must be a whole number from 1, not ${maxLayers}`,
    );
  });
});
