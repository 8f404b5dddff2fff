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
import type { StreamFlags } from "../run/stream.ts";

export const streamCommand = command<StreamFlags, string[], VarveContext>({
  loader: async () => (await import("../run/stream.ts")).stream,
  parameters: {
    positional: sourceArguments,
    flags: { ...imageFlags, ...connectionFlags, ...workFlags },
    aliases: { ...imageAliases, ...workAliases },
  },
  docs: {
    brief: "Write an image to standard output, storing nothing",
    customUsage: ["SOURCE... [-t NAME:TAG] | docker load", "--conf FILE | docker load"],
    fullDescription:
      "Writes an image to standard output, storing nothing.\n\n" +
      "  varve stream .#app -t app:1.0 | docker load\n" +
      "  varve stream --conf conf.json | ssh host docker load",
  },
});
