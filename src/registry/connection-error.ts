import { messageOf, systemCodeOf, VarveError } from "../errors.ts";
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

/** Says in words why a registry could not be talked to. Errors of varve pass unchanged. */
export function connectionError(
  { method, url }: { readonly method: string; readonly url: URL },
  error: unknown,
): VarveError {
  if (error instanceof VarveError) return error;
  const code = systemCodeOf(error) ?? "";
  const request = `${method} ${shownUrl(url)}`;
  const known = PROBLEMS[code];
  if (known !== undefined) {
    const [why, temporary] = known;
    return new RegistryError("REGISTRY_UNREACHABLE", `${request}: ${why}`, {
      temporary,
      cause: error,
      hint: "check the registry's name and port, and the network",
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
    return new RegistryError("REGISTRY_TLS", `${request}: no trust over TLS: ${messageOf(error)}`, {
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
