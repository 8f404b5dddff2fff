import { buildCommand as command } from "@stricli/core";
import type { VarveContext } from "../context.ts";
import { connectionFlags, workFlags } from "../flags.ts";
import type { DebugFlag } from "../flags.ts";
import type { LoginFlags } from "../run/login.ts";

const registryArgument = {
  kind: "tuple",
  parameters: [
    { brief: "ghcr.io, localhost:5000", placeholder: "registry", parse: String, optional: true },
  ],
} as const;

export const loginCommand = command<LoginFlags, [string?], VarveContext>({
  loader: async () => (await import("../run/login.ts")).login,
  parameters: {
    positional: registryArgument,
    flags: {
      username: {
        kind: "parsed",
        parse: String,
        optional: true,
        brief: "User name; asked for when there is none",
        placeholder: "NAME",
      },
      password: {
        kind: "parsed",
        parse: String,
        optional: true,
        brief: "Password or token, for others to see: better is --password-stdin",
        placeholder: "TEXT",
      },
      passwordStdin: {
        kind: "boolean",
        default: false,
        withNegated: false,
        brief: "Read the password from standard input",
      },
      ...connectionFlags,
      debug: workFlags.debug,
    },
    aliases: { u: "username", p: "password" },
  },
  docs: {
    brief: "Log in to a registry, as docker login does",
    customUsage: ["[REGISTRY] [-u NAME] [--password-stdin]"],
    fullDescription:
      "Shows a user name and a password to a registry, and keeps them where Docker does: in\n" +
      "REGISTRY_AUTH_FILE, else DOCKER_CONFIG/config.json, else ~/.docker/config.json, or with the\n" +
      "credential program that this file names. Without REGISTRY it is Docker Hub.\n\n" +
      "  varve login ghcr.io -u me\n" +
      "  printenv TOKEN | varve login ghcr.io -u me --password-stdin",
  },
});

export const logoutCommand = command<DebugFlag, [string?], VarveContext>({
  loader: async () => (await import("../run/login.ts")).logout,
  parameters: { positional: registryArgument, flags: { debug: workFlags.debug } },
  docs: {
    brief: "Forget how to log in to a registry",
    customUsage: ["[REGISTRY]"],
    fullDescription:
      "Removes what varve login or docker login has kept for a registry. Without REGISTRY it is\n" +
      "Docker Hub.\n\n" +
      "  varve logout ghcr.io",
  },
});
