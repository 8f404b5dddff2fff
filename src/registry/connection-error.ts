import { STATUS_CODES } from "node:http";
import { messageOf, systemCodeOf, VarveError } from "../errors.ts";
import type { Proxy } from "./proxy.ts";
import { shownUrl } from "./redact.ts";
import { RegistryError } from "./registry-error.ts";

/** Codes of Node.js → what they mean, and whether it may be otherwise the next time. */
const PROBLEMS: Readonly<Record<string, readonly [why: string, temporary: boolean]>> = {
  ECONNREFUSED: ["nobody listens there", false],
  ENOTFOUND: ["the host name is not known", false],
  EAI_AGAIN: ["the host name cannot be looked up now", true],
  ETIMEDOUT: ["no answer", true],
  EHOSTUNREACH: ["no route to the host", true],
  ENETUNREACH: ["no network", true],
  ECONNRESET: ["the connection was cut", true],
  ECONNABORTED: ["the connection was cut", true],
  EPIPE: ["the connection was cut", true],
};

const TLS = /CERT|ALTNAME|SELF_SIGNED|UNABLE_TO|TLS|SSL|EPROTO/;

interface FailedRequest {
  readonly method: string;
  readonly url: URL;
  readonly proxy?: Proxy | undefined;
}

/** Says in words why a registry could not be talked to. Errors of varve pass unchanged. */
export function connectionError({ method, url, proxy }: FailedRequest, error: unknown): VarveError {
  if (error instanceof VarveError) return error;
  const code = systemCodeOf(error) ?? "";
  const through = proxy === undefined ? "" : ` through the proxy ${proxy.url.origin}`;
  const request = `${method} ${shownUrl(url)}${through}`;
  if (code === "ERR_PROXY_TUNNEL" && proxy !== undefined) return tunnelError(request, proxy, error);
  const known = PROBLEMS[code];
  if (known !== undefined) {
    const [why, temporary] = known;
    return new RegistryError("REGISTRY_UNREACHABLE", `${request}: ${why}`, {
      temporary,
      cause: error,
      hint: `check ${proxy === undefined ? "" : `${proxy.variable}, `}the registry's name and port, and the network`,
    });
  }
  if (code.startsWith("HPE_")) {
    return new RegistryError("REGISTRY_PROTOCOL", `${request}: it does not speak HTTP`, {
      temporary: false,
      cause: error,
      hint: "check the port; a registry with TLS must not be given --plain-http",
    });
  }
  if (TLS.test(code)) {
    return new RegistryError("REGISTRY_TLS", `${request}: no trust over TLS: ${tlsReason(error)}`, {
      temporary: false,
      cause: error,
      hint: "name its authority with --ca-file or SSL_CERT_FILE; --plain-http or --tls-verify=false for a registry without",
    });
  }
  return new RegistryError("REGISTRY_UNREACHABLE", `${request}: ${messageOf(error)}`, {
    temporary: code === "" && /aborted|hang up|premature/i.test(messageOf(error)),
    cause: error,
  });
}

/** What OpenSSL complains of, without the places in its source that it names. */
function tlsReason(error: unknown): string {
  const message = messageOf(error).trim();
  const reason = /:SSL routines:[^:]*:([^:]+)/.exec(message)?.[1];
  return reason === "wrong version number" ? "it does not speak TLS" : (reason ?? message);
}

/** The proxy has answered in the registry's place: only its status is told, and never its URL. */
function tunnelError(request: string, { variable }: Proxy, error: unknown): RegistryError {
  const told =
    error instanceof Error && "statusCode" in error ? Number(error.statusCode) : undefined;
  const status = told === undefined ? "" : `: HTTP ${told} ${STATUS_CODES[told] ?? ""}`.trimEnd();
  return new RegistryError("REGISTRY_UNREACHABLE", `${request}: it lets nobody through${status}`, {
    temporary: told !== undefined && (told === 429 || told >= 500),
    cause: error,
    hint:
      told === 407
        ? `give user and password in ${variable}: http://user:password@host:port`
        : `check ${variable}, or except the registry by NO_PROXY`,
  });
}
