import { buildCommand as command } from "@stricli/core";
import type { VarveContext } from "../context.ts";
import { workFlags } from "../flags.ts";
import type { InitFlags } from "../run/init.ts";

const off = { kind: "boolean", default: false, withNegated: false } as const;

export const initCommand = command<InitFlags, string[], VarveContext>({
  loader: async () => (await import("../run/init.ts")).init,
  parameters: {
    positional: {
      kind: "array",
      parameter: { brief: "The project's folder [.]", placeholder: "dir", parse: String },
    },
    flags: {
      json: { ...off, brief: "Write varve.config.json rather than varve.config.ts" },
      force: { ...off, brief: "Replace a recipe that is there" },
      debug: workFlags.debug,
    },
  },
  docs: {
    brief: "Write a recipe for the project at hand",
    customUsage: ["[DIR] [--json]"],
    fullDescription:
      "Writes varve.config.ts for the project in a folder: a Node project with its lockfile, a flake,\n" +
      "or something else, for which it is a place to start. Says what to run next.",
  },
});
