import * as v from "valibot";
import { VarveError } from "../errors.ts";
import type { Credential } from "./credentials/credential.ts";
import { shownUrl } from "./redact.ts";
import { refusalError, RegistryError } from "./registry-error.ts";
import type { HttpAnswer, HttpRequest, Transport } from "./transport.ts";

/** A bearer token and how long it may be used. */
export interface Token {
  readonly token: string;
  /** On the clock of `performance.now()`, a margin taken off. */
  readonly staleAt: number;
  /** What stands for the password from now on, where the server gives such a thing. */
  readonly identityToken?: string;
}

/** Seconds, when the token server does not say (distribution's "Token Authentication"). */
const DEFAULT_LIFE = 60;
/** How much of a token's life is used: a request begun with it must still be let in. */
const USED_SHARE = 0.8;
const CLIENT_ID = "varve";

const tokenSchema = v.object({
  token: v.optional(v.string()),
  access_token: v.optional(v.string()),
  expires_in: v.optional(v.number()),
  refresh_token: v.optional(v.string()),
});

/** What a token is asked for. */
export interface TokenQuestion {
  /** Where, from the registry's challenge. */
  readonly realm: string;
  readonly service: string | undefined;
  /** `repository:NAME:pull,push` and the like. */
  readonly scopes: readonly string[];
  readonly credential: Credential | undefined;
  /** Whether an identity token is asked for, too. */
  readonly wantsIdentity?: boolean;
}

/**
 * Asks a registry's token server: with an identity token by POST (OAuth 2), falling back to GET
 * where that is not known; otherwise by GET, with user and password if there are any.
 *
 * @throws RegistryError
 */
export async function askToken(transport: Transport, question: TokenQuestion): Promise<Token> {
  const { credential, realm } = question;
  const url = realmUrl(realm);
  if (credential !== undefined && "identityToken" in credential) {
    const request = oauthRequest(url, question, credential.identityToken);
    const answer = await transport.exchange(request);
    if (answer.status !== 404 && answer.status !== 405) return tokenOf(request, answer);
  }
  const request = getRequest(url, question);
  return tokenOf(request, await transport.exchange(request));
}

function realmUrl(realm: string): URL {
  const url = URL.parse(realm);
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw new VarveError("REGISTRY_PROTOCOL", `the registry's token server has no URL: ${realm}`);
  }
  return url;
}

function getRequest(realm: URL, question: TokenQuestion): HttpRequest {
  const { service, scopes, credential } = question;
  const url = new URL(realm);
  if (service !== undefined) url.searchParams.set("service", service);
  for (const scope of scopes) url.searchParams.append("scope", scope);
  url.searchParams.set("client_id", CLIENT_ID);
  if (question.wantsIdentity === true) url.searchParams.set("offline_token", "true");
  const headers: Record<string, string> = { accept: "application/json" };
  if (credential !== undefined && "username" in credential) {
    headers["authorization"] = basicAuthorization(credential.username, credential.password);
  }
  return { method: "GET", url, headers };
}

function oauthRequest(url: URL, question: TokenQuestion, identityToken: string): HttpRequest {
  const form = new URLSearchParams({
    grant_type: "refresh_token",
    client_id: CLIENT_ID,
    refresh_token: identityToken,
  });
  if (question.service !== undefined) form.set("service", question.service);
  if (question.scopes.length > 0) form.set("scope", question.scopes.join(" "));
  return {
    method: "POST",
    url,
    headers: { accept: "application/json", "content-type": "application/x-www-form-urlencoded" },
    body: Buffer.from(form.toString()),
  };
}

function tokenOf({ method, url }: HttpRequest, answer: HttpAnswer): Token {
  const text = answer.bytes.toString("utf8");
  if (answer.status !== 200) {
    throw refusalError(
      { method, url, status: answer.status, headers: answer.headers, text },
      answer.status === 401 || answer.status === 403
        ? "the token server does not accept the credential: log in again"
        : undefined,
    );
  }
  const strange = (): RegistryError =>
    new RegistryError("REGISTRY_PROTOCOL", `${method} ${shownUrl(url)}: it gives no token`, {
      temporary: false,
    });
  let parsed: v.InferOutput<typeof tokenSchema>;
  try {
    parsed = v.parse(tokenSchema, JSON.parse(text));
  } catch {
    throw strange();
  }
  const token = parsed.token ?? parsed.access_token;
  if (token === undefined || token === "" || /[^\x21-\x7e]/.test(token)) throw strange();
  const life = Math.max(1, parsed.expires_in ?? DEFAULT_LIFE) * 1000;
  const { refresh_token: identityToken = "" } = parsed;
  return {
    token,
    staleAt: performance.now() + life * USED_SHARE,
    ...(identityToken === "" ? {} : { identityToken }),
  };
}

export function basicAuthorization(username: string, password: string): string {
  return `Basic ${Buffer.from(`${username}:${password}`, "utf8").toString("base64")}`;
}
