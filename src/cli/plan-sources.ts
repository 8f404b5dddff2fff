import { planFor } from "../assembly/from-recipe.ts";
import { openDockerArchive } from "../archives/read-archive.ts";
import { UsageError } from "../errors.ts";
import type { Plan } from "../layering/plan.ts";
import type { Closure } from "../closure/closure.ts";
import type { Announcer } from "./announcer.ts";
import type { ImageFlags } from "./flags.ts";
import { resolveSource } from "./resolve-source.ts";

/** The plan of what a command's arguments describe, and the closure that it divides. */
export async function planSources(
  flags: ImageFlags,
  sources: readonly string[],
  announcer: Announcer,
): Promise<{ plan: Plan; closure: Closure }> {
  const source = await resolveSource(flags, sources, announcer);
  if (source.kind === "conf") {
    throw new UsageError("dockerTools has planned this image already", {
      hint: "varve inspect shows its layers",
    });
  }
  const { recipe, closure } = source;
  return { plan: planFor(recipe, closure, await baseLayers(recipe.base)), closure };
}

async function baseLayers(base: string | undefined): Promise<number> {
  if (base === undefined) return 0;
  const archive = await openDockerArchive(base);
  archive.close();
  return archive.layers.length;
}
