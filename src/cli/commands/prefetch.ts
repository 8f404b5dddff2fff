import { buildCommand as command } from "@stricli/core";
import type { VarveContext } from "../context.ts";
import { connectionFlags, transferAliases, transferFlags } from "../flags.ts";
import type { PrefetchFlags } from "../run/prefetch.ts";

const optionalText = { kind: "parsed", parse: String, optional: true } as const;

export const prefetchCommand = command<PrefetchFlags, string[], VarveContext>({
  loader: async () => (await import("../run/prefetch.ts")).prefetch,
  parameters: {
    positional: {
      kind: "array",
      maximum: 2,
      parameter: {
        brief: "Image in a registry, then its tag or digest",
        placeholder: "name",
        parse: String,
      },
    },
    flags: {
      imageName: { ...optionalText, brief: "Image in a registry", placeholder: "NAME" },
      imageTag: { ...optionalText, brief: "Its tag [latest]", placeholder: "TAG" },
      imageDigest: { ...optionalText, brief: "Its digest", placeholder: "DIGEST" },
      finalImageName: {
        ...optionalText,
        brief: "Name in the archive [that of the image]",
        placeholder: "NAME",
      },
      finalImageTag: {
        ...optionalText,
        brief: "Tag in the archive [that of the image]",
        placeholder: "TAG",
      },
      os: { ...optionalText, brief: "The image for this system, of several [linux]" },
      arch: { ...optionalText, brief: "The image for this processor [this machine's]" },
      store: {
        kind: "boolean",
        default: false,
        withNegated: false,
        brief: "Add the archive to the Nix store, so that the first build need not fetch it",
      },
      json: { kind: "boolean", default: false, withNegated: false, brief: "Print JSON" },
      ...connectionFlags,
      ...transferFlags,
    },
    aliases: transferAliases,
  },
  docs: {
    brief: "Print what Nix' pullImage needs to know of an image: digest and hash",
    customUsage: ["NAME[:TAG] [--os OS] [--arch ARCH] [--json]", "NAME TAG|DIGEST"],
    fullDescription:
      "Prints the arguments of dockerTools' and varve's pullImage for an image, as\n" +
      "nix-prefetch-docker does. Of an image for several platforms the digest is that of the one\n" +
      "for --os and --arch. The image is read, but only kept with --store. NIX_HASH_ALGO says\n" +
      "what is hashed with [sha256].\n\n" +
      "  varve prefetch nginx:1.27\n" +
      "  varve prefetch ghcr.io/me/app v2 --arch arm64 --json > image.json",
  },
});
