import * as fs from "node:fs";
import type * as HTTP from "node:http";
import type * as HTTPS from "node:https";
import type { Readable } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { messageOf, systemCodeOf, VarveError } from "../../errors.ts";
import type { AptAccess } from "./apt-access.ts";

const ATTEMPTS = 4;
const FIRST_DELAY_MS = 300;
const MOST_REDIRECTS = 8;
/** A server that says nothing for so long is taken to be gone. */
const SILENCE_MS = 60_000;

/** What a mirror answered. */
interface Answer {
  readonly status: number;
  readonly location: string | undefined;
  readonly body: Readable;
}

/** Fetches files from mirrors: `http:`, `https:`, `file:`; through apt's proxies, with retries. */
export class MirrorClient {
  readonly #access: AptAccess;
  #web: Web | undefined;

  constructor(access: AptAccess) {
    this.#access = access;
  }

  /**
   * Fetches a file; what failed on the way is tried again from the beginning.
   *
   * @param take takes the content; called again when the connection broke
   * @returns undefined where there is no such file
   * @throws VarveError `MIRROR_UNREACHABLE`, `MIRROR_REFUSES`
   */
  async fetch<Result>(
    url: string,
    take: (content: AsyncIterable<Uint8Array>) => Promise<Result>,
  ): Promise<Result | undefined> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#once(url, take);
      } catch (error) {
        if (error instanceof VarveError && !(error instanceof PassingError)) throw error;
        if (attempt === ATTEMPTS) throw unreachable(url, error);
      }
      await delay(FIRST_DELAY_MS * 2 ** (attempt - 1));
    }
  }

  /** Lets go of open connections. */
  close(): void {
    for (const agent of this.#web?.agents ?? []) agent.destroy();
  }

  async #once<Result>(
    url: string,
    take: (content: AsyncIterable<Uint8Array>) => Promise<Result>,
  ): Promise<Result | undefined> {
    const { status, body } = await this.#follow(url);
    try {
      if (status === 200) return await take(body);
      if (status === 404 || status === 410) return undefined;
      if (status >= 500 || status === 429 || status === 408) {
        throw new PassingError("MIRROR_UNREACHABLE", `the server answers ${status}`);
      }
      throw new VarveError("MIRROR_REFUSES", `GET ${redacted(url)}: the server answers ${status}`, {
        hint:
          status === 401 || status === 403
            ? "credentials for mirrors are read from apt's auth.conf and auth.conf.d"
            : "is this a Debian mirror?",
      });
    } finally {
      body.destroy();
    }
  }

  async #follow(first: string): Promise<Answer> {
    let url = first;
    for (let redirects = 0; redirects <= MOST_REDIRECTS; redirects += 1) {
      const answer = await this.#answer(url);
      if (answer.location === undefined) return answer;
      answer.body.destroy();
      const next = new URL(answer.location, url);
      if (url.startsWith("https:") && next.protocol !== "https:") break;
      if (next.protocol !== "http:" && next.protocol !== "https:") break;
      url = next.href;
    }
    throw new VarveError("MIRROR_REFUSES", `GET ${redacted(first)}: redirected to nowhere`);
  }

  /** Loaded when something is fetched, which takes a while. */
  #open(): Web {
    if (this.#web !== undefined) return this.#web;
    const http = process.getBuiltinModule("node:http");
    const https = process.getBuiltinModule("node:https");
    const options = { keepAlive: true, timeout: SILENCE_MS, proxyEnv: this.#access.env };
    this.#web = { http, https, agents: [new http.Agent(options), new https.Agent(options)] };
    return this.#web;
  }

  #answer(url: string): Promise<Answer> {
    if (url.startsWith("file:")) return fileAnswer(url);
    const isSecure = url.startsWith("https:");
    const target = new URL(url);
    const { http, https, agents } = this.#open();
    const auth = target.username === "" ? this.#access.credential(target) : undefined;
    return new Promise((resolve, reject) => {
      const request = (isSecure ? https : http).get(
        target,
        {
          agent: agents[isSecure ? 1 : 0],
          headers: { "user-agent": "varve", accept: "*/*" },
          ...(auth === undefined ? {} : { auth }),
        },
        (response) => {
          const status = response.statusCode ?? 0;
          const location = status >= 300 && status < 400 ? response.headers.location : undefined;
          resolve({ status, location, body: response });
        },
      );
      request.on("timeout", () => request.destroy(new Error("the server is silent")));
      request.on("error", reject);
    });
  }
}

/** Node's modules for it, and connections to be used again. */
interface Web {
  readonly http: typeof HTTP;
  readonly https: typeof HTTPS;
  readonly agents: readonly [HTTP.Agent, HTTPS.Agent];
}

/** One that may be gone when it is tried again. */
class PassingError extends VarveError {}

async function fileAnswer(url: string): Promise<Answer> {
  try {
    const handle = await fs.promises.open(fileURLToPath(url));
    return { status: 200, location: undefined, body: handle.createReadStream() };
  } catch (error) {
    if (systemCodeOf(error) !== "ENOENT") throw error;
    const body = fs.createReadStream("/dev/null");
    return { status: 404, location: undefined, body };
  }
}

function unreachable(url: string, cause: unknown): VarveError {
  const why = messageOf(cause) || systemCodeOf(cause) || "the connection broke";
  return new VarveError("MIRROR_UNREACHABLE", `GET ${redacted(url)}: ${why}`, {
    cause,
    hint: "is the network there? --offline builds from the lock and what was fetched before",
  });
}

/** The URL without the secrets that apt allows in it. */
export function redacted(url: string): string {
  return url.replace(/^([a-z]+:\/\/)[^/@]*@/, "$1");
}
