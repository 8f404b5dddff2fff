import { homedir } from "node:os";
import { join } from "node:path";
import { UsageError } from "../errors.ts";
import { defaultSockets, findSocket } from "./default-socket.ts";
import { currentContext, readContext } from "./docker-contexts.ts";
import { formatHostAddress, parseHostAddress } from "./host-address.ts";
import type { HostAddress } from "./host-address.ts";
import { readTlsMaterial } from "./tls-material.ts";
import type { TlsMaterial } from "./tls-material.ts";

/** A Docker engine that can be talked to, and how. */
export interface Endpoint {
  readonly address: HostAddress;
  /** Only looked at for TCP. */
  readonly tls: TlsMaterial | undefined;
  /** The address for people, e.g. `unix:///var/run/docker.sock`. No secrets. */
  readonly shown: string;
  /** What decided for this engine: `--host`, `DOCKER_HOST`, `context "name"` or `default`. */
  readonly origin: string;
}

export interface EndpointOptions {
  /** `--host`: an address such as `ssh://user@host`. */
  readonly host?: string | undefined;
  /** `--context`: the name of a Docker context. */
  readonly context?: string | undefined;
  /** The environment; the process's own if not given. */
  readonly env?: NodeJS.ProcessEnv;
  /** Sockets to try when nothing says which engine; those of {@link defaultSockets} if not given. */
  readonly sockets?: readonly string[];
}

/**
 * Finds out which engine is meant, in the order of Docker's own command line: `--context` or
 * `--host` (not both), `DOCKER_HOST`, `DOCKER_CONTEXT`, `currentContext` of `config.json`, and
 * else the first socket that exists.
 *
 * `DOCKER_TLS_VERIFY`, `DOCKER_TLS` and `DOCKER_CERT_PATH` apply to `--host` and `DOCKER_HOST`; a
 * context brings its own TLS files.
 *
 * @throws UsageError for wrong options; VarveError `ENGINE_ENDPOINT`, `ENGINE_CONFIG`,
 *   `ENGINE_TLS` for wrong settings, `ENGINE_UNREACHABLE` if no engine is found
 */
export async function resolveEndpoint(options: EndpointOptions = {}): Promise<Endpoint> {
  const env = options.env ?? process.env;
  const configFolder = env["DOCKER_CONFIG"] || join(env["HOME"] || homedir(), ".docker");
  if (options.host && options.context) {
    throw new UsageError("--host and --context both say which Docker engine to use", {
      hint: "give one of them",
    });
  }
  const atHost = async (host: string, origin: string): Promise<Endpoint> => {
    const address = parseHostAddress(host, origin);
    const tls = address.kind === "tcp" ? await tlsOf(env, configFolder) : undefined;
    return endpoint(address, tls, origin);
  };

  if (options.host) return atHost(options.host, "--host");
  if (!options.context && env["DOCKER_HOST"]) return atHost(env["DOCKER_HOST"], "DOCKER_HOST");

  const [name, origin] = await chosenContext(options.context, env, configFolder);
  if (name === "default") {
    // `--context default` means the engine that there would be without any context.
    if (env["DOCKER_HOST"]) return atHost(env["DOCKER_HOST"], "DOCKER_HOST");
    return defaultEndpoint(options.sockets ?? defaultSockets(env));
  }
  const context = await readContext(configFolder, name, origin);
  const shownOrigin = `context "${name}"`;
  return context.host === undefined
    ? defaultEndpoint(options.sockets ?? defaultSockets(env))
    : endpoint(parseHostAddress(context.host, shownOrigin), context.tls, shownOrigin);
}

async function chosenContext(
  option: string | undefined,
  env: NodeJS.ProcessEnv,
  configFolder: string,
): Promise<[name: string, origin: string]> {
  if (option) return [option, "--context"];
  if (env["DOCKER_CONTEXT"]) return [env["DOCKER_CONTEXT"], "DOCKER_CONTEXT"];
  const current = await currentContext(configFolder);
  return [current ?? "default", `currentContext in ${join(configFolder, "config.json")}`];
}

function endpoint(address: HostAddress, tls: TlsMaterial | undefined, origin: string): Endpoint {
  return { address, tls, shown: formatHostAddress(address), origin };
}

async function defaultEndpoint(sockets: readonly string[]): Promise<Endpoint> {
  const socketPath = await findSocket(sockets);
  return endpoint({ kind: "unix", socketPath }, undefined, "default");
}

/** Any text but the empty one switches these variables on, as with Docker. */
async function tlsOf(
  env: NodeJS.ProcessEnv,
  configFolder: string,
): Promise<TlsMaterial | undefined> {
  const verify = Boolean(env["DOCKER_TLS_VERIFY"]);
  if (!verify && !env["DOCKER_TLS"]) return undefined;
  const folder = env["DOCKER_CERT_PATH"] || configFolder;
  const origin = env["DOCKER_CERT_PATH"] ? "DOCKER_CERT_PATH" : "DOCKER_TLS_VERIFY";
  return readTlsMaterial(folder, { verify, requireCa: verify, origin });
}
