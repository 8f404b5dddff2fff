import { buildCommand as command } from "@stricli/core";
import type { VarveContext } from "../context.ts";
import {
  connectionFlags,
  engineFlags,
  imageAliases,
  imageFlags,
  sourceArguments,
  workAliases,
  workFlags,
} from "../flags.ts";
import type { InspectFlags } from "../run/inspect.ts";

export const inspectCommand = command<InspectFlags, string[], VarveContext>({
  loader: async () => (await import("../run/inspect.ts")).inspect,
  parameters: {
    positional: sourceArguments,
    flags: {
      json: { kind: "boolean", default: false, withNegated: false, brief: "Print JSON" },
      raw: {
        kind: "boolean",
        default: false,
        withNegated: false,
        brief: "Print the manifest or index as it is kept, byte for byte",
      },
      ...connectionFlags,
      ...engineFlags,
      ...imageFlags,
      ...workFlags,
    },
    aliases: { ...imageAliases, ...workAliases },
  },
  docs: {
    brief: "Show an image's manifest, config and layers, wherever it is, or as it would be built",
    customUsage: ["IMAGE [--platform OS/ARCH] [--json|--raw]", "SOURCE... [--json]"],
    fullDescription:
      "Shows an image's manifest, config, layers, digests and sizes: in a registry, an OCI layout,\n" +
      "an archive or a Docker engine, or as it would be built. Of an index, its platforms. No layer\n" +
      "is fetched for it.\n\n" +
      "  varve inspect ghcr.io/me/app:1.0\n" +
      "  varve inspect docker://redis:7 --platform linux/arm64\n" +
      "  varve inspect oci:./layout --raw\n" +
      "  varve inspect image.tar.gz\n" +
      "  varve inspect .#app --json",
  },
});
