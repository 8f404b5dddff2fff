import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { createSecureContext, getCACertificates } from "node:tls";
import type { SecureContext } from "node:tls";

import { parseRedisUrl } from "./store/redis-url.ts";
import type { RedisAddress } from "./store/redis-url.ts";

/** Something in the environment cannot be used; the message says which variable and why. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
}

export const LOG_LEVELS = ["fatal", "error", "warn", "info", "debug", "trace", "silent"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export interface RedisConfig extends RedisAddress {
  /** Every key this service uses begins with this and a colon. */
  readonly namespace: string;
  /** How to trust the server; null without TLS. */
  readonly secureContext: SecureContext | null;
}

export interface Config {
  /** Address to listen on; null means every address of the machine, IPv6 included where it exists. */
  readonly host: string | null;
  /** 0 lets the system choose. */
  readonly port: number;
  readonly logLevel: LogLevel;
  /** How long requests in flight may take to finish after SIGTERM, in milliseconds. */
  readonly shutdownTimeoutMs: number;
  /** Null means the embedded store. */
  readonly redis: RedisConfig | null;
}

/** Reads the whole configuration from environment variables. An empty variable counts as unset. */
export function readConfig(env: NodeJS.ProcessEnv): Config {
  return {
    host: env["HOST"] || null,
    port: integer(env, "PORT", { fallback: 8000, min: 0, max: 65_535 }),
    logLevel: oneOf(env, "LOG_LEVEL", LOG_LEVELS, "info"),
    shutdownTimeoutMs:
      1000 * integer(env, "SHUTDOWN_TIMEOUT_SECONDS", { fallback: 8, min: 0, max: 3600 }),
    redis: readRedis(env),
  };
}

function readRedis(env: NodeJS.ProcessEnv): RedisConfig | null {
  const url = env["REDIS_URL"];
  if (!url) return null;
  const address = parseRedisUrl(url);
  if ("problem" in address) throw new ConfigError(`REDIS_URL ${address.problem}`);
  const namespace = env["REDIS_NAMESPACE"] || "redis-webserver";
  if (!/^[\w.-]{1,64}$/.test(namespace)) {
    throw new ConfigError(
      `REDIS_NAMESPACE must be 1 to 64 letters, digits, ".", "_" or "-", not ${JSON.stringify(namespace)}`,
    );
  }
  return { ...address, namespace, secureContext: address.tls ? readTrust(env) : null };
}

/**
 * Node reads NODE_EXTRA_CA_CERTS by itself but SSL_CERT_FILE only with `--use-openssl-ca`, while
 * images of other ecosystems name their certificates by SSL_CERT_FILE alone. So it is read here, with
 * OpenSSL's meaning: it takes the place of the built-in certificates.
 */
function readTrust(env: NodeJS.ProcessEnv): SecureContext {
  const file = env["SSL_CERT_FILE"];
  if (!file) return createSecureContext({ ca: getCACertificates("default") });
  try {
    const certificates = readFileSync(file, "utf8");
    // TLS would silently leave out what it cannot read and trust nobody.
    if (!beginsWithCertificate(certificates)) throw new Error("it holds no PEM certificate");
    return createSecureContext({ ca: [certificates, ...getCACertificates("extra")] });
  } catch (error) {
    throw new ConfigError(`SSL_CERT_FILE cannot be used: ${file}: ${(error as Error).message}`);
  }
}

function beginsWithCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).subject !== undefined;
  } catch {
    return false;
  }
}

interface IntegerRange {
  readonly fallback: number;
  readonly min: number;
  readonly max: number;
}

function integer(env: NodeJS.ProcessEnv, name: string, range: IntegerRange): number {
  const text = env[name];
  if (!text) return range.fallback;
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < range.min || value > range.max) {
    throw new ConfigError(
      `${name} must be a whole number from ${range.min} to ${range.max}, not ${JSON.stringify(text)}`,
    );
  }
  return value;
}

function oneOf<T extends string>(
  env: NodeJS.ProcessEnv,
  name: string,
  choices: readonly T[],
  fallback: T,
): T {
  const text = env[name] || fallback;
  const choice = choices.find((one) => one === text);
  if (choice === undefined) {
    throw new ConfigError(
      `${name} must be one of ${choices.join(", ")}, not ${JSON.stringify(text)}`,
    );
  }
  return choice;
}
