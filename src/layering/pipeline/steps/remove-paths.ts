import { marked, markIds, partOf } from "../value.ts";
import type { Step, StepCall } from "../step.ts";

/** `["remove_paths", p or [p…]]`: takes components out of a graph; they go into no layer. */
export function removePaths(call: StepCall): Step {
  call.expectArguments("paths");
  const ids = new Set(call.strings(0, "paths"));
  return (value, { closure, removed }) => {
    const part = call.graph(value);
    const gone = markIds(part, ids, closure);
    if (!gone.includes(1)) return part;
    for (const vertex of marked(gone)) removed.add(part.members[vertex]!);
    const staying = gone.map((mark) => 1 - mark);
    return partOf(part, marked(staying), part.graph);
  };
}
