import { rankByPopularity } from "../../popularity-contest.ts";
import { single } from "../value.ts";
import type { Step, StepCall } from "../step.ts";

/** `["popularity_contest"]`: a graph becomes a list of single components, the most popular first. */
export function popularityContestStep(call: StepCall): Step {
  call.expectArguments();
  return (value, { closure }) => {
    const part = call.graph(value);
    const ids = Array.from(part.members, (member) => closure.components[member]!.id);
    return rankByPopularity(part.graph, ids).map(({ vertex, reason }) =>
      single(part, vertex, reason),
    );
  };
}
