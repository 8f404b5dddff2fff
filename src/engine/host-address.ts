import { UsageError, VarveError } from "../errors.ts";

/** Where an engine listens, as its address says it. */
export type HostAddress =
  | { readonly kind: "unix"; readonly socketPath: string }
  | TcpAddress
  | SshAddress;

interface TcpAddress {
  readonly kind: "tcp";
  /** `tcp` is HTTP, and HTTPS if there is TLS material; `https` is HTTPS always. */
  readonly scheme: "tcp" | "http" | "https";
  readonly host: string;
  readonly port: number;
  /** Prefix of every request's path, without a slash at its end; usually empty. */
  readonly basePath: string;
}

/** An engine on another machine, reached by `ssh … docker system dial-stdio`. */
export interface SshAddress {
  readonly kind: "ssh";
  readonly host: string;
  readonly port?: number;
  readonly user?: string;
  /** The engine's socket over there, if not the one that `docker` uses there by itself. */
  readonly socketPath?: string;
}

const examples =
  "it looks like unix:///var/run/docker.sock, tcp://host:2376, https://host:2376 or ssh://user@host";

/**
 * Reads an engine's address as `docker --host` does; a path alone is a socket, `host:port` alone
 * is TCP.
 *
 * @param origin where it was given, such as `DOCKER_HOST`, for errors
 * @throws UsageError for a bad `--host`, VarveError `ENGINE_ENDPOINT` for one given elsewhere
 */
export function parseHostAddress(text: string, origin: string): HostAddress {
  const trimmed = text.trim();
  const [, scheme = "", rest = trimmed] = /^([a-z]+):\/\/(.*)$/is.exec(trimmed) ?? [];
  switch (scheme.toLowerCase()) {
    case "unix":
      return { kind: "unix", socketPath: rest === "" ? "/var/run/docker.sock" : rest };
    case "tcp":
    case "http":
    case "https":
      return parseTcp(scheme.toLowerCase() as TcpAddress["scheme"], rest, origin);
    case "ssh":
      return parseSsh(rest, origin);
    case "npipe":
      throw refusal(origin, "is a named pipe of Windows, which varve cannot open", examples);
    case "":
      return /^\.?\//.test(rest)
        ? { kind: "unix", socketPath: rest }
        : parseTcp("tcp", rest, origin);
    default:
      throw refusal(
        origin,
        `begins with ${scheme}://, which is no way to reach an engine`,
        examples,
      );
  }
}

/** The address as it is shown to people. It holds no password: none is accepted. */
export function formatHostAddress(address: HostAddress): string {
  switch (address.kind) {
    case "unix":
      return `unix://${address.socketPath}`;
    case "tcp":
      return `${address.scheme}://${bracketed(address.host)}:${address.port}${address.basePath}`;
    case "ssh": {
      const user = address.user === undefined ? "" : `${address.user}@`;
      const port = address.port === undefined ? "" : `:${address.port}`;
      return `ssh://${user}${bracketed(address.host)}${port}${address.socketPath ?? ""}`;
    }
  }
}

function parseTcp(scheme: TcpAddress["scheme"], rest: string, origin: string): TcpAddress {
  const url = parseUrl(/^(:|\/|$)/.test(rest) ? `localhost${rest}` : rest, origin);
  if (url.username !== "" || url.password !== "") {
    throw refusal(origin, "holds a user name or password", "an engine over TCP is secured by TLS");
  }
  return {
    kind: "tcp",
    scheme,
    host: withoutBrackets(url.hostname),
    port: url.port === "" ? defaultPort(scheme) : Number(url.port),
    basePath: url.pathname.replace(/\/+$/, ""),
  };
}

function defaultPort(scheme: TcpAddress["scheme"]): number {
  if (scheme === "tcp") return 2375;
  return scheme === "https" ? 443 : 80;
}

function parseSsh(rest: string, origin: string): SshAddress {
  const url = parseUrl(rest, origin);
  if (url.password !== "") {
    throw refusal(origin, "holds a password", "use an SSH key, best in an agent (ssh-add)");
  }
  const host = withoutBrackets(url.hostname);
  const user = decodeURIComponent(url.username);
  if (host.startsWith("-") || user.startsWith("-")) {
    throw refusal(origin, "names a host or user that begins with a dash", examples);
  }
  const socketPath = decodeURIComponent(url.pathname).replace(/\/+$/, "");
  return {
    kind: "ssh",
    host,
    ...(url.port === "" ? {} : { port: Number(url.port) }),
    ...(user === "" ? {} : { user }),
    ...(socketPath === "" ? {} : { socketPath }),
  };
}

/** Everything after `scheme://`. Parsed under a scheme that has no default port to be swallowed. */
function parseUrl(rest: string, origin: string): URL {
  let url: URL;
  try {
    url = new URL(`engine://${rest}`);
    decodeURIComponent(url.pathname + url.username);
  } catch {
    // The text may hold a password, so it is not shown, nor the parser's error, which quotes it.
    throw refusal(origin, "is not a valid address", examples);
  }
  if (url.hostname === "") {
    throw refusal(origin, "names no host", examples);
  }
  if (url.search !== "" || url.hash !== "") {
    throw refusal(origin, "has a query or fragment (? or #), which means nothing here", examples);
  }
  return url;
}

function refusal(origin: string, problem: string, hint: string): VarveError {
  const message = `the Docker engine's address (${origin}) ${problem}`;
  return origin === "--host"
    ? new UsageError(message, { hint })
    : new VarveError("ENGINE_ENDPOINT", message, { hint });
}

function withoutBrackets(host: string): string {
  return host.replace(/^\[(.*)\]$/, "$1");
}

function bracketed(host: string): string {
  return host.includes(":") ? `[${host}]` : host;
}
