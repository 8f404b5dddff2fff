import { createHash, randomUUID } from "node:crypto";
import * as http from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { setTimeout as delay } from "node:timers/promises";

/** What goes wrong with one request. */
export type Fault =
  /** The connection is cut when so many bytes of the request's body have come. */
  | { readonly kind: "cut"; readonly after: number }
  /** The connection is cut when so many bytes of the answer's body have gone. */
  | { readonly kind: "cut-download"; readonly after: number }
  /** The answer comes late. */
  | { readonly kind: "slow"; readonly milliseconds: number }
  /** The request is sent on to storage on another host, which keeps bytes, but knows nobody. */
  | { readonly kind: "redirect" }
  /** All is done as asked, but the connection is cut before the answer. */
  | { readonly kind: "cut-answer" }
  | {
      readonly kind: "status";
      readonly status: number;
      readonly headers?: Readonly<Record<string, string>>;
      /** HTML, as a proxy answers, instead of a registry's own words. */
      readonly html?: boolean;
    }
  /** The request's own token counts no longer, now and later. */
  | { readonly kind: "expire" }
  /** The upload is forgotten before the request is looked at. */
  | { readonly kind: "forget" }
  /** One byte of what was sent is changed on the way. */
  | { readonly kind: "damage" }
  /** `HEAD` of a blob says yes whatever is there. */
  | { readonly kind: "lie" };

export interface FaultRegistryOptions {
  /** Told of each request to the API, the first is 0; what is returned happens to it. */
  readonly fault?: ((request: SeenRequest, index: number) => Fault | undefined) | undefined;
  /** A token server must be asked first; tokens are named so that secrets can be searched for. */
  readonly tokens?: boolean;
  readonly basic?: { readonly username: string; readonly password: string };
  readonly mounting?: boolean;
  /** Most bytes of a request's body: more is 413. */
  readonly mostBody?: number;
  /** Least bytes of a piece but the last: what comes after a shorter one is refused. */
  readonly leastPiece?: number;
  /** Seconds that tokens are good for, as the token server says and as they are. */
  readonly tokenLife?: number;
  /** The token server gives tokens for this identity token only, by POST. */
  readonly identityToken?: string;
  /** Whether there is the referrers API; how many descriptors are on a page, filtered or not. */
  readonly referrers?: {
    readonly page?: number;
    readonly filters?: boolean;
    /** It says `OCI-Subject`, and has no API. */
    readonly onlySays?: boolean;
  };
  /** Upload locations: absolute, relative to the host, with a query. */
  readonly locations?: "absolute" | "relative";
}

export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: http.IncomingHttpHeaders;
}

interface Upload {
  readonly repository: string;
  bytes: Buffer;
  state: number;
  /** A piece was shorter than pieces must be: it was the last one. */
  isOver?: boolean;
}

/**
 * A strict registry in memory (OCI distribution-spec 1.1): uploads in order only, each answer's
 * location counts and no other, digests are checked, a manifest is refused while one of its blobs
 * is missing. Faults happen on request.
 */
export class FaultRegistry {
  readonly blobs = new Map<string, Buffer>();
  readonly manifests = new Map<string, Buffer>();
  readonly requests: SeenRequest[] = [];
  /** Bytes of blobs that came over the network. */
  received = 0;
  /** What storage on the other host was shown. */
  readonly storageSaw: http.IncomingHttpHeaders[] = [];
  readonly #options: FaultRegistryOptions;
  readonly #uploads = new Map<string, Upload>();
  readonly #server: http.Server;
  /** The same registry, known to nobody: for other hosts that requests are sent on to. */
  readonly #storage: http.Server;
  /** Tokens and when they end, on the clock of `performance.now()`. */
  readonly #tokens = new Map<string, number>();

  private constructor(options: FaultRegistryOptions) {
    this.#options = options;
    const serverOf = (isStorage: boolean): http.Server =>
      http.createServer((request, response) => {
        const { socket } = request;
        this.#serve(request, response, () => void socket.destroy(), isStorage).catch(() => {
          socket.destroy();
        });
      });
    this.#server = serverOf(false);
    this.#storage = serverOf(true);
  }

  static async start(options: FaultRegistryOptions = {}): Promise<FaultRegistry> {
    const registry = new FaultRegistry(options);
    for (const server of [registry.#server, registry.#storage]) {
      await new Promise<void>((resolve) => {
        server.listen(0, "127.0.0.1", resolve);
      });
    }
    return registry;
  }

  /** `127.0.0.1:PORT`. */
  get host(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  close(): void {
    for (const server of [this.#server, this.#storage]) {
      server.closeAllConnections();
      server.close();
    }
  }

  put(repository: string, bytes: Buffer): string {
    const digest = digestOf(bytes);
    this.blobs.set(`${repository}@${digest}`, bytes);
    return digest;
  }

  /** The manifest of a tag, or undefined; throws when a blob of it is missing or damaged. */
  image(repository: string, tag: string): Manifest | undefined {
    const bytes = this.manifests.get(`${repository}:${tag}`);
    if (bytes === undefined) return undefined;
    const manifest = JSON.parse(bytes.toString("utf8")) as Manifest;
    for (const { digest, size } of [manifest.config, ...manifest.layers]) {
      const blob = this.blobs.get(`${repository}@${digest}`);
      if (blob === undefined) throw new Error(`${tag} names a missing blob ${digest}`);
      if (digestOf(blob) !== digest || blob.length !== size)
        throw new Error(`${digest} is damaged`);
    }
    return manifest;
  }

  async #serve(
    request: http.IncomingMessage,
    response: http.ServerResponse,
    cut: () => void,
    isStorage: boolean,
  ): Promise<void> {
    const url = new URL(request.url ?? "/", `http://${this.host}`);
    const seen = {
      method: request.method ?? "",
      path: url.pathname + url.search,
      headers: request.headers,
    };
    if (url.pathname === "/token") {
      await this.#giveToken(request, response);
      return;
    }
    if (isStorage) this.storageSaw.push(request.headers);
    const index = isStorage ? 0 : this.requests.push(seen) - 1;
    const isSpared = isStorage || url.pathname === "/v2/";
    const fault = isSpared ? undefined : this.#options.fault?.(seen, index);
    if (fault?.kind === "slow") await delay(fault.milliseconds);
    if (fault?.kind === "expire") {
      this.#tokens.delete(request.headers.authorization?.replace("Bearer ", "") ?? "");
    }
    if (!isStorage && !this.#isKnown(request)) {
      answer(response, 401, this.#challenge(), errorBody("UNAUTHORIZED"));
      return;
    }
    if (fault?.kind === "status") {
      const { status, headers = {}, html = false } = fault;
      const body = html ? "<html><body><h1>Bad Gateway</h1></body></html>" : errorBody("UNKNOWN");
      answer(response, status, headers, body);
      return;
    }
    if (fault?.kind === "redirect") {
      const { port } = this.#storage.address() as AddressInfo;
      const location = `http://127.0.0.1:${port}${seen.path}`;
      answer(response, 307, { location }, "");
      return;
    }
    const upload = this.#uploadAt(url);
    if (fault?.kind === "forget" && upload !== undefined) this.#uploads.delete(idOf(url));
    const body = await this.#read(request, fault, upload);
    if (body === undefined) {
      cut();
      return;
    }
    if (fault?.kind === "damage" && body.length > 0) body[0]! ^= 1;
    const { status, headers, text: content = "" } = this.#answer(seen, url, body, fault);
    if (fault?.kind === "cut-answer") cut();
    else if (fault?.kind === "cut-download") {
      const bytes = Buffer.from(content).subarray(0, fault.after);
      response.writeHead(status, { ...headers, "content-length": String(content.length) });
      if (bytes.length === 0) response.flushHeaders();
      else await new Promise((resolve) => response.write(bytes, resolve));
      cut();
    } else answer(response, status, headers, content);
  }

  /** The body; what came before a cut stays with the upload, as real registries keep it. */
  async #read(
    request: http.IncomingMessage,
    fault: Fault | undefined,
    upload: Upload | undefined,
  ): Promise<Buffer | undefined> {
    const chunks: Buffer[] = [];
    let length = 0;
    for await (const chunk of request as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      length += chunk.length;
      if (fault?.kind === "cut" && length >= fault.after) break;
    }
    const body = Buffer.concat(chunks);
    if (upload !== undefined) this.received += body.length;
    if (fault?.kind !== "cut") return body;
    if (upload !== undefined && request.method === "PATCH") {
      upload.bytes = Buffer.concat([upload.bytes, body.subarray(0, fault.after)]);
      upload.state += 1;
    }
    return undefined;
  }

  #answer(seen: SeenRequest, url: URL, body: Buffer, fault: Fault | undefined): Answer {
    const { method, headers } = seen;
    if (url.pathname === "/v2/") return { status: 200, headers: {} };
    const { mostBody } = this.#options;
    if (mostBody !== undefined && body.length > mostBody) {
      return { status: 413, headers: {}, text: "<html>413 Request Entity Too Large</html>" };
    }
    const blob = /^\/v2\/(.+)\/blobs\/(sha256:[0-9a-f]{64})$/.exec(url.pathname);
    if (blob !== null) return this.#blob(blob[1]!, blob[2]!, seen, fault);
    const opened = /^\/v2\/(.+)\/blobs\/uploads\/$/.exec(url.pathname);
    if (opened !== null && method === "POST") return this.#open(opened[1]!, url);
    if (/^\/v2\/.+\/blobs\/uploads\/./.test(url.pathname)) {
      return this.#upload(url, method, headers, body);
    }
    const manifest = /^\/v2\/(.+)\/manifests\/(.+)$/.exec(url.pathname);
    if (manifest !== null) return this.#manifest(manifest[1]!, manifest[2]!, seen, body);
    const referrers = /^\/v2\/(.+)\/referrers\/(.+)$/.exec(url.pathname);
    if (referrers !== null) return this.#referrers(referrers[1]!, referrers[2]!, url);
    const tags = /^\/v2\/(.+)\/tags\/list$/.exec(url.pathname);
    if (tags !== null) return this.#tags(tags[1]!, url);
    return error(404, "UNSUPPORTED");
  }

  #referrers(repository: string, subject: string, url: URL): Answer {
    const { page = 100, filters = false, onlySays = false } = this.#options.referrers ?? {};
    if (this.#options.referrers === undefined || onlySays) {
      return { status: 404, headers: {}, text: "404 page not found" };
    }
    const type = url.searchParams.get("artifactType");
    const all = [...this.manifests]
      .filter(([key]) => key.startsWith(`${repository}@`))
      .map(([, bytes]) => ({ bytes, content: JSON.parse(bytes.toString("utf8")) as Manifest }))
      .filter(({ content }) => content.subject?.digest === subject)
      .map(({ bytes, content: { mediaType, artifactType, annotations } }) => {
        const digest = digestOf(bytes);
        return { mediaType, digest, size: bytes.length, artifactType, annotations };
      })
      .filter(({ artifactType }) => !filters || type === null || artifactType === type);
    const from = Number(url.searchParams.get("from") ?? 0);
    const manifests = all.slice(from, from + page);
    const next = new URL(url);
    next.searchParams.set("from", String(from + page));
    return {
      status: 200,
      headers: {
        "content-type": "application/vnd.oci.image.index.v1+json",
        ...(filters && type !== null ? { "oci-filters-applied": "artifactType" } : {}),
        ...(from + page < all.length
          ? { link: `<${next.pathname}${next.search}>; rel="next"` }
          : {}),
      },
      text: JSON.stringify({ schemaVersion: 2, manifests }),
    };
  }

  /** Two on a page. */
  #tags(name: string, url: URL): Answer {
    const all = [...this.manifests.keys()]
      .filter((key) => key.startsWith(`${name}:`))
      .map((key) => key.slice(name.length + 1))
      .toSorted();
    if (all.length === 0) return error(404, "NAME_UNKNOWN");
    const last = url.searchParams.get("last");
    const rest = last === null ? all : all.filter((tag) => tag > last);
    const tags = rest.slice(0, 2);
    const link = `<http://${this.host}${url.pathname}?n=2&last=${tags.at(-1)}>; rel="next"`;
    return {
      status: 200,
      headers: rest.length > 2 ? { link } : {},
      text: JSON.stringify({ name, tags }),
    };
  }

  #blob(
    repository: string,
    digest: string,
    { method, headers }: SeenRequest,
    fault: Fault | undefined,
  ): Answer {
    const bytes = this.blobs.get(`${repository}@${digest}`);
    if (bytes === undefined && fault?.kind === "lie") return { status: 200, headers: {} };
    if (bytes === undefined) return error(404, "BLOB_UNKNOWN");
    if (method !== "GET") return { status: 200, headers: {} };
    const range = /^bytes=(\d+)-$/.exec(headers.range ?? "");
    const sent = Buffer.from(bytes.subarray(Number(range?.[1] ?? 0)));
    if (fault?.kind === "damage" && sent.length > 0) sent[sent.length - 1]! ^= 1;
    if (range === null) return { status: 200, headers: {}, text: sent };
    if (sent.length === 0) return error(416, "RANGE_INVALID");
    const part = `bytes ${range[1]}-${bytes.length - 1}/${bytes.length}`;
    return { status: 206, headers: { "content-range": part }, text: sent };
  }

  #open(repository: string, url: URL): Answer {
    const mount = url.searchParams.get("mount");
    const from = url.searchParams.get("from");
    const bytes = this.blobs.get(`${from}@${mount}`);
    if (mount !== null && bytes !== undefined && this.#options.mounting !== false) {
      this.blobs.set(`${repository}@${mount}`, bytes);
      return { status: 201, headers: { location: `/v2/${repository}/blobs/${mount}` } };
    }
    const id = randomUUID();
    const upload = { repository, bytes: Buffer.alloc(0), state: 0 };
    this.#uploads.set(id, upload);
    const { leastPiece } = this.#options;
    return {
      status: 202,
      headers: {
        location: this.#location(id, upload),
        ...(leastPiece === undefined ? {} : { "oci-chunk-min-length": String(leastPiece) }),
      },
    };
  }

  #upload(url: URL, method: string, headers: http.IncomingHttpHeaders, body: Buffer): Answer {
    const id = idOf(url);
    const upload = this.#uploadAt(url);
    if (upload === undefined) return error(404, "BLOB_UPLOAD_UNKNOWN");
    if (method === "GET") {
      return { status: 204, headers: this.#progress(id, upload) };
    }
    if (method === "DELETE") {
      this.#uploads.delete(id);
      return { status: 204, headers: {} };
    }
    const isStale = url.searchParams.get("_state") !== String(upload.state);
    const range = /^(\d+)-(\d+)$/.exec(headers["content-range"] ?? "");
    const from = range === null ? 0 : Number(range[1]);
    const isDisorder = from !== upload.bytes.length && !(method === "PUT" && body.length === 0);
    if (isStale || isDisorder) return error(416, "BLOB_UPLOAD_INVALID");
    if (range !== null && Number(range[2]) - from + 1 !== body.length) {
      return error(400, "SIZE_INVALID");
    }
    const { leastPiece = 0 } = this.#options;
    if (upload.isOver && body.length > 0) return error(416, "BLOB_UPLOAD_INVALID");
    if (method === "PATCH" && range !== null && body.length < leastPiece) upload.isOver = true;
    upload.bytes = Buffer.concat([upload.bytes, body]);
    upload.state += 1;
    if (method === "PATCH") return { status: 202, headers: this.#progress(id, upload) };
    const digest = url.searchParams.get("digest") ?? "";
    this.#uploads.delete(id);
    if (digestOf(upload.bytes) !== digest) return error(400, "DIGEST_INVALID");
    this.blobs.set(`${upload.repository}@${digest}`, upload.bytes);
    return { status: 201, headers: { "docker-content-digest": digest } };
  }

  #manifest(repository: string, version: string, seen: SeenRequest, body: Buffer): Answer {
    const key = version.startsWith("sha256:")
      ? `${repository}@${version}`
      : `${repository}:${version}`;
    if (seen.method !== "PUT") {
      const bytes = this.manifests.get(key);
      if (bytes === undefined) return error(404, "MANIFEST_UNKNOWN");
      const { mediaType = "" } = JSON.parse(bytes.toString("utf8")) as { mediaType?: string };
      return { status: 200, headers: { "content-type": mediaType }, text: bytes };
    }
    const manifest = JSON.parse(body.toString("utf8")) as Manifest;
    if (seen.headers["content-type"] !== manifest.mediaType) return error(400, "MANIFEST_INVALID");
    const { config, layers, manifests = [] } = manifest;
    const blobs = manifest.manifests === undefined ? [config, ...layers] : [];
    const missing =
      blobs.find(({ digest }) => !this.blobs.has(`${repository}@${digest}`)) ??
      manifests.find(({ digest }) => !this.manifests.has(`${repository}@${digest}`));
    if (missing !== undefined) return error(404, "MANIFEST_BLOB_UNKNOWN", missing.digest);
    const digest = digestOf(body);
    this.manifests.set(key, body);
    this.manifests.set(`${repository}@${digest}`, body);
    const isSubject = this.#options.referrers !== undefined && manifest.subject !== undefined;
    return {
      status: 201,
      headers: {
        "docker-content-digest": digest,
        ...(isSubject ? { "oci-subject": manifest.subject.digest } : {}),
      },
    };
  }

  #uploadAt(url: URL): Upload | undefined {
    return this.#uploads.get(idOf(url));
  }

  #location(id: string, upload: Upload): string {
    const path = `/v2/${upload.repository}/blobs/uploads/${id}?_state=${upload.state}`;
    return this.#options.locations === "relative" ? path : `http://${this.host}${path}`;
  }

  #progress(id: string, upload: Upload): Record<string, string> {
    const last = Math.max(0, upload.bytes.length - 1);
    return { location: this.#location(id, upload), range: `0-${last}` };
  }

  #isKnown(request: http.IncomingMessage): boolean {
    const { authorization = "" } = request.headers;
    const { basic, tokens } = this.#options;
    if (tokens === true) {
      const end = this.#tokens.get(authorization.replace("Bearer ", "")) ?? 0;
      return performance.now() < end;
    }
    if (basic === undefined) return true;
    const pair = Buffer.from(`${basic.username}:${basic.password}`).toString("base64");
    return authorization === `Basic ${pair}`;
  }

  #challenge(): Record<string, string> {
    return {
      "www-authenticate":
        this.#options.tokens === true
          ? `Bearer realm="http://${this.host}/token",service="test"`
          : 'Basic realm="test"',
    };
  }

  async #giveToken(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    const { identityToken, tokenLife = 60 } = this.#options;
    if (identityToken !== undefined) {
      const form = new URLSearchParams(await text(request));
      if (form.get("refresh_token") !== identityToken) {
        answer(response, 401, {}, errorBody("UNAUTHORIZED"));
        return;
      }
    }
    const token = `secret-${randomUUID()}`;
    this.#tokens.set(token, performance.now() + tokenLife * 1000);
    const body = JSON.stringify({ token, expires_in: tokenLife });
    answer(response, 200, { "content-type": "application/json" }, body);
  }
}

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text?: string | Buffer;
}

interface Manifest {
  readonly mediaType: string;
  readonly artifactType?: string;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly subject?: { readonly digest: string };
  readonly manifests?: ReadonlyArray<{ readonly digest: string }>;
  readonly config: { readonly digest: string; readonly size: number };
  readonly layers: ReadonlyArray<{
    readonly digest: string;
    readonly size: number;
    readonly mediaType: string;
    readonly annotations?: Readonly<Record<string, string>>;
  }>;
}

function idOf(url: URL): string {
  return url.pathname.slice(url.pathname.lastIndexOf("/") + 1);
}

function digestOf(bytes: Buffer): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

function errorBody(code: string, detail?: string): string {
  return JSON.stringify({ errors: [{ code, message: "said the registry", detail }] });
}

function error(status: number, code: string, detail?: string): Answer {
  return { status, headers: {}, text: errorBody(code, detail) };
}

function answer(
  response: http.ServerResponse,
  status: number,
  headers: Readonly<Record<string, string>>,
  body: string | Buffer,
): void {
  response.writeHead(status, headers);
  response.end(body);
}
