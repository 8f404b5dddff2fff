import { reach } from "../../../closure/reach.ts";
import { withoutEdgesInto } from "../../../closure/subgraph.ts";
import { described, marked, markIds, partOf } from "../value.ts";
import type { Closure } from "../../../closure/closure.ts";
import type { Step, StepCall } from "../step.ts";
import type { Part, Parts } from "../value.ts";

/** What is to be split off: these components, and what these refer to. */
interface Targets {
  readonly ids: ReadonlySet<string>;
  readonly parents: ReadonlySet<string>;
}

/**
 * `["split_paths", [p…]]` (reference: layering, section 4): a graph becomes a dict of `main`, the p's
 * and what only they lead to; `common`, what the rest leads to as well; and `rest`. A p is an id or
 * `{"children_of": id or list of ids}`.
 */
export function splitPaths(call: StepCall): Step {
  call.expectArguments("a list of paths");
  const targets = readTargets(call);
  return (value, { closure }) => split(call.graph(value), targets, closure);
}

function readTargets(call: StepCall): Targets {
  const ids = new Set<string>();
  const parents = new Set<string>();
  for (const item of call.list(0)) {
    if (typeof item === "string") {
      ids.add(item);
      continue;
    }
    const children = childrenOf(item);
    if (children === undefined) {
      throw call.error('each item must be a path or {"children_of": path or list of paths}');
    }
    for (const parent of children) parents.add(parent);
  }
  return { ids, parents };
}

function childrenOf(item: unknown): string[] | undefined {
  if (typeof item !== "object" || item === null || !("children_of" in item)) return undefined;
  if (Object.keys(item).length !== 1) return undefined;
  const parents: unknown[] = Array.isArray(item.children_of)
    ? item.children_of
    : [item.children_of];
  return parents.every((parent) => typeof parent === "string") ? parents : undefined;
}

function split(part: Part, targets: Targets, closure: Closure): Parts {
  const targeted = markTargets(part, targets, closure);
  if (!targeted.includes(1)) return new Map([["rest", described(part, "rest of split_paths")]]);

  const { graph } = part;
  const { roots } = graph;
  if (roots.length === 1 && targeted[roots[0]!] === 1) {
    return new Map([["main", described(part, "main of split_paths")]]);
  }
  const cut = withoutEdgesInto(graph, targeted);
  const below = reach(graph, marked(targeted));
  const fromRest = reach(
    cut,
    roots.filter((root) => targeted[root] === 0),
  );
  const pick = (name: string, belongs: (vertex: number) => boolean): [string, Part] => {
    const vertices = Uint32Array.from(below.keys().filter(belongs));
    return [name, partOf(part, vertices, cut, `${name} of split_paths`)];
  };
  const parts = [
    pick("main", (vertex) => below[vertex] === 1 && fromRest[vertex] === 0),
    pick("common", (vertex) => below[vertex] === 1 && fromRest[vertex] === 1),
    pick("rest", (vertex) => below[vertex] === 0),
  ];
  return new Map(parts.filter(([, { members }]) => members.length > 0));
}

function markTargets(part: Part, { ids, parents }: Targets, closure: Closure): Uint8Array {
  const targeted = markIds(part, ids, closure);
  for (const parent of marked(markIds(part, parents, closure))) {
    for (const child of part.graph.next(parent)) targeted[child] = 1;
  }
  return targeted;
}
