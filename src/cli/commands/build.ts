import { buildCommand as command } from "@stricli/core";
import { COMPRESSIONS } from "../../packing/codec/compression.ts";
import type { VarveContext } from "../context.ts";
import {
  connectionFlags,
  imageAliases,
  imageFlags,
  metadataFlag,
  sourceArguments,
  wholeNumber,
  workAliases,
  workFlags,
} from "../flags.ts";
import type { BuildFlags } from "../run/build.ts";

export const buildCommand = command<BuildFlags, string[], VarveContext>({
  loader: async () => (await import("../run/build.ts")).build,
  parameters: {
    positional: sourceArguments,
    flags: {
      output: {
        kind: "parsed",
        parse: String,
        optional: true,
        brief:
          "A file: image.tar, image.tar.gz, image.tar.zst; oci:DIR; oci-archive:FILE; - for stdout",
        placeholder: "PLACE",
      },
      compression: {
        kind: "enum",
        values: COMPRESSIONS,
        optional: true,
        brief: "How the file is compressed [by its name]; for OCI, how layers are [gzip]",
      },
      compressionLevel: {
        kind: "parsed",
        parse: wholeNumber(1),
        optional: true,
        brief: "Level of gzip (1-9) or zstd (1-19) [6, 3; OCI layers 3, 3]",
        placeholder: "N",
      },
      metadataFile: metadataFlag,
      ...imageFlags,
      ...connectionFlags,
      ...workFlags,
    },
    aliases: { ...imageAliases, ...workAliases, o: "output" },
  },
  docs: {
    brief: "Build an image into a file or an OCI layout",
    customUsage: [
      "SOURCE... -o FILE [-t NAME:TAG]",
      "SOURCE... -o oci:DIR[:TAG]",
      "--conf FILE -o FILE",
    ],
    fullDescription:
      "Builds an image into a file that `docker load`, `podman load` and skopeo take; or into an\n" +
      "OCI layout, a folder of blobs (oci:DIR) or an archive of such (oci-archive:FILE). What the\n" +
      "layout has already is neither packed nor written.\n\n" +
      "  varve build .#app -t app:1.0 -o app.tar.gz\n" +
      "  varve build .#app -t app:1.0 -o oci:images\n" +
      "  varve build --conf conf.json -o image.tar.zst",
  },
});
