import { buildCommand as command } from "@stricli/core";
import type { VarveContext } from "../context.ts";
import { imageFlags, workAliases, workFlags } from "../flags.ts";
import type { DigestFlags } from "../run/digest.ts";

export const digestCommand = command<DigestFlags, [], VarveContext>({
  loader: async () => (await import("../run/digest.ts")).digest,
  parameters: {
    flags: {
      plan: {
        kind: "parsed",
        parse: String,
        optional: true,
        brief: "The plan: JSON as varve plan --json prints it",
        placeholder: "FILE",
      },
      conf: { ...imageFlags.conf, brief: "The image: a dockerTools conf JSON" },
      json: { kind: "boolean", default: false, withNegated: false, brief: "Print JSON" },
      storeRoot: imageFlags.storeRoot,
      uid: imageFlags.uid,
      gid: imageFlags.gid,
      uname: imageFlags.uname,
      gname: imageFlags.gname,
      mtime: imageFlags.mtime,
      ...workFlags,
    },
    aliases: workAliases,
  },
  docs: {
    brief: "Print the diffID and size of each layer of a plan or of a Nix image",
    customUsage: ["--plan FILE [--json]", "--conf FILE [--json]"],
    fullDescription:
      "Prints the diffID and size of each layer of a plan, bottom first; of a conf, of each layer\n" +
      "above its base's.\n\n" +
      "  varve plan --graph graph.json --max-layers 20 --json > plan.json\n" +
      "  varve digest --plan plan.json --json",
  },
});
