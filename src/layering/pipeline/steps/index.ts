import { over, reorder } from "./dicts.ts";
import { limitLayers } from "./limit-layers.ts";
import { flatten, map, reverse } from "./lists.ts";
import { pipe } from "./pipe.ts";
import { popularityContestStep } from "./popularity-contest.ts";
import { removePaths } from "./remove-paths.ts";
import { splitEvery } from "./split-every.ts";
import { splitPaths } from "./split-paths.ts";
import { subcomponent } from "./subcomponent.ts";
import type { StepBuilder } from "../step.ts";

/** Every step of the language by name (reference: layering, section 4). */
export const STEPS: ReadonlyMap<string, StepBuilder> = new Map<string, StepBuilder>([
  ["popularity_contest", popularityContestStep],
  ["limit_layers", limitLayers],
  ["split_paths", splitPaths],
  ["subcomponent_out", subcomponent("out")],
  ["subcomponent_in", subcomponent("in")],
  ["over", over],
  ["pipe", pipe],
  ["map", map],
  ["flatten", flatten],
  ["split_every", splitEvery],
  ["remove_paths", removePaths],
  ["reverse", reverse],
  ["reorder", reorder],
]);
