import { buildCommand as command } from "@stricli/core";
import { COMPRESSIONS } from "../../packing/codec/compression.ts";
import type { VarveContext } from "../context.ts";
import {
  connectionFlags,
  engineFlags,
  transferAliases,
  transferFlags,
  wantedPlatformFlag,
} from "../flags.ts";
import type { MergeFlags } from "../run/merge.ts";

export const mergeCommand = command<MergeFlags, string[], VarveContext>({
  loader: async () => (await import("../run/merge.ts")).merge,
  parameters: {
    positional: {
      kind: "array",
      minimum: 1,
      parameter: { brief: "Where an image is", placeholder: "image", parse: String },
    },
    flags: {
      output: {
        kind: "parsed",
        parse: String,
        optional: true,
        brief: "images.tar, images.tar.gz, - for standard output [-]",
        placeholder: "FILE",
      },
      platform: wantedPlatformFlag,
      compression: {
        kind: "enum",
        values: COMPRESSIONS,
        optional: true,
        brief: "How the archive is compressed [as the file's name says, else none]",
      },
      ...connectionFlags,
      ...engineFlags,
      ...transferFlags,
    },
    aliases: { o: "output", ...transferAliases },
  },
  docs: {
    brief: "Put several images into one archive, shared layers once",
    customUsage: ["IMAGE... [-o FILE]"],
    fullDescription:
      "Writes one archive that docker load, podman load and skopeo take, with several images under\n" +
      "the names that they have. All images of a Docker archive are taken, unless one is named.\n" +
      "Images stay as they are; layers that they share are written once.\n\n" +
      "  varve merge app.tar.gz worker.tar.zst -o images.tar\n" +
      "  varve merge docker-archive:a.tar:app:1.0 redis:7 | docker load",
  },
});
