import { UsageError } from "../errors.ts";
import { autoLayer } from "./auto-layer.ts";
import { nearest } from "../wording/nearest.ts";
import { parsePipeline } from "./pipeline/parse.ts";
import { runPipeline } from "./pipeline/run.ts";
import { assertPlanCovers } from "./plan.ts";
import { popularityContest } from "./popularity-contest.ts";
import { assertLayerCount } from "./slots.ts";
import type { Closure } from "../closure/closure.ts";
import type { Plan } from "./plan.ts";

/**
 * A way to group components. It makes at most `limit` layers and leaves out the `ignored` ids; the
 * plan depends on nothing but its arguments.
 */
export type Planner = (closure: Closure, limit: number, ignored: ReadonlySet<string>) => Plan;

/** The planners by the names under which people choose them. */
export const STRATEGIES: ReadonlyMap<string, Planner> = new Map([
  ["auto-layer", autoLayer],
  ["popularity-contest", popularityContest],
]);

const DEFAULT_STRATEGY = "auto-layer";

/** @throws UsageError for a name that is none, with the one that was meant */
export function strategyNamed(name: string): Planner {
  const planner = STRATEGIES.get(name);
  if (planner !== undefined) return planner;
  const meant = nearest(name, STRATEGIES.keys());
  throw new UsageError(`there is no layering strategy ${JSON.stringify(name)}`, {
    hint:
      meant === undefined
        ? `the strategies are ${[...STRATEGIES.keys()].join(", ")}; a layeringPipeline is given by itself (--pipeline)`
        : `did you mean ${meant}?`,
  });
}

/** How a closure is to be planned. */
export interface LayeringOptions {
  /** The most layers of the plan itself; a base image's and others' are already set aside. */
  readonly maxLayers: number;
  /** A name of `STRATEGIES`; auto-layer if absent. */
  readonly strategy?: string | undefined;
  /**
   * A `layeringPipeline`, as parsed JSON. It takes the place of the strategy, and of `maxLayers` too:
   * the limit is then the pipeline's own affair, as in dockerTools.
   */
  readonly pipeline?: unknown;
  /** Ids that go into no layer. Those that are not in the closure do not matter. */
  readonly ignore?: ReadonlySet<string> | undefined;
}

/**
 * Plans a closure, and proves that the plan places each component exactly once.
 *
 * @throws UsageError for an unknown strategy, VarveError `PIPELINE_INVALID`, `MAX_LAYERS_INVALID`
 */
export function planLayers(closure: Closure, options: LayeringOptions): Plan {
  const { maxLayers, pipeline, strategy = DEFAULT_STRATEGY, ignore = new Set() } = options;
  const { plan, leftOut } =
    pipeline === undefined
      ? { plan: planWith(strategy, closure, maxLayers, ignore), leftOut: ignore }
      : runPipeline(closure, parsePipeline(pipeline), ignore);
  assertPlanCovers(plan, closure, leftOut);
  return plan;
}

function planWith(
  strategy: string,
  closure: Closure,
  maxLayers: number,
  ignored: ReadonlySet<string>,
): Plan {
  const planner = strategyNamed(strategy);
  assertLayerCount(maxLayers, "the number of layers");
  return planner(closure, maxLayers, ignored);
}
