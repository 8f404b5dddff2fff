import { buildCommand as command } from "@stricli/core";
import type { VarveContext } from "../context.ts";
import {
  connectionFlags,
  dryRunFlag,
  imageAliases,
  imageFlags,
  metadataFlag,
  sourceArguments,
  workAliases,
  workFlags,
} from "../flags.ts";
import type { LoadFlags } from "../run/load.ts";

export const loadCommand = command<LoadFlags, string[], VarveContext>({
  loader: async () => (await import("../run/load.ts")).load,
  parameters: {
    positional: sourceArguments,
    flags: {
      host: {
        kind: "parsed",
        parse: String,
        optional: true,
        brief: "Engine to load into [DOCKER_HOST, the Docker context, or the local socket]",
        placeholder: "URL",
      },
      context: {
        kind: "parsed",
        parse: String,
        optional: true,
        brief: "Docker context to load into",
        placeholder: "NAME",
      },
      metadataFile: metadataFlag,
      full: {
        kind: "boolean",
        default: false,
        withNegated: false,
        brief: "Send every layer, whatever the engine has",
      },
      dryRun: dryRunFlag,
      watch: {
        kind: "boolean",
        default: false,
        withNegated: false,
        brief: "Load again whenever something changes, until interrupted",
      },
      ...imageFlags,
      ...connectionFlags,
      ...workFlags,
    },
    aliases: { ...imageAliases, ...workAliases },
  },
  docs: {
    brief: "Load an image into a Docker engine, and say how to run it",
    customUsage: ["[SOURCE...] [-t NAME:TAG]", "[SOURCE...] --watch", "--conf FILE"],
    fullDescription:
      "Loads an image into a Docker engine through its API, and says how to run it. Only layers\n" +
      "that the engine lacks are sent. With --watch, each change of the recipe or of the files that\n" +
      "go in is loaded at once, in a line each.\n\n" +
      "  varve load\n" +
      "  varve load .#app -t app:1.0\n" +
      "  varve load .#myDockerToolsImage\n" +
      "  DOCKER_HOST=ssh://me@server varve load --conf conf.json",
  },
});
