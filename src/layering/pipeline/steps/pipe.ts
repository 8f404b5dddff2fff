import type { Step, StepCall } from "../step.ts";

/** `["pipe", [steps]]`: a pipeline as one step. */
export function pipe(call: StepCall): Step {
  call.expectArguments("a list of steps");
  return inTurn(call.steps(0));
}

/** The steps one after the other. */
export function inTurn(steps: readonly Step[]): Step {
  return (value, run) => steps.reduce((current, step) => step(current, run), value);
}
