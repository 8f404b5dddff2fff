import { buildCommand as command } from "@stricli/core";
import { COMPRESSIONS } from "../../packing/codec/compression.ts";
import type { VarveContext } from "../context.ts";
import {
  connectionFlags,
  dryRunFlag,
  imageAliases,
  imageFlags,
  metadataFlag,
  sourceArguments,
  wholeNumber,
  workAliases,
  workFlags,
} from "../flags.ts";
import type { PushFlags } from "../run/push.ts";

export const pushCommand = command<PushFlags, string[], VarveContext>({
  loader: async () => (await import("../run/push.ts")).push,
  parameters: {
    positional: sourceArguments,
    flags: {
      compression: {
        kind: "enum",
        values: COMPRESSIONS,
        default: "gzip",
        brief: "How layers are compressed",
      },
      compressionLevel: {
        kind: "parsed",
        parse: wholeNumber(1),
        optional: true,
        brief: "Level of gzip (1-9) or zstd (1-19) [3, 3]",
        placeholder: "N",
      },
      cacheFrom: {
        kind: "parsed",
        parse: String,
        optional: true,
        variadic: true,
        brief: "Image whose layers are used again, beside the one that is replaced",
        placeholder: "NAME:TAG",
      },
      ...connectionFlags,
      metadataFile: metadataFlag,
      dryRun: dryRunFlag,
      ...imageFlags,
      ...workFlags,
    },
    aliases: { ...imageAliases, ...workAliases },
  },
  docs: {
    brief: "Push an image to a registry, without a Docker daemon",
    customUsage: [
      "SOURCE... -t REGISTRY/NAME:TAG",
      "--conf FILE -t REGISTRY/NAME:TAG",
      "ARCHIVE -t REGISTRY/NAME:TAG",
    ],
    fullDescription:
      "Pushes an image to a registry under each name, and prints its digest reference. What the\n" +
      "registry has already is neither packed nor sent.\n\n" +
      "  varve push .#app -t registry.example/team/app:1.0\n" +
      "  varve push image.tar.gz -t localhost:5000/app:1.0",
  },
});
