import { splitByFounders } from "./founders.ts";
import { closureExtents, compareExtents } from "./extent.ts";
import { compareByName, sortedByName } from "./name-order.ts";
import { countedDependencies, listed, nameAndSize } from "./reason.ts";
import type { Closure } from "../closure/closure.ts";
import type { Component } from "../closure/component.ts";
import type { Plan, PlannedLayer } from "./plan.ts";

/**
 * dockerTools' default (reference: layering, section 2). The layers are those of nixpkgs'
 * auto-layer, to the path. Their order is by closure size, so that dependencies lie below. On ties
 * the peer's order follows a hash; here the layer whose closure has fewer components lies below, and
 * of equal ones the one whose first path comes first by name.
 *
 * @param limit the most layers the plan may have
 * @param ignored ids that go into no layer. As with the peer they take part in the split all the
 * same, and can spend a layer.
 */
export function autoLayer(closure: Closure, limit: number, ignored: ReadonlySet<string>): Plan {
  const sizes = Float64Array.from(closure.components, ({ size }) => size);
  const { founders, partOf } = splitByFounders(closure.graph, sizes, limit);
  const extents = closureExtents(closure.graph, sizes, partOf, founders.length);

  const members: string[][] = founders.map(() => []);
  for (const [vertex, { id }] of closure.components.entries()) members[partOf[vertex]!]!.push(id);
  const layers = members.map((ids, part) => ({
    all: sortedByName(ids),
    founders: founders[part]!.map((vertex) => closure.components[vertex]!),
    extent: extents[part]!,
  }));
  return {
    layers: layers
      .toSorted((a, b) => compareExtents(a.extent, b.extent) || compareByName(a.all[0]!, b.all[0]!))
      .map(({ all, founders: shared }) => plannedLayer(all, shared, ignored))
      .filter(({ paths }) => paths.length > 0),
  };
}

function plannedLayer(
  all: readonly string[],
  founders: readonly Component[],
  ignored: ReadonlySet<string>,
): PlannedLayer {
  const paths = all.filter((id) => !ignored.has(id));
  return { paths, reason: reasonFor(paths, founders) };
}

function reasonFor(paths: readonly string[], founders: readonly Component[]): string {
  const [founder] = founders;
  if (founder === undefined) return "small rest: no larger path needs these";
  if (founders.length > 1) return `shared by ${listed(founders)}`;
  if (!paths.includes(founder.id))
    return `needed only by ${nameAndSize(founder)}, which is left out`;
  const others = paths.length - 1;
  return others === 0
    ? `founded by ${nameAndSize(founder)}`
    : `founded by ${nameAndSize(founder)} with ${countedDependencies(others)} only it needs`;
}
