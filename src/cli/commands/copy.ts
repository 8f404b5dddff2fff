import { buildCommand as command } from "@stricli/core";
import type { VarveContext } from "../context.ts";
import { ARCHIVE_FORMS } from "../delivery/archive-form.ts";
import {
  compressionFlags,
  connectionFlags,
  dryRunFlag,
  engineFlags,
  metadataFlag,
  transferAliases,
  transferFlags,
  wantedPlatformFlag,
} from "../flags.ts";
import type { CopyFlags } from "../run/copy.ts";

export const copyCommand = command<CopyFlags, [string, string], VarveContext>({
  loader: async () => (await import("../run/copy.ts")).copy,
  parameters: {
    positional: {
      kind: "tuple",
      parameters: [
        { brief: "Where the image is", placeholder: "src", parse: String },
        { brief: "Where it shall be", placeholder: "dst", parse: String },
      ],
    },
    flags: {
      platform: wantedPlatformFlag,
      all: {
        kind: "boolean",
        default: false,
        withNegated: false,
        brief: "Copy every platform, as it is done without --platform",
      },
      referrers: {
        kind: "boolean",
        default: false,
        withNegated: false,
        brief: "Copy signatures, SBOMs and attestations that refer to the image, too",
      },
      archiveForm: {
        kind: "enum",
        values: ARCHIVE_FORMS,
        default: "hybrid",
        brief: "How a Docker archive is written: for all engines, or with skopeo's very bytes",
      },
      ...compressionFlags,
      metadataFile: metadataFlag,
      dryRun: dryRunFlag,
      ...connectionFlags,
      ...engineFlags,
      ...transferFlags,
    },
    aliases: { a: "all", ...transferAliases },
  },
  docs: {
    brief: "Copy an image from anywhere to anywhere, digests preserved",
    customUsage: ["SRC DST [--platform OS/ARCH]"],
    fullDescription:
      "Copies an image, an index with all its platforms, or any artifact, and prints its digest\n" +
      "reference. What is there already is not sent; between registries and OCI layouts every\n" +
      "digest stays the same. Places are named as in skopeo:\n\n" +
      "  docker://NAME, or NAME     a registry's repository\n" +
      "  oci:DIR[:TAG]              an OCI layout\n" +
      "  oci-archive:FILE[:TAG]     an OCI layout in a tar\n" +
      "  docker-archive:FILE[:NAME] what docker save writes\n" +
      "  docker-daemon:NAME         a Docker engine\n\n" +
      "  varve copy ghcr.io/me/app:1.0 registry.example/app:1.0\n" +
      "  varve copy oci:./image docker://localhost:5000/app:1.0\n" +
      "  varve copy redis:7 docker-daemon:redis:7 --platform linux/arm64",
  },
});
