/**
 * The published rules, written down as they are stated and without a thought for speed
 * (reference: layering, sections 2 and 3). The planners must agree with these.
 */
import type { Component } from "../../../src/closure/component.ts";

type Graph = ReadonlyMap<string, Component>;

function graphOf(components: Iterable<Component>): Graph {
  return new Map([...components].map((component) => [component.id, component]));
}

/** All that `start` needs, without itself. */
function dependencies(graph: Graph, start: string): Set<string> {
  const found = new Set<string>();
  const visit = (id: string) => {
    for (const reference of graph.get(id)!.references) {
      if (found.has(reference)) continue;
      found.add(reference);
      visit(reference);
    }
  };
  visit(start);
  return found;
}

/** The partition that auto-layer makes; layers and their paths sorted. */
export function naiveAutoLayer(components: Iterable<Component>, available: number): string[][] {
  const graph = graphOf(components);
  const deps = new Map([...graph.keys()].map((id) => [id, dependencies(graph, id)]));
  const users = (path: string) =>
    new Set([...deps].filter(([, d]) => d.has(path)).map(([id]) => id));

  let split = new Map<string, ReadonlySet<string>>([...graph.keys()].map((id) => [id, new Set()]));
  const ascending = [...graph.values()].toSorted((a, b) => a.size - b.size);
  while (ascending.length > 0) {
    const primary = ascending.pop()!.id;
    const next = new Map(split);
    next.set(primary, new Set([primary]));
    for (const dependency of deps.get(primary)!) {
      const remaining = split.get(dependency)!.difference(users(primary));
      const unclaimed = remaining.intersection(deps.get(primary)!).size === 0;
      next.set(dependency, unclaimed ? remaining.union(new Set([primary])) : remaining);
    }
    if (groups(next).length > available) break;
    split = next;
  }
  return groups(split);
}

function groups(split: ReadonlyMap<string, ReadonlySet<string>>): string[][] {
  const byValue = new Map<string, string[]>();
  for (const [id, value] of split) {
    const key = JSON.stringify([...value].toSorted());
    byValue.set(key, [...(byValue.get(key) ?? []), id]);
  }
  return sortedPartition([...byValue.values()]);
}

export function sortedPartition(layers: ReadonlyArray<readonly string[]>): string[][] {
  return layers.map((paths) => paths.toSorted()).toSorted((a, b) => (a[0]! < b[0]! ? -1 : 1));
}

/** How popular each path is, by the recursion over segments. */
export function naivePopularity(components: Iterable<Component>): Map<string, bigint> {
  const graph = graphOf(components);
  const known = new Map<string, Map<string, bigint>>();
  const contest = (keys: readonly string[]): Map<string, bigint> => {
    const points = new Map<string, bigint>();
    const give = (id: string, more: bigint) => points.set(id, (points.get(id) ?? 0n) + more);
    for (const key of keys) {
      give(key, 1n);
      if (!known.has(key)) known.set(key, contest(graph.get(key)!.references));
      for (const [below, value] of known.get(key)!) give(below, value + 1n);
    }
    return points;
  };
  const referred = new Set([...graph.values()].flatMap(({ references }) => references));
  return contest([...graph.keys()].filter((id) => !referred.has(id)));
}
