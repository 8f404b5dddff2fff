import { buildCommand as command } from "@stricli/core";
import type { VarveContext } from "../context.ts";
import {
  connectionFlags,
  imageAliases,
  imageFlags,
  sourceArguments,
  workAliases,
  workFlags,
} from "../flags.ts";
import type { PlanFlags } from "../run/plan.ts";

export const planCommand = command<PlanFlags, string[], VarveContext>({
  loader: async () => (await import("../run/plan.ts")).plan,
  parameters: {
    positional: sourceArguments,
    flags: {
      json: {
        kind: "boolean",
        default: false,
        withNegated: false,
        brief: "Print the plan as JSON",
      },
      ...imageFlags,
      ...connectionFlags,
      ...workFlags,
    },
    aliases: { ...imageAliases, ...workAliases },
  },
  docs: {
    brief: "Show which paths would share a layer, and why; reads no content",
    customUsage: ["SOURCE... [--json]", "--graph FILE [--max-layers N] [--json]"],
    fullDescription:
      "Shows which paths would share a layer, bottom first, and why. Reads no content.\n" +
      "With --graph, --max-layers counts the plan's own layers.\n\n" +
      "  varve plan .#app\n" +
      "  varve plan --graph graph.json --max-layers 20 --json",
  },
});
