import { buildCommand as command } from "@stricli/core";
import type { VarveContext } from "../context.ts";
import { connectionFlags, imageAliases, imageFlags, workAliases, workFlags } from "../flags.ts";
import type { DiffFlags } from "../run/diff.ts";

export const diffCommand = command<DiffFlags, string[], VarveContext>({
  loader: async () => (await import("../run/diff.ts")).diff,
  parameters: {
    positional: {
      kind: "array",
      parameter: {
        brief: "Two images: names in a registry, archives, layouts, or what one is made of",
        parse: String,
        placeholder: "image",
      },
    },
    flags: {
      files: {
        kind: "boolean",
        default: false,
        withNegated: false,
        brief: "Compare the files in the layers, too",
      },
      json: { kind: "boolean", default: false, withNegated: false, brief: "Print JSON" },
      ...connectionFlags,
      ...imageFlags,
      ...workFlags,
    },
    aliases: { ...imageAliases, ...workAliases },
  },
  docs: {
    brief: "Show what is different between two images",
    customUsage: ["A B [--files] [--json]", "A SOURCE... [--files] [--json]"],
    fullDescription:
      "Shows what is different between two images: their configs, layers and components, and how\n" +
      "many bytes somebody needs who has A and wants B. With --files also the files in the layers.\n" +
      "An image is a name in a registry, an archive, an OCI layout or what it is made of.\n\n" +
      "  varve diff registry.example/app:1.0 registry.example/app:1.1\n" +
      "  varve diff registry.example/app:1.0 .#app --files\n\n" +
      "Exits with 0 when they are the same image, 1 when they are not, 2 when that could not be\n" +
      "told, like diff.",
  },
});
