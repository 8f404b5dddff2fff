import { flattened } from "../value.ts";
import type { Step, StepCall } from "../step.ts";

/** `["reverse"]`: a list the other way round. */
export function reverse(call: StepCall): Step {
  call.expectArguments();
  return (value) => call.listValue(value).toReversed();
}

/** `["flatten"]`: lists and dicts in each other become one list, depth first. */
export function flatten(call: StepCall): Step {
  call.expectArguments();
  return (value) => flattened(value);
}

/** `["map", step]`: applies a step to each member of a list. */
export function map(call: StepCall): Step {
  call.expectArguments("a step");
  const step = call.step(0);
  return (value, run) => call.listValue(value).map((item) => step(item, run));
}
