import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { getCACertificates } from "node:tls";

import { ConfigError, readConfig } from "../src/config.ts";
import { tempDir } from "./support/temp-dir.ts";

describe("readConfig", () => {
  it("needs nothing", () => {
    assert.deepEqual(readConfig({}), {
      host: null,
      port: 8000,
      logLevel: "info",
      shutdownTimeoutMs: 8000,
      redis: null,
    });
  });

  it("takes an empty variable for an unset one", () => {
    const empty = {
      HOST: "",
      PORT: "",
      LOG_LEVEL: "",
      REDIS_URL: "",
      SHUTDOWN_TIMEOUT_SECONDS: "",
    };
    assert.deepEqual(readConfig(empty), readConfig({}));
  });

  it("reads everything", () => {
    const config = readConfig({
      HOST: "::1",
      PORT: "0",
      LOG_LEVEL: "debug",
      SHUTDOWN_TIMEOUT_SECONDS: "3",
      REDIS_URL: "redis://me:p%40ss@[::1]:6380/7",
      REDIS_NAMESPACE: "shop.one",
    });
    assert.deepEqual(config, {
      host: "::1",
      port: 0,
      logLevel: "debug",
      shutdownTimeoutMs: 3000,
      redis: {
        host: "::1",
        port: 6380,
        db: 7,
        username: "me",
        password: "p@ss",
        tls: false,
        display: "redis://[::1]:6380/7",
        namespace: "shop.one",
        secureContext: null,
      },
    });
  });

  it("fills in what a Redis URL leaves out", () => {
    const { redis } = readConfig({ REDIS_URL: "rediss://:secret@cache.example" });
    assert.equal(redis?.display, "rediss://cache.example:6379/0");
    assert.equal(redis.password, "secret");
    assert.equal(redis.username, null);
    assert.equal(redis.namespace, "redis-webserver");
    assert.notEqual(redis.secureContext, null);
  });

  const invalid: [string, string, RegExp][] = [
    ["PORT", "http", /^PORT must be a whole number from 0 to 65535, not "http"$/],
    ["PORT", "65536", /^PORT must/],
    ["PORT", "-1", /^PORT must/],
    ["PORT", "8000.5", /^PORT must/],
    ["PORT", " 8000", /^PORT must/],
    ["LOG_LEVEL", "loud", /^LOG_LEVEL must be one of .*debug.*, not "loud"$/],
    ["SHUTDOWN_TIMEOUT_SECONDS", "soon", /^SHUTDOWN_TIMEOUT_SECONDS must/],
    ["REDIS_URL", "localhost:6379", /^REDIS_URL must be a URL/],
    ["REDIS_URL", "http://u:secret@localhost", /^REDIS_URL must be a URL/],
    ["REDIS_URL", "redis://", /^REDIS_URL names no host$/],
    ["REDIS_URL", "redis:6379", /^REDIS_URL names no host$/],
    ["REDIS_URL", "redis://h:70000", /^REDIS_URL must be a URL/],
    ["REDIS_URL", "redis://h/cache", /^REDIS_URL must end in a database number/],
    ["REDIS_URL", "redis://h/0?secret=1", /^REDIS_URL must not have a part after/],
    ["REDIS_URL", "redis://:se%ret@h", /^REDIS_URL has a user or password with a "%"/],
    ["REDIS_URL", "redis://secret@h", /^REDIS_URL names a user but no password$/],
  ];
  for (const [name, value, message] of invalid) {
    it(`refuses ${name}=${value}`, () => {
      assert.throws(
        () => readConfig({ [name]: value }),
        (error: unknown) => {
          assert.ok(error instanceof ConfigError);
          assert.match(error.message, message);
          assert.doesNotMatch(error.message, /secret/);
          return true;
        },
      );
    });
  }

  it("refuses a namespace that could be mistaken", () => {
    const env = { REDIS_URL: "redis://h", REDIS_NAMESPACE: "a:b" };
    assert.throws(() => readConfig(env), /^ConfigError: REDIS_NAMESPACE must/);
  });

  it("reads SSL_CERT_FILE only when it is needed, and says what is wrong with it", (t) => {
    const file = join(tempDir(t), "ca.pem");
    const withFile = (scheme: string) =>
      readConfig({ REDIS_URL: `${scheme}://h`, SSL_CERT_FILE: file });
    assert.equal(withFile("redis").redis?.secureContext, null);
    assert.throws(() => withFile("rediss"), /SSL_CERT_FILE cannot be used: .*ca\.pem: ENOENT/);
    writeFileSync(file, "not a certificate");
    assert.throws(() => withFile("rediss"), /SSL_CERT_FILE .* holds no PEM certificate/);
    writeFileSync(file, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
    assert.throws(() => withFile("rediss"), /SSL_CERT_FILE cannot be used/);
    writeFileSync(file, getCACertificates("bundled").slice(0, 3).join("\n"));
    assert.notEqual(withFile("rediss").redis?.secureContext, null);
  });
});
