import { reach } from "../../../closure/reach.ts";
import { marked, markIds, partOf } from "../value.ts";
import type { Step, StepBuilder, StepCall } from "../step.ts";

/**
 * `["subcomponent_out", [p…]]`: a graph becomes a dict of `main`, the p's and all they lead to, and
 * `rest`. `["subcomponent_in", [p…]]`: `main` is the p's and all that leads to them.
 */
export function subcomponent(direction: "in" | "out"): StepBuilder {
  return (call: StepCall): Step => {
    call.expectArguments("a list of paths");
    const ids = new Set(call.strings(0, "paths"));
    return (value, { closure }) => {
      const part = call.graph(value);
      const { graph } = part;
      const starts = marked(markIds(part, ids, closure));
      const main = reach(direction === "out" ? graph : graph.reversed, starts);
      const rest = main.map((mark) => 1 - mark);
      const name = `subcomponent_${direction}`;
      return new Map([
        ["main", partOf(part, marked(main), graph, `main of ${name}`)],
        ["rest", partOf(part, marked(rest), graph, `rest of ${name}`)],
      ]);
    };
  };
}
