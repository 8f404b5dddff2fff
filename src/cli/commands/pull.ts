import { buildCommand as command } from "@stricli/core";
import type { VarveContext } from "../context.ts";
import {
  connectionFlags,
  dryRunFlag,
  engineFlags,
  metadataFlag,
  transferAliases,
  transferFlags,
  wantedPlatformFlag,
} from "../flags.ts";
import type { PullFlags } from "../run/pull.ts";

export const pullCommand = command<PullFlags, [string], VarveContext>({
  loader: async () => (await import("../run/pull.ts")).pull,
  parameters: {
    positional: {
      kind: "tuple",
      parameters: [
        { brief: "Image in a registry, or anywhere else", placeholder: "image", parse: String },
      ],
    },
    flags: {
      output: {
        kind: "parsed",
        parse: String,
        optional: true,
        brief: "image.tar, image.tar.gz, oci:DIR, - for standard output [the Docker engine]",
        placeholder: "FILE|oci:DIR",
      },
      tag: {
        kind: "parsed",
        parse: String,
        optional: true,
        variadic: true,
        brief: "Name it gets, instead of its own; may be repeated",
        placeholder: "NAME:TAG",
      },
      platform: wantedPlatformFlag,
      all: {
        kind: "boolean",
        default: false,
        withNegated: false,
        brief: "Every platform, into a layout or file [this machine's]",
      },
      metadataFile: metadataFlag,
      dryRun: dryRunFlag,
      ...connectionFlags,
      ...engineFlags,
      ...transferFlags,
    },
    aliases: { o: "output", t: "tag", a: "all", ...transferAliases },
  },
  docs: {
    brief: "Pull an image into the Docker engine, a file or an OCI layout",
    customUsage: ["IMAGE", "IMAGE -o FILE", "IMAGE -o oci:DIR[:TAG]"],
    fullDescription:
      "Pulls an image from a registry: into the Docker engine, only layers that it lacks; with -o\n" +
      "into a file that Docker, podman, containerd and skopeo take, or into an OCI layout, its\n" +
      "digest preserved. Of an index it is the image for this machine.\n\n" +
      "  varve pull ghcr.io/me/app:1.0\n" +
      "  varve pull ghcr.io/me/app:1.0 -o app.tar\n" +
      "  varve pull ghcr.io/me/app:1.0 -o oci:./app --all",
  },
});
