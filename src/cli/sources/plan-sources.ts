import { openBase } from "../../assembly/base-image.ts";
import { planFor, platformFor } from "../../assembly/from-recipe.ts";
import { planOfStack } from "../../assembly/stack.ts";
import type { Closure } from "../../closure/closure.ts";
import { UsageError } from "../../errors.ts";
import type { Plan } from "../../layering/plan.ts";
import type { Announcer } from "../announcer.ts";
import type { ConnectionFlags, ImageFlags } from "../flags.ts";
import { basePlaces } from "./base-places.ts";
import { resolveSource } from "./resolve-source.ts";

/** The plan of what a command's arguments describe, and the closures that it divides. */
export async function planSources(
  flags: ImageFlags & Partial<ConnectionFlags>,
  sources: readonly string[],
  announcer: Announcer,
): Promise<{ plan: Plan; closures: readonly Closure[] }> {
  const source = await resolveSource(flags, sources, announcer);
  if (source.kind === "conf") {
    throw new UsageError("dockerTools has planned this image already", {
      hint: "varve inspect shows its layers",
    });
  }
  const { recipe, sources: gathered, close } = source;
  close();
  const closures = gathered.map(({ closure }) => closure);
  if (recipe.base === undefined) return { plan: planOfStack(planFor(recipe, gathered)), closures };
  const places = basePlaces(flags, announcer);
  const base = await openBase(recipe.base, { ...places, platform: platformFor(recipe) });
  try {
    return { plan: planOfStack(planFor(recipe, gathered, base)), closures };
  } finally {
    base.close();
  }
}
