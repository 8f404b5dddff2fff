import { disjointUnion } from "../../../closure/subgraph.ts";
import type { Step, StepCall } from "../step.ts";
import type { Part } from "../value.ts";

/**
 * `["limit_layers", n]`: the first n - 1 graphs of a list stay, all the others are merged into one.
 * Nothing to merge makes an empty graph, as with the peer; it becomes no layer.
 */
export function limitLayers(call: StepCall): Step {
  call.expectArguments("a number n");
  const most = call.positiveNumber(0);
  return (value) => {
    const parts = call.listOfGraphs(value);
    return [...parts.slice(0, most - 1), merged(parts.slice(most - 1), most)];
  };
}

function merged(parts: readonly Part[], most: number): Part {
  const [first] = parts;
  if (first !== undefined && parts.length === 1) return first;
  const members = parts.flatMap((part) => [...part.members]);
  return {
    members: Uint32Array.from(members),
    graph: disjointUnion(parts.map(({ graph }) => graph)),
    origin: [...commonOrigin(parts), `${members.length} merged by limit_layers ${most}`],
  };
}

/** What holds for all of the parts. */
function commonOrigin(parts: readonly Part[]): string[] {
  const [first, ...others] = parts;
  if (first === undefined) return [];
  const differs = first.origin.findIndex((step, index) =>
    others.some(({ origin }) => origin[index] !== step),
  );
  return first.origin.slice(0, differs === -1 ? first.origin.length : differs);
}
