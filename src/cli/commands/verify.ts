import { buildCommand as command } from "@stricli/core";
import type { VarveContext } from "../context.ts";
import { connectionFlags, imageAliases, imageFlags, workAliases, workFlags } from "../flags.ts";
import type { VerifyFlags } from "../run/verify.ts";

export const verifyCommand = command<VerifyFlags, string[], VarveContext>({
  loader: async () => (await import("../run/verify.ts")).verify,
  parameters: {
    positional: {
      kind: "array",
      parameter: {
        brief: "An image in a registry, an archive or a layout; then what it was made of",
        parse: String,
        placeholder: "image",
      },
    },
    flags: {
      deep: {
        kind: "boolean",
        default: false,
        withNegated: false,
        brief: "Read every layer of an image in a registry [read of files, always]",
      },
      json: { kind: "boolean", default: false, withNegated: false, brief: "Print JSON" },
      ...connectionFlags,
      ...imageFlags,
      ...workFlags,
    },
    aliases: { ...imageAliases, ...workAliases },
  },
  docs: {
    brief: "Prove that an image is whole, and that its sources give the same",
    customUsage: [
      "IMAGE [--deep] [--json]",
      "IMAGE SOURCE... [--json]",
      "IMAGE --conf FILE [--json]",
    ],
    fullDescription:
      "Checks that an image is whole where it is: its manifest and config are well-formed, and every\n" +
      "layer is there, of the right digest. With sources, also makes it anew, reading every file,\n" +
      "and compares: where it differs, says in which layer, file and field.\n\n" +
      "  varve verify registry.example/app:1.0 --deep\n" +
      "  varve verify registry.example/app:1.0 .#app\n\n" +
      "Exits with 0 when all is right, 1 when it is not, 2 when that could not be told.",
  },
});
