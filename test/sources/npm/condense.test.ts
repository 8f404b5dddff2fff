import * as fc from "fast-check";
import { expect, it } from "vitest";
import { Closure } from "../../../src/closure/closure.ts";
import { condense } from "../../../src/sources/npm/condense.ts";
import type { ComponentDraft } from "../../../src/sources/npm/component-draft.ts";

function draftsOf(
  edges: ReadonlyArray<readonly [number, number]>,
  count: number,
): ComponentDraft[] {
  return Array.from({ length: count }, (_, index) => ({
    id: `npm:${index}`,
    place: `p${index}`,
    kind: "package",
    references: edges.filter(([from]) => from % count === index).map(([, to]) => `p${to % count}`),
    size: 2 ** index,
    contentHash: `sha256-${index}`,
    content: { trees: [{ at: `/p${index}`, from: "" }], entries: [] },
  }));
}

/** Who is reached from whom, the slow and obvious way. */
function reachability(
  references: ReadonlyMap<string, readonly string[]>,
): Map<string, Set<string>> {
  const reached = new Map([...references.keys()].map((id) => [id, new Set([id])]));
  for (const set of reached.values()) {
    for (const id of set) for (const next of references.get(id)!) set.add(next);
  }
  return reached;
}

it("makes one component of each circle, and changes nothing else", () => {
  const graphs = fc.tuple(
    fc.integer({ min: 1, max: 12 }),
    fc.array(fc.tuple(fc.nat(), fc.nat()), { maxLength: 30 }),
  );
  fc.assert(
    fc.property(graphs, ([count, edges]) => {
      const drafts = draftsOf(edges, count);
      const components = condense(drafts);
      const closure = Closure.of(components);
      expect(closure.size).toBe(2 ** count - 1);
      const idOf = new Map(
        components.flatMap(({ id, members }) => members.map((member) => [member, id])),
      );
      const before = reachability(
        new Map(
          drafts.map(({ id, references }) => [
            id,
            references.map((place) => `npm:${place.slice(1)}`),
          ]),
        ),
      );
      const after = reachability(
        new Map([...closure].map(({ id, references }) => [id, references])),
      );
      for (const [from, reached] of before) {
        const ids = new Set([...reached].map((to) => idOf.get(to)!));
        expect(after.get(idOf.get(from)!)).toEqual(ids);
        for (const to of reached) {
          expect(idOf.get(from) === idOf.get(to)).toBe(from === to || before.get(to)!.has(from));
        }
      }
    }),
  );
});

it("calls a circle by its first member and the number of others", () => {
  const [circle, alone] = condense(
    draftsOf(
      [
        [0, 1],
        [1, 2],
        [2, 0],
        [3, 0],
      ],
      4,
    ),
  );
  expect(circle).toMatchObject({ id: "npm:0+2", size: 7, members: ["npm:0", "npm:1", "npm:2"] });
  expect(circle!.content.trees.map(({ at }) => at)).toEqual(["/p0", "/p1", "/p2"]);
  expect(alone).toMatchObject({ id: "npm:3", contentHash: "sha256-3" });
});
