import { codePointOrder } from "../closure/order.ts";
import { induced } from "../closure/subgraph.ts";
import { popularityTieKey } from "./name-order.ts";
import { popularityOf } from "./popularity.ts";
import { EVERYTHING, EVERYTHING_ELSE } from "./reason.ts";
import type { Closure } from "../closure/closure.ts";
import type { Graph } from "../closure/graph.ts";
import type { Plan, PlannedLayer } from "./plan.ts";

/** A vertex of a graph and why it stands where it does. */
export interface RankedVertex {
  readonly vertex: number;
  readonly reason: string;
}

/**
 * The vertices of a graph, the most popular first; ties by name (reference: layering, section 3).
 *
 * @param ids - the id of each vertex
 */
export function rankByPopularity(graph: Graph, ids: readonly string[]): RankedVertex[] {
  const { order } = graph;
  const popularity = popularityOf(induced(graph, order));
  const compareKeys = codePointOrder(ids);
  const keys = Array.from(order, (vertex) => popularityTieKey(ids[vertex]!));
  const ranked = Uint32Array.from(keys.keys()).toSorted(
    (a, b) => popularity.compare(b, a) || compareKeys(keys[a]!, keys[b]!),
  );
  return Array.from(ranked, (place) => ({
    vertex: order[place]!,
    reason: `popularity ${popularity.describe(place)}`,
  }));
}

/**
 * The classic of dockerTools (reference: layering, section 3): the most popular components get a
 * layer each, and the last layer holds all the rest.
 *
 * @param limit the most layers the plan may have
 * @param ignored ids that go into no layer. They count in the contest, but spend no layer: the peer
 * took them out of the ranking before it dealt out layers.
 */
export function popularityContest(
  closure: Closure,
  limit: number,
  ignored: ReadonlySet<string>,
): Plan {
  const ids = closure.components.map(({ id }) => id);
  const single = rankByPopularity(closure.graph, ids)
    .map(({ vertex, reason }): PlannedLayer => ({ paths: [ids[vertex]!], reason }))
    .filter(({ paths }) => !ignored.has(paths[0]!));
  if (single.length <= limit) return { layers: single };
  const rest = single.slice(limit - 1).flatMap(({ paths }) => paths);
  return {
    layers: [
      ...single.slice(0, limit - 1),
      { paths: rest, reason: limit === 1 ? EVERYTHING : EVERYTHING_ELSE },
    ],
  };
}
