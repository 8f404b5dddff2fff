import { buildCommand as command } from "@stricli/core";
import type { VarveContext } from "../context.ts";
import {
  connectionFlags,
  dryRunFlag,
  engineFlags,
  metadataFlag,
  transferAliases,
  transferFlags,
} from "../flags.ts";
import type { IndexFlags } from "../run/index.ts";

const repeated = { kind: "parsed", parse: String, optional: true, variadic: true } as const;

export const indexCommand = command<IndexFlags, string[], VarveContext>({
  loader: async () => (await import("../run/index.ts")).index,
  parameters: {
    positional: {
      kind: "array",
      parameter: { brief: "Image or index, anywhere", placeholder: "src", parse: String },
    },
    flags: {
      tag: {
        ...repeated,
        brief: "Where the index goes; may be repeated",
        placeholder: "NAME:TAG|oci:DIR:TAG",
      },
      update: {
        kind: "boolean",
        default: false,
        withNegated: false,
        brief: "Add to the index that is there, and replace images of the same platform",
      },
      remove: {
        ...repeated,
        brief: "Take a platform out of the index that is there; may be repeated",
        placeholder: "OS/ARCH",
      },
      annotation: { ...repeated, brief: "Annotation of the index", placeholder: "NAME=VALUE" },
      metadataFile: metadataFlag,
      dryRun: dryRunFlag,
      ...connectionFlags,
      ...engineFlags,
      ...transferFlags,
    },
    aliases: { t: "tag", ...transferAliases },
  },
  docs: {
    brief: "Join images of several platforms into one index",
    customUsage: [
      "-t NAME:TAG SRC...",
      "-t NAME:TAG --update SRC...",
      "-t NAME:TAG --remove OS/ARCH",
    ],
    fullDescription:
      "Joins images into an index, and prints its digest reference. Each image keeps its digest;\n" +
      "what the target lacks is copied there. With --update several machines add their platforms\n" +
      "one by one, also at the same time.\n\n" +
      "  varve index -t ghcr.io/me/app:1.0 ghcr.io/me/app:1.0-amd64 ghcr.io/me/app:1.0-arm64\n" +
      "  varve index -t ghcr.io/me/app:1.0 --update oci:./arm64",
  },
});
