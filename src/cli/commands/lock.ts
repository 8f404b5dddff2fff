import { buildCommand as command } from "@stricli/core";
import type { VarveContext } from "../context.ts";
import { imageFlags, transferAliases, transferFlags } from "../flags.ts";
import type { LockFlags } from "../run/lock.ts";

export const lockCommand = command<LockFlags, string[], VarveContext>({
  loader: async () => (await import("../run/lock.ts")).lock,
  parameters: {
    positional: {
      kind: "array",
      parameter: {
        brief: "A Node project or a recipe file [.]",
        placeholder: "source",
        parse: String,
      },
    },
    flags: {
      update: {
        kind: "boolean",
        default: false,
        withNegated: false,
        brief: "Look everything up anew, whatever is pinned",
      },
      check: {
        kind: "boolean",
        default: false,
        withNegated: false,
        brief: "Write nothing; exit 1 if the file would change",
      },
      image: imageFlags.image,
      platform: {
        kind: "parsed",
        parse: String,
        optional: true,
        variadic: ",",
        brief: "Platform to pin for; may be repeated [the recipe's, those that are pinned already]",
        placeholder: "OS/ARCH",
      },
      offline: imageFlags.offline,
      ...transferFlags,
    },
    aliases: transferAliases,
  },
  docs: {
    brief: "Pin what an image is made of, in varve.lock; builds nothing",
    customUsage: ["[SOURCE] [--platform OS/ARCH]", "[SOURCE] --update", "[SOURCE] --check"],
    fullDescription:
      "Pins what the project's own lockfiles do not: versions and checksums of Debian's packages and\n" +
      "of Node, in varve.lock beside the recipe. Says what has changed. What fits stays as it is; with\n" +
      "--update everything is looked up anew.\n\n" +
      "  varve lock\n" +
      "  varve lock --update --platform linux/amd64 --platform linux/arm64\n" +
      "  varve lock --update --check || echo there is something newer",
  },
});
