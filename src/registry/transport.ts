import * as http from "node:http";
import * as https from "node:https";
import { BodyWriter } from "./body-writer.ts";
import { connectionError } from "./connection-error.ts";
import { proxyFor } from "./proxy.ts";
import type { Proxy } from "./proxy.ts";
import { tlsMaterialFor } from "./tls.ts";
import type { ConnectionOptions } from "./tls.ts";

/** A body: bytes at hand, or bytes still to be made. */
export type Body = Uint8Array | AsyncIterable<Uint8Array>;

export interface HttpRequest {
  readonly method: string;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Body | undefined;
}

/** A whole answer. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly bytes: Buffer;
}

/** An answer whose body is still to be read, or discarded. */
export interface OpenAnswer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  /** The whole body, as far as it is not too long. */
  readonly read: () => Promise<Buffer>;
  /** The body as it comes. */
  readonly stream: () => AsyncGenerator<Uint8Array, void, undefined>;
  /** Lets go of what has not been read: ends the connection, unless all has come. */
  readonly discard: () => void;
}

/** Connections that may be open to a host at a time. */
const MOST_CONNECTIONS = 32;
/** Milliseconds without a byte: registries take minutes to check a long blob before they answer. */
const IDLE_LIMIT = 300_000;
/** Registries take manifests up to this length (reference: registry-protocol, section 2.2). */
const LONGEST_ANSWER = 8 << 20;

/** How an origin is reached. */
interface Way {
  readonly agent: http.Agent;
  readonly proxy: Proxy | undefined;
}

/** HTTP and HTTPS to registries: connections are kept, proxies of the environment are used. */
export class Transport {
  readonly #options: ConnectionOptions;
  readonly #ways = new Map<string, Way>();

  constructor(options: ConnectionOptions = {}) {
    this.#options = options;
  }

  /** Sends a request and reads the whole answer, whatever its status. */
  async exchange(request: HttpRequest): Promise<HttpAnswer> {
    const { status, headers, read } = await this.open(request);
    return { status, headers, bytes: await read() };
  }

  /** Sends a request; the answer's body is left to be read. */
  async open(request: HttpRequest): Promise<OpenAnswer> {
    const { proxy } = this.#wayTo(request.url);
    const { sent, message } = await this.#send(request);
    const stream = async function* (): AsyncGenerator<Uint8Array, void, undefined> {
      try {
        for await (const chunk of message as AsyncIterable<Buffer>) yield chunk;
      } catch (error) {
        throw connectionError({ ...request, proxy }, error);
      } finally {
        if (!sent.writableFinished) sent.destroy();
      }
    };
    const read = async (): Promise<Buffer> => {
      const chunks: Uint8Array[] = [];
      let length = 0;
      for await (const chunk of stream()) {
        length += chunk.length;
        if (length > LONGEST_ANSWER) break;
        chunks.push(chunk);
      }
      return Buffer.concat(chunks);
    };
    const discard = (): void => void message.destroy();
    return { status: message.statusCode ?? 0, headers: message.headers, read, stream, discard };
  }

  close(): void {
    for (const { agent } of this.#ways.values()) agent.destroy();
  }

  async #send(
    request: HttpRequest,
  ): Promise<{ sent: http.ClientRequest; message: http.IncomingMessage }> {
    const { url, method, headers, body } = request;
    const { agent, proxy } = this.#wayTo(url);
    const secure = url.protocol === "https:";
    const sent = (secure ? https : http).request(url, { method, headers, agent });
    sent.setTimeout(this.#options.idleLimit ?? IDLE_LIMIT, () => {
      sent.destroy(Object.assign(new Error("no byte for too long"), { code: "ETIMEDOUT" }));
    });
    const answered = new Promise<http.IncomingMessage>((resolve, reject) => {
      sent.once("response", resolve);
      sent.on("error", reject);
      sent.once("close", () => {
        reject(Object.assign(new Error("the connection was closed"), { code: "ECONNRESET" }));
      });
    });
    answered.catch(() => undefined);
    if (body === undefined || body instanceof Uint8Array) {
      sent.end(body);
    } else {
      await this.#sendBody(sent, body, answered);
    }
    try {
      return { sent, message: await answered };
    } catch (error) {
      throw connectionError({ ...request, proxy }, error);
    }
  }

  /** Returns when the body is sent, or when an answer or an error came before. */
  async #sendBody(
    sent: http.ClientRequest,
    body: AsyncIterable<Uint8Array>,
    answered: Promise<unknown>,
  ): Promise<void> {
    let over = false;
    const ended = answered.then(
      () => (over = true),
      () => (over = true),
    );
    const writer = new BodyWriter(sent);
    try {
      for await (const chunk of body) {
        if (over) return;
        await Promise.race([ended, writer.write(chunk)]);
        if (over) return;
      }
    } catch (error) {
      sent.destroy();
      throw error;
    } finally {
      writer.stop();
    }
    sent.end();
  }

  #wayTo(url: URL): Way {
    const known = this.#ways.get(url.origin);
    if (known !== undefined) return known;
    const proxy = proxyFor(url, this.#options.env ?? process.env);
    const options: http.AgentOptions = {
      keepAlive: true,
      maxSockets: MOST_CONNECTIONS,
      ...(proxy === undefined ? {} : { proxyEnv: agentEnvironment(proxy) }),
    };
    const agent =
      url.protocol === "https:"
        ? new https.Agent({
            ...options,
            ...tlsMaterialFor(url.host, this.#options),
            rejectUnauthorized: this.#options.tlsVerify !== false,
          })
        : new http.Agent(options);
    const way = { agent, proxy };
    this.#ways.set(url.origin, way);
    return way;
  }
}

/** An agent chooses by rules of its own: it is left no choice. */
function agentEnvironment({ url }: Proxy): NodeJS.ProcessEnv {
  return { HTTP_PROXY: url.href, HTTPS_PROXY: url.href };
}
