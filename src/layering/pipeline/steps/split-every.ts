import { partOf } from "../value.ts";
import type { Step, StepCall } from "../step.ts";

/** `["split_every", n]`: a graph becomes a list of graphs of n components each, in its order. */
export function splitEvery(call: StepCall): Step {
  call.expectArguments("a number n");
  const size = call.positiveNumber(0);
  return (value) => {
    const part = call.graph(value);
    const vertices = Uint32Array.from(part.members.keys());
    const chunks = Math.ceil(vertices.length / size);
    return Array.from({ length: chunks }, (_, chunk) =>
      partOf(
        part,
        vertices.subarray(chunk * size, (chunk + 1) * size),
        part.graph,
        `chunk ${chunk + 1} of split_every ${size}`,
      ),
    );
  };
}
