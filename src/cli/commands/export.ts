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
import type { ExportFlags } from "../run/export.ts";

export const exportCommand = command<ExportFlags, [string], VarveContext>({
  loader: async () => (await import("../run/export.ts")).exportRoot,
  parameters: {
    positional: {
      kind: "tuple",
      parameters: [{ brief: "Where the image is", placeholder: "image", parse: String }],
    },
    flags: {
      output: {
        kind: "parsed",
        parse: String,
        optional: true,
        brief: "root.tar, root.tar.gz, - for standard output [-]",
        placeholder: "FILE",
      },
      platform: wantedPlatformFlag,
      mtime: {
        kind: "parsed",
        parse: String,
        optional: true,
        brief: "Date of every file: ISO 8601 or now [that of each in its layer]",
        placeholder: "DATE",
      },
      compression: {
        kind: "enum",
        values: COMPRESSIONS,
        optional: true,
        brief: "How the tar is compressed [as the file's name says, else none]",
      },
      ...connectionFlags,
      ...engineFlags,
      ...transferFlags,
    },
    aliases: { o: "output", ...transferAliases },
  },
  docs: {
    brief: "Write an image's files as one tar, its layers applied",
    customUsage: ["IMAGE [-o FILE]"],
    fullDescription:
      "Writes the files that a container of the image sees as one tar: layers applied one above\n" +
      "the other, removed files left out, with owners, modes, links, devices and extended\n" +
      "attributes. No engine and no root are needed. Places are named as for varve copy.\n\n" +
      "  varve export image.tar.gz -o root.tar\n" +
      "  varve export debian:12 | tar -t\n" +
      "  varve export docker-archive:images.tar:app:1.0 --mtime 1970-01-01 -o root.tar.zst",
  },
});
