import { buildCommand as command } from "@stricli/core";
import type { VarveContext } from "../context.ts";
import { imageAliases, imageFlags, sourceArguments, workAliases, workFlags } from "../flags.ts";
import type { ImageFlags, WorkFlags } from "../flags.ts";

export interface InspectFlags extends ImageFlags, WorkFlags {
  readonly json: boolean;
}

export const inspectCommand = command<InspectFlags, string[], VarveContext>({
  loader: async () => (await import("../run/inspect.ts")).inspect,
  parameters: {
    positional: sourceArguments,
    flags: {
      json: { kind: "boolean", default: false, withNegated: false, brief: "Print JSON" },
      ...imageFlags,
      ...workFlags,
    },
    aliases: { ...imageAliases, ...workAliases },
  },
  docs: {
    brief: "Show an image's config and layers: of an archive, or as it would be built",
    customUsage: ["ARCHIVE [--json]", "SOURCE... [--json]"],
    fullDescription:
      "Shows an image's config, layers, digests and sizes: of an archive, or as it would be built.\n\n" +
      "  varve inspect image.tar.gz\n" +
      "  varve inspect .#app --json",
  },
});
