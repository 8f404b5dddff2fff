import { buildCommand as command } from "@stricli/core";
import type { VarveContext } from "../context.ts";
import {
  connectionFlags,
  dryRunFlag,
  engineFlags,
  transferAliases,
  transferFlags,
} from "../flags.ts";
import type { TagFlags } from "../run/tag.ts";

export const tagCommand = command<TagFlags, string[], VarveContext>({
  loader: async () => (await import("../run/tag.ts")).tag,
  parameters: {
    positional: {
      kind: "array",
      minimum: 2,
      parameter: { brief: "The image, and its new names", placeholder: "image", parse: String },
    },
    flags: { dryRun: dryRunFlag, ...connectionFlags, ...engineFlags, ...transferFlags },
    aliases: transferAliases,
  },
  docs: {
    brief: "Give an image in a registry, layout or engine more names",
    customUsage: ["IMAGE NEW..."],
    fullDescription:
      "Gives an image more names where it is: tags of the same repository, other repositories of\n" +
      "the registry, names in an OCI layout or a Docker engine. No layer is transferred.\n\n" +
      "  varve tag ghcr.io/me/app:1.0.3 1.0 latest\n" +
      "  varve tag ghcr.io/me/app:1.0.3 ghcr.io/me/released:1.0.3\n" +
      "  varve tag docker-daemon:app:1.0 app:latest",
  },
});
