import type { Closure } from "../../closure/closure.ts";
import { UsageError } from "../../errors.ts";
import { planToJson } from "../../layering/plan.ts";
import type { Plan } from "../../layering/plan.ts";
import { planLayers } from "../../layering/strategies.ts";
import { closureOfGraph } from "../../sources/nix/reference-graph.ts";
import { NixStore } from "../../sources/nix/store.ts";
import { Announcer } from "../announcer.ts";
import type { VarveContext } from "../context.ts";
import type { ConnectionFlags, ImageFlags, WorkFlags } from "../flags.ts";
import { planSources } from "../sources/plan-sources.ts";
import { readIgnoreList, readPipeline } from "../sources/recipe-from-flags.ts";
import { planTable } from "../tables/plan-table.ts";
import { terminalWidth } from "../tables/terminal-width.ts";

export interface PlanFlags extends ImageFlags, WorkFlags, ConnectionFlags {
  readonly json: boolean;
}

const DEFAULT_MOST_LAYERS = 100;

export async function plan(
  this: VarveContext,
  flags: PlanFlags,
  ...sources: string[]
): Promise<void> {
  const announcer = new Announcer(flags);
  const planned =
    flags.graph === undefined
      ? await planSources(flags, sources, announcer)
      : await planGraph(flags.graph, flags, sources, announcer);
  const { process } = this;
  process.stdout.write(
    flags.json
      ? planToJson(planned.plan)
      : planTable(planned.plan, planned.closures, terminalWidth()),
  );
}

/** Here the limit counts the plan's own layers; nothing is set aside. */
async function planGraph(
  file: string,
  flags: PlanFlags,
  sources: readonly string[],
  announcer: Announcer,
): Promise<{ plan: Plan; closures: readonly Closure[] }> {
  if (sources.length > 0) throw new UsageError("--graph and a source both say what to plan");
  const store = new NixStore({ storeRoot: flags.storeRoot });
  const closure = await closureOfGraph(file, store, (message) => {
    announcer.note(message);
  });
  const grouped = planLayers(closure, {
    maxLayers: flags.maxLayers ?? DEFAULT_MOST_LAYERS,
    strategy: flags.strategy,
    pipeline: flags.pipeline === undefined ? undefined : readPipeline(flags.pipeline),
    ignore: flags.ignore === undefined ? undefined : readIgnoreList(flags.ignore),
  });
  return { plan: grouped, closures: [closure] };
}
