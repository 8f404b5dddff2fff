import { UsageError } from "../errors.ts";
import type { Plan } from "../layering/plan.ts";
import type { Closure } from "../closure/closure.ts";
import type { ImageFlags } from "./flags.ts";
import type { Session } from "./session.ts";

export async function planSources(
  _flags: ImageFlags,
  _sources: readonly string[],
  _session: Session,
): Promise<{ plan: Plan; closure: Closure }> {
  throw new UsageError("nothing to plan");
}
