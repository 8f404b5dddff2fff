import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Closure } from "../../src/closure/closure.ts";
import type { ComponentInput } from "../../src/closure/closure.ts";
import { VarveError } from "../../src/errors.ts";
import { arbitraryComponents } from "./support/arbitrary-graph.ts";
import { errorOf } from "../support/failures.ts";

function component(id: string, ...references: string[]): ComponentInput {
  return { id, references, size: id.length };
}

function refusalOf(inputs: ComponentInput[]): VarveError {
  return errorOf(() => Closure.of(inputs));
}

describe("Closure.of", () => {
  it("sorts components and references, drops repeated and self references", () => {
    const closure = Closure.of([
      component("c"),
      component("b", "c", "b", "a", "c"),
      component("a"),
    ]);
    expect([...closure]).toEqual([
      { id: "a", references: [], size: 1 },
      { id: "b", references: ["a", "c"], size: 1 },
      { id: "c", references: [], size: 1 },
    ]);
  });

  it("keeps size and content hash", () => {
    const input = { id: "a", references: [], size: 42, contentHash: "sha256-abc=" };
    expect(Closure.of([input]).get("a")).toEqual(input);
  });

  it("sorts by code point", () => {
    const closure = Closure.of([component("\u{1F600}"), component("\uFFFD")]);
    expect([...closure].map(({ id }) => id)).toEqual(["\uFFFD", "\u{1F600}"]);
  });

  it("takes an empty graph", () => {
    const closure = Closure.of([]);
    expect([closure.count, closure.size, closure.roots()]).toEqual([0, 0, []]);
  });

  it("refuses a component listed twice", () => {
    const error = refusalOf([component("b"), component("a"), component("b")]);
    expect(error.code).toBe("CLOSURE_DUPLICATE");
    expect(error.message).toBe("the graph lists b twice");
  });

  it("refuses a dangling reference, the same one for any order of the input", () => {
    const inputs = [component("b", "y", "x", "a"), component("a"), component("c", "w")];
    for (const order of [inputs, inputs.toReversed()]) {
      const error = refusalOf(order);
      expect(error.code).toBe("CLOSURE_DANGLING");
      expect(error.message).toBe("b refers to x, which the graph does not hold");
      expect(error.hint).toMatch(/recursively/);
    }
  });

  it("refuses a cycle and names it, not what leads to it", () => {
    const error = refusalOf([
      component("root", "d"),
      component("d", "b", "leaf"),
      component("b", "c", "leaf"),
      component("c", "d"),
      component("leaf"),
    ]);
    expect(error.code).toBe("CLOSURE_CYCLE");
    expect(error.message).toBe("the graph has a cycle: b → c → d → b");
  });

  it("copes with graphs deeper than a call stack", () => {
    const deep = Array.from({ length: 50_000 }, (_, index) =>
      index === 0 ? component("0") : component(`${index}`, `${index - 1}`),
    );
    expect(Closure.of(deep).roots()).toHaveLength(1);
    const loop = [...deep.slice(1), component("0", "49999")];
    expect(refusalOf(loop).code).toBe("CLOSURE_CYCLE");
  });

  it("does not depend on the order of the input", () => {
    fc.assert(
      fc.property(arbitraryComponents(), (inputs) => {
        expect([...Closure.of(inputs)]).toEqual([...Closure.of(inputs.toReversed())]);
      }),
    );
  });

  it("comes out the same when its own components go in", () => {
    fc.assert(
      fc.property(arbitraryComponents(), (inputs) => {
        const closure = Closure.of(inputs);
        expect([...Closure.of(closure)]).toEqual([...closure]);
      }),
    );
  });

  it("refuses any edge that closes a circle", () => {
    fc.assert(
      fc.property(arbitraryComponents(), fc.nat(), (inputs, choice) => {
        const referrers = inputs.filter(({ id, references }) =>
          [...references].some((r) => r !== id),
        );
        fc.pre(referrers.length > 0);
        const from = referrers[choice % referrers.length]!;
        const to = [...from.references].find((reference) => reference !== from.id)!;
        const closed = inputs.map((input) =>
          input.id === to ? { ...input, references: [...input.references, from.id] } : input,
        );
        const error = refusalOf(closed);
        expect(error.code).toBe("CLOSURE_CYCLE");
        const cycle = error.message.replace("the graph has a cycle: ", "").split(" → ");
        expect(cycle.at(-1)).toBe(cycle[0]);
        const references = new Map(closed.map((input) => [input.id, [...input.references]]));
        for (const [index, id] of cycle.slice(1).entries()) {
          expect(references.get(cycle[index]!)).toContain(id);
        }
      }),
    );
  });
});

describe("Closure", () => {
  const closure = Closure.of([
    component("app", "lib", "libc"),
    component("tool", "libc"),
    component("lib", "libc"),
    component("libc"),
  ]);

  it("knows its roots: what nobody refers to", () => {
    expect(closure.roots().map(({ id }) => id)).toEqual(["app", "tool"]);
  });

  it("does not count a component's reference to itself", () => {
    expect(Closure.of([component("a", "a")]).roots()).toHaveLength(1);
  });

  it("finds components and says when there is none", () => {
    expect(closure.has("lib")).toBe(true);
    expect(closure.get("lib").references).toEqual(["libc"]);
    expect(closure.has("x")).toBe(false);
    expect(() => closure.get("x")).toThrow("x is not in the closure");
  });

  it("sums up", () => {
    expect([closure.count, closure.size]).toEqual([4, 14]);
  });

  it("has a graph that says what the references say", () => {
    fc.assert(
      fc.property(arbitraryComponents(), (inputs) => {
        const { components, graph } = Closure.of(inputs);
        for (const [vertex, { references }] of components.entries()) {
          const targets = Array.from(graph.next(vertex), (target) => components[target]!.id);
          expect(targets).toEqual(references);
        }
      }),
    );
  });
});
