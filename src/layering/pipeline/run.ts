import { EVERYTHING } from "../reason.ts";
import { flattened, wholeClosure } from "./value.ts";
import type { Closure } from "../../closure/closure.ts";
import type { Plan } from "../plan.ts";
import type { Run, Step } from "./step.ts";

/** A plan, and which components are in no layer of it. */
export interface PipelineResult {
  readonly plan: Plan;
  /** Ids of the components that were ignored or removed by a step. */
  readonly leftOut: ReadonlySet<string>;
}

/**
 * Plans layers with a `layeringPipeline` (reference: layering, section 4). There is no limit but what
 * the pipeline itself sets with `limit_layers`.
 *
 * @param pipeline as `parsePipeline` gives it
 * @param ignored ids that are taken out of the graph before the first step
 * @throws VarveError `PIPELINE_INVALID` when a step gets what it cannot work on
 */
export function runPipeline(
  closure: Closure,
  pipeline: Step,
  ignored: ReadonlySet<string>,
): PipelineResult {
  const run: Run = { closure, removed: new Set() };
  const id = (index: number) => closure.components[index]!.id;
  const parts = flattened(pipeline(wholeClosure(closure, ignored), run));
  const layers = parts
    .filter(({ members }) => members.length > 0)
    .map(({ members, origin }) => ({
      paths: Array.from(members, id),
      reason: origin.length === 0 ? EVERYTHING : origin.join(", "),
    }));
  return { plan: { layers }, leftOut: new Set([...ignored, ...Array.from(run.removed, id)]) };
}
