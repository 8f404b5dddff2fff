import type { Agent, ClientRequest, OutgoingHttpHeaders } from "node:http";
import type { Socket } from "node:net";
import { VarveError } from "../errors.ts";
import type { Endpoint } from "./endpoint.ts";
import { SshConnection } from "./ssh-connection.ts";

/**
 * Not imported, since an import of `node:http` also loads Node's fetch and WebSocket: a tenth of
 * the time that an unchanged image takes. `node:https` is taken only where TLS is spoken.
 */
const http = process.getBuiltinModule("node:http");

/** What one request is about. */
export interface EngineRequest {
  readonly method: "GET" | "POST" | "DELETE";
  /** Path and query, beginning with a slash. */
  readonly path: string;
  readonly headers?: OutgoingHttpHeaders;
}

/** Opens HTTP requests to one engine. */
export interface Transport {
  readonly endpoint: Endpoint;
  /** A request whose body is still to be written and ended. */
  open(request: EngineRequest): ClientRequest;
  /** Ends the connections that are kept for further requests. */
  close(): void;
}

const connectSeconds = 30;

/** Talks to the engine over a socket, TCP, TLS or ssh, as its endpoint says. */
export function openTransport(endpoint: Endpoint): Transport {
  const { address } = endpoint;
  switch (address.kind) {
    case "unix": {
      // A new connection costs nothing here; a kept one could be closed by the engine meanwhile.
      const agent = new http.Agent({ keepAlive: false });
      return transport(endpoint, agent, (request) =>
        http.request({ ...request, agent, socketPath: address.socketPath }),
      );
    }
    case "tcp": {
      const secure =
        address.scheme === "https" || (address.scheme === "tcp" && endpoint.tls !== undefined);
      const { verify = true, ...pems } = endpoint.tls ?? {};
      const https = process.getBuiltinModule("node:https");
      const agent = secure
        ? new https.Agent({ keepAlive: false, rejectUnauthorized: verify, ...pems })
        : new http.Agent({ keepAlive: false });
      const { host, port, basePath } = address;
      return transport(endpoint, agent, (request) => {
        const options = { ...request, agent, host, port, path: basePath + request.path };
        const opened = secure ? https.request(options) : http.request(options);
        limitConnecting(opened, endpoint, secure);
        return opened;
      });
    }
    case "ssh": {
      // Each connection is a login, so it is kept while the client is in use.
      const agent = new http.Agent({ keepAlive: true });
      agent.createConnection = () => new SshConnection(address, endpoint.shown);
      return transport(endpoint, agent, (request) =>
        http.request({
          ...request,
          agent,
          headers: { host: "localhost", ...request.headers },
        }),
      );
    }
  }
}

function transport(
  endpoint: Endpoint,
  agent: Agent,
  open: (request: EngineRequest) => ClientRequest,
): Transport {
  return { endpoint, open, close: () => agent.destroy() };
}

function limitConnecting(request: ClientRequest, endpoint: Endpoint, secure: boolean): void {
  request.once("socket", (socket: Socket) => {
    const timer = setTimeout(() => {
      request.destroy(
        new VarveError(
          "ENGINE_UNREACHABLE",
          `the Docker engine at ${endpoint.shown} (${endpoint.origin}) did not take the connection within ${connectSeconds} s`,
          { hint: "check the address and the firewall" },
        ),
      );
    }, connectSeconds * 1000);
    const clear = (): void => clearTimeout(timer);
    socket.once(secure ? "secureConnect" : "connect", clear);
    request.once("close", clear);
  });
}
