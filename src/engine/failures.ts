import { messageOf, systemCodeOf, VarveError } from "../errors.ts";
import type { Endpoint } from "./endpoint.ts";

const start =
  "is Docker running? Start it (sudo systemctl start docker), or say where it is with --host or DOCKER_HOST";

/** What the codes of Node.js mean for somebody who wants to reach an engine: problem and hint. */
const connectionProblems: Readonly<Record<string, readonly [problem: string, hint: string]>> = {
  ENOENT: ["is not there: the socket does not exist", start],
  ECONNREFUSED: ["refuses the connection", start],
  EACCES: [
    "cannot be opened: permission denied",
    "join the docker group (sudo usermod -aG docker $USER, then log in again), use rootless Docker, or run as root",
  ],
  ENOTSOCK: ["is not there: the file is no socket", start],
  ENOTFOUND: ["cannot be found: the host name is not known", "check the address"],
  EAI_AGAIN: ["cannot be found: the host name cannot be looked up now", "check the network"],
  ETIMEDOUT: ["does not answer", "check the address and the firewall"],
  EHOSTUNREACH: ["cannot be reached: no route to the host", "check the address and the network"],
  ENETUNREACH: ["cannot be reached: no network", "check the network"],
  ECONNRESET: ["closed the connection without an answer", "the engine's log may say why"],
  EPIPE: ["closed the connection without an answer", "the engine's log may say why"],
  EPROTO: [
    "does not speak TLS there, or not as we do",
    "without TLS, unset DOCKER_TLS_VERIFY; with it, check the port (2376 is usual)",
  ],
};

const ours = "check ca.pem: it must hold the authority that signed the engine's certificate";
const tlsHints: readonly (readonly [code: RegExp, hint: string])[] = [
  [/ALTNAME/, "use a host name or address that the engine's certificate is made for"],
  [/EXPIRED|NOT_YET/, "check the clock, or renew the engine's certificate"],
  [/SELF_SIGNED|UNABLE_TO|UNTRUSTED|CERT_SIGNATURE/, ours],
  [/ALERT/, "the engine wants a client certificate that it trusts: check cert.pem and key.pem"],
];

/** Says in words why an engine could not be talked to. Errors of varve pass unchanged. */
export function explainFailure(error: unknown, endpoint: Endpoint): VarveError {
  if (error instanceof VarveError) return error;
  const engine = engineAt(endpoint);
  const code = systemCodeOf(error) ?? "";
  // EPERM: sockets forbidden by a sandbox rather than by their mode.
  const known = connectionProblems[code === "EPERM" ? "EACCES" : code];
  if (known !== undefined) {
    const [problem, usualHint] = known;
    const hint =
      code === "ECONNRESET" && endpoint.tls !== undefined
        ? `${usualHint}; it may not trust the client certificate (cert.pem)`
        : usualHint;
    return new VarveError("ENGINE_UNREACHABLE", `${engine} ${problem}`, { hint, cause: error });
  }
  if (code.startsWith("HPE_")) {
    return new VarveError("ENGINE_PROTOCOL", `${engine} does not speak HTTP there`, {
      hint: "check the port; if the engine wants TLS, set DOCKER_TLS_VERIFY=1 and DOCKER_CERT_PATH",
      cause: error,
    });
  }
  const tls = tlsHints.find(([pattern]) => pattern.test(code));
  if (tls !== undefined) {
    return new VarveError("ENGINE_TLS", `${engine}: no trust over TLS: ${messageOf(error)}`, {
      hint: tls[1],
      cause: error,
    });
  }
  return new VarveError("ENGINE_UNREACHABLE", `${engine}: ${messageOf(error) || code}`, {
    cause: error,
  });
}

/** The engine's own words for a status that is not a success. */
export function refusal(
  endpoint: Endpoint,
  request: { readonly method: string; readonly path: string },
  status: number,
  body: string,
): VarveError {
  const message = messageIn(body);
  const what = `${engineAt(endpoint)} refuses ${request.method} ${request.path} (${status})`;
  if (/client version \S+ is too old/.test(message)) {
    return new VarveError("ENGINE_TOO_NEW", `${engineAt(endpoint)}: ${message}`, {
      hint: "use a newer varve",
    });
  }
  const hint = /HTTP request to an HTTPS server/.test(message)
    ? { hint: "the engine wants TLS: set DOCKER_TLS_VERIFY=1 and DOCKER_CERT_PATH" }
    : {};
  return new VarveError("ENGINE_REFUSED", `${what}: ${message}`, hint);
}

/** `the Docker engine at unix:///… (DOCKER_HOST)`. */
export function engineAt(endpoint: Endpoint): string {
  return `the Docker engine at ${endpoint.shown} (${endpoint.origin})`;
}

/** The engine answers `{"message": …}`; proxies on the way answer HTML or plain text. */
function messageIn(body: string): string {
  const text = body.trim();
  if (text === "") return "no reason given";
  try {
    const parsed: unknown = JSON.parse(text);
    if (parsed !== null && typeof parsed === "object" && "message" in parsed) {
      return String(parsed.message).trim();
    }
  } catch {
    // Not JSON: shown as text below.
  }
  if (/^<(!doctype|html|head|body|\?xml)/i.test(text)) {
    const title = /<title[^>]*>([^<]*)<\/title>/i.exec(text)?.[1]?.trim();
    return `a web page answered${title ? `, "${title}"` : ""}; is there a proxy in between?`;
  }
  return text.length > 500 ? `${text.slice(0, 500)}…` : text;
}
