import { UsageError } from "../../errors.ts";
import { planToJson } from "../../layering/plan.ts";
import type { Plan } from "../../layering/plan.ts";
import { planLayers } from "../../layering/strategies.ts";
import type { Closure } from "../../closure/closure.ts";
import { readReferenceGraph } from "../../sources/nix/reference-graph.ts";
import type { PlanFlags } from "../commands/plan.ts";
import type { VarveContext } from "../context.ts";
import { planSources } from "../plan-sources.ts";
import { planTable } from "../plan-table.ts";
import { readIgnoreList, readPipeline } from "../recipe-from-flags.ts";
import { inSession } from "../session.ts";

const DEFAULT_MOST_LAYERS = 100;

export async function plan(
  this: VarveContext,
  flags: PlanFlags,
  ...sources: string[]
): Promise<void> {
  const planned =
    flags.graph === undefined
      ? await inSession(flags, (session) => planSources(flags, sources, session))
      : planGraph(flags.graph, flags, sources);
  const { process } = this;
  process.stdout.write(
    flags.json ? planToJson(planned.plan) : planTable(planned.plan, planned.closure),
  );
}

/** Here the limit counts the plan's own layers; nothing is set aside. */
function planGraph(
  file: string,
  flags: PlanFlags,
  sources: readonly string[],
): { plan: Plan; closure: Closure } {
  if (sources.length > 0) throw new UsageError("--graph and a source both say what to plan");
  const closure = readReferenceGraph(file);
  const grouped = planLayers(closure, {
    maxLayers: flags.maxLayers ?? DEFAULT_MOST_LAYERS,
    strategy: flags.strategy,
    pipeline: flags.pipeline === undefined ? undefined : readPipeline(flags.pipeline),
    ignore: flags.ignore === undefined ? undefined : readIgnoreList(flags.ignore),
  });
  return { plan: grouped, closure };
}
