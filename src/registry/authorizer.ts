import { parseChallenges } from "./challenge.ts";
import type { Challenge } from "./challenge.ts";
import type { Credential, FindCredential } from "./credentials/credential.ts";
import { PATIENT, retrying } from "./retry.ts";
import type { RetryPolicy } from "./retry.ts";
import { askToken, basicAuthorization } from "./token-server.ts";
import type { Token } from "./token-server.ts";
import type { Transport } from "./transport.ts";

/** What a request is about: it decides the credential and the token's scopes. */
export interface Access {
  readonly repository: string;
  /** `repository:NAME:pull,push` and the like. */
  readonly scopes: readonly string[];
}

/**
 * Gives requests to one registry their `Authorization`. Nothing is shown before the registry has
 * asked for it. Tokens are kept per set of scopes, and asked for once however many requests want
 * one.
 */
export class Authorizer {
  readonly #registry: string;
  readonly #transport: Transport;
  readonly #find: FindCredential;
  readonly #policy: RetryPolicy;
  readonly #wantsIdentity: boolean;
  readonly #tokens = new Map<string, Promise<Token>>();
  #challenge: Challenge | undefined;
  #identityToken: string | undefined;

  constructor(input: {
    readonly registry: string;
    readonly transport: Transport;
    readonly find: FindCredential;
    readonly policy?: RetryPolicy;
    readonly wantsIdentity?: boolean | undefined;
  }) {
    this.#registry = input.registry;
    this.#transport = input.transport;
    this.#find = input.find;
    this.#policy = input.policy ?? PATIENT;
    this.#wantsIdentity = input.wantsIdentity === true;
  }

  /** Whether the registry has asked who is there. */
  get isAsked(): boolean {
    return this.#challenge !== undefined;
  }

  /** What the token server gave to stand for the password, if it was asked to and did. */
  get identityToken(): string | undefined {
    return this.#identityToken;
  }

  /** The header for a request; undefined as long as the registry has not asked for one. */
  async header(access: Access): Promise<string | undefined> {
    switch (this.#challenge?.scheme) {
      case "bearer":
        return `Bearer ${await this.#token(this.#challenge, access)}`;
      case "basic": {
        const credential = await this.#credential(access);
        return credential !== undefined && "username" in credential
          ? basicAuthorization(credential.username, credential.password)
          : undefined;
      }
      default:
        return undefined;
    }
  }

  /**
   * Takes in that the registry has refused a request.
   *
   * @param used the header that the request bore
   * @returns whether another try can have another outcome
   */
  async refused(
    wwwAuthenticate: string | undefined,
    access: Access,
    used: string | undefined,
  ): Promise<boolean> {
    const challenges = parseChallenges(wwwAuthenticate);
    const wanted =
      challenges.find(({ scheme }) => scheme === "bearer") ??
      challenges.find(({ scheme }) => scheme === "basic");
    if (wanted === undefined) return false;
    const known = this.#challenge;
    if (wanted.scheme === "basic") {
      this.#challenge = wanted;
      const header = await this.header(access);
      return header !== undefined && header !== used;
    }
    if (known?.scheme !== "bearer" || realmOf(known) !== realmOf(wanted)) this.#tokens.clear();
    this.#challenge = wanted;
    const key = access.scopes.join(" ");
    const cached = await this.#tokens.get(key)?.catch(() => undefined);
    if (cached !== undefined && `Bearer ${cached.token}` === used) this.#tokens.delete(key);
    return true;
  }

  async #token(challenge: Challenge, access: Access): Promise<string> {
    const key = access.scopes.join(" ");
    const pending = this.#tokens.get(key);
    if (pending !== undefined) {
      const token = await pending;
      if (performance.now() < token.staleAt) return token.token;
      if (this.#tokens.get(key) === pending) this.#tokens.delete(key);
      return this.#token(challenge, access);
    }
    const asked = this.#ask(challenge, access);
    this.#tokens.set(key, asked);
    asked.catch(() => {
      if (this.#tokens.get(key) === asked) this.#tokens.delete(key);
    });
    return (await asked).token;
  }

  async #ask(challenge: Challenge, access: Access): Promise<Token> {
    const credential = await this.#credential(access);
    const token = await retrying(this.#policy, () =>
      askToken(this.#transport, {
        realm: realmOf(challenge),
        service: challenge.parameters.get("service"),
        scopes: access.scopes,
        credential,
        wantsIdentity: this.#wantsIdentity,
      }),
    );
    this.#identityToken = token.identityToken;
    return token;
  }

  #credential(access: Access): Promise<Credential | undefined> {
    return this.#find(this.#registry, access.repository);
  }
}

function realmOf(challenge: Challenge): string {
  return challenge.parameters.get("realm") ?? "";
}
