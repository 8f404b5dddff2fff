import { nearest } from "../../wording/nearest.ts";
import { inTurn } from "./steps/pipe.ts";
import { STEPS } from "./steps/index.ts";
import { pipelineError, StepCall } from "./step.ts";
import type { Step } from "./step.ts";

/**
 * Reads a `layeringPipeline`: a list of steps `[name, argument…]`.
 *
 * @param json the parsed JSON
 * @throws VarveError `PIPELINE_INVALID`, naming the step and its number, the first being 1
 */
export function parsePipeline(json: unknown): Step {
  if (!Array.isArray(json)) throw pipelineError("layeringPipeline must be a list of steps");
  return inTurn(json.map((step, index) => parseStep(step, "layeringPipeline", index)));
}

/** @param index the step's place in a list of steps, if it is in one */
function parseStep(json: unknown, parent: string, index?: number): Step {
  const path = index === undefined ? parent : `${parent} step ${index + 1}`;
  const place = `${path}${index === undefined ? " >" : ""} ${shown(json)}`;
  if (!Array.isArray(json) || json.length === 0) {
    throw pipelineError(`${place}: a step is a list, [name, argument…]`);
  }
  const [name, ...args]: unknown[] = json;
  if (Array.isArray(name)) {
    throw pipelineError(
      `${place}: a step begins with its name`,
      'several steps in the place of one need ["pipe", [step, …]]',
    );
  }
  const build = typeof name === "string" ? STEPS.get(name) : undefined;
  if (build === undefined) throw unknownStep(place, name);
  return build(new StepCall(place, args, parseStep));
}

function unknownStep(place: string, name: unknown) {
  const meant = typeof name === "string" ? nearest(name, STEPS.keys()) : undefined;
  return pipelineError(
    `${place}: there is no such step`,
    meant === undefined
      ? `the steps are ${[...STEPS.keys()].join(", ")}`
      : `did you mean ${meant}?`,
  );
}

/** A step on one short line: `["over", "rest", […]]`. */
function shown(json: unknown): string {
  if (!Array.isArray(json)) return abridged(json);
  return `[${json.map(abridged).join(", ")}]`;
}

function abridged(json: unknown): string {
  if (Array.isArray(json)) return json.length === 0 ? "[]" : "[…]";
  if (typeof json === "object" && json !== null) return "{…}";
  return JSON.stringify(json) ?? "undefined";
}
