import { VarveError } from "../errors.ts";
import { Authorizer } from "./authorizer.ts";
import type { Access } from "./authorizer.ts";
import type { FindCredential } from "./credentials/credential.ts";
import { usualCredentials } from "./credentials/find-credential.ts";
import { apiHostOf, isLoopback } from "./host.ts";
import { Redirected, refusalError, RegistryError } from "./registry-error.ts";
import { PATIENT, retrying } from "./retry.ts";
import type { RetryPolicy } from "./retry.ts";
import type { ConnectionOptions } from "./tls.ts";
import { Transport } from "./transport.ts";
import type { Body, HttpAnswer, OpenAnswer } from "./transport.ts";

export interface RegistryOptions extends ConnectionOptions {
  readonly find?: FindCredential;
  readonly policy?: RetryPolicy;
  /** Whether the token server is asked for an identity token, too: to log in. */
  readonly wantsIdentity?: boolean;
}

/** A request to a registry: a path under its API, or a URL that it gave out. */
export interface RegistryRequest {
  readonly method: string;
  readonly at: string | URL;
  readonly access: Access;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Body | undefined;
  /** Statuses that are an answer; all others are errors. */
  readonly expect: readonly number[];
}

export interface RegistryAnswer extends HttpAnswer {
  /** Where the answer came from, redirects followed. */
  readonly url: URL;
}

/** An answer that was hoped for, its body still to be read. */
interface OpenRegistryAnswer extends OpenAnswer {
  readonly url: URL;
}

const MOST_REDIRECTS = 5;

/**
 * One registry: requests with authorization, redirects and retries.
 * `Authorization` goes to the registry's own origin, never elsewhere.
 */
export class RegistryClient {
  readonly registry: string;
  readonly policy: RetryPolicy;
  readonly #transport: Transport;
  readonly #authorizer: Authorizer;
  readonly #base: URL;

  private constructor(registry: string, base: URL, transport: Transport, options: RegistryOptions) {
    this.registry = registry;
    this.policy = options.policy ?? PATIENT;
    this.#base = base;
    this.#transport = transport;
    this.#authorizer = new Authorizer({
      registry,
      transport,
      find: options.find ?? usualCredentials(options.env),
      policy: this.policy,
      wantsIdentity: options.wantsIdentity,
    });
  }

  /** Whether the registry has asked who is there. */
  get isAsked(): boolean {
    return this.#authorizer.isAsked;
  }

  /** What the token server gave to stand for the password, if it was asked to and did. */
  get identityToken(): string | undefined {
    return this.#authorizer.identityToken;
  }

  /**
   * Finds out how the registry is reached, and what it wants to see.
   *
   * @throws RegistryError
   */
  static async connect(registry: string, options: RegistryOptions = {}): Promise<RegistryClient> {
    const transport = new Transport(options);
    try {
      return await retrying(options.policy ?? PATIENT, () =>
        RegistryClient.#tryToConnect(registry, transport, options),
      );
    } catch (error) {
      transport.close();
      throw error;
    }
  }

  /** Each scheme once; of several failures the first is told, but before it one that speaks of TLS. */
  static async #tryToConnect(
    registry: string,
    transport: Transport,
    options: RegistryOptions,
  ): Promise<RegistryClient> {
    let failure: unknown;
    for (const scheme of schemesFor(registry, options)) {
      const base = new URL(`${scheme}://${apiHostOf(registry)}/v2/`);
      const client = new RegistryClient(registry, base, transport, options);
      try {
        if (await client.#ping()) return client;
        failure ??= new VarveError("REGISTRY_PROTOCOL", `GET ${base.href}: no registry answers`, {
          hint: "check the registry's name and port",
        });
      } catch (error) {
        // What is wrong on this side, such as a credential program, no other scheme makes right.
        if (!(error instanceof RegistryError)) throw error;
        failure = error.code === "REGISTRY_TLS" ? error : (failure ?? error);
        if (error.status !== undefined) break;
      }
    }
    throw failure;
  }

  /**
   * Asks, once more when the token had expired, and follows redirects if the body can go again.
   * Nothing else is repeated.
   *
   * @throws RegistryError
   */
  async once(request: RegistryRequest): Promise<RegistryAnswer> {
    const { status, headers, url, read } = await this.open(request);
    return { status, headers, url, bytes: await read() };
  }

  /**
   * The same, but the answer's body is left to be read, whatever its length.
   *
   * @throws RegistryError
   */
  async open(request: RegistryRequest): Promise<OpenRegistryAnswer> {
    let url = this.resolve(request.at);
    let asked = 0;
    let redirected = 0;
    for (;;) {
      const authorization = this.#isOwn(url)
        ? await this.#authorizer.header(request.access)
        : undefined;
      const { method, body } = request;
      const headers: Record<string, string> = { "user-agent": "varve", ...request.headers };
      if (authorization !== undefined) headers["authorization"] = authorization;
      const opened = await this.#transport.open({ method, url, headers, body });
      const { status } = opened;
      if (request.expect.includes(status)) return { ...opened, url };
      const answer = { ...opened, bytes: await opened.read() };
      const repeatable = body === undefined || body instanceof Uint8Array;
      const location = answer.headers.location;
      const target = isRedirect(method, status) ? targetOf(location, url) : undefined;
      if (target !== undefined && redirected < MOST_REDIRECTS) {
        if (!repeatable) throw new Redirected(target, status);
        redirected += 1;
        url = this.resolve(target);
        continue;
      }
      if (status === 401 && this.#isOwn(url)) {
        asked += 1;
        const challenge = answer.headers["www-authenticate"];
        const hope = await this.#authorizer.refused(challenge, request.access, authorization);
        if (hope && asked === 1 && repeatable) continue;
        if (hope && !repeatable) throw expired(request, url);
      }
      throw this.#refusal(request, url, answer);
    }
  }

  /** The same, tried again as long as there is hope. For what is safe to repeat. */
  request(request: RegistryRequest): Promise<RegistryAnswer> {
    return retrying(this.policy, () => this.once(request));
  }

  /**
   * A path under the API, or what the registry gave out, as a URL. Behind a proxy that ends TLS
   * registries give out `http:`; that is never followed back out of TLS on the same host.
   */
  resolve(at: string | URL): URL {
    const url = new URL(at, this.#base);
    if (this.#base.protocol === "https:" && url.protocol === "http:") {
      if (url.hostname === this.#base.hostname) {
        url.protocol = "https:";
        url.port = this.#base.port;
      }
    }
    return url;
  }

  close(): void {
    this.#transport.close();
  }

  #isOwn(url: URL): boolean {
    return url.origin === this.#base.origin;
  }

  /** Whether a registry answers at all; it may want to know who asks. */
  async #ping(): Promise<boolean> {
    const request = { method: "GET", url: this.#base, headers: { "user-agent": "varve" } };
    const answer = await this.#transport.exchange(request);
    if (answer.status >= 500 || answer.status === 429) {
      const text = answer.bytes.toString("utf8");
      throw refusalError({ ...request, status: answer.status, headers: answer.headers, text });
    }
    if (answer.status === 401) {
      const access = { repository: "", scopes: [] };
      await this.#authorizer.refused(answer.headers["www-authenticate"], access, undefined);
    }
    // A TLS server says 400 to plain HTTP.
    return answer.status !== 400;
  }

  #refusal(request: RegistryRequest, url: URL, answer: HttpAnswer): RegistryError {
    const { status, headers } = answer;
    const text = answer.bytes.toString("utf8");
    const { scopes } = request.access;
    const hint =
      status === 401 || status === 403
        ? `log in with an account that has the scope ${scopes.join(" ")}: varve login ${this.registry}`
        : undefined;
    return refusalError({ method: request.method, url, status, headers, text }, hint);
  }
}

/** Only 307 and 308 keep the method (RFC 9110, section 15.4). */
function isRedirect(method: string, status: number): boolean {
  if (status === 307 || status === 308) return true;
  return (method === "GET" || method === "HEAD") && [301, 302, 303].includes(status);
}

function targetOf(location: string | undefined, from: URL): URL | undefined {
  return (location === undefined ? undefined : URL.parse(location, from.href)) ?? undefined;
}

/** The token ran out while a body was on its way: the body's maker decides how to go on. */
function expired(request: RegistryRequest, url: URL): RegistryError {
  const { method } = request;
  return refusalError(
    { method, url, status: 401, headers: {}, text: "the token has expired" },
    "log in again",
  ).asTemporary();
}

function schemesFor(registry: string, options: RegistryOptions): readonly string[] {
  if (options.plainHttp === true) return ["http"];
  if (options.tlsVerify === false) return ["https", "http"];
  if (options.tlsVerify === undefined && options.caFile === undefined && isLoopback(registry)) {
    return ["http", "https"];
  }
  return ["https"];
}
