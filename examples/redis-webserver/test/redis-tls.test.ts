import assert from "node:assert/strict";
import { before, describe, it } from "node:test";

import { readConfig } from "../src/config.ts";
import { RedisStore } from "../src/store/redis-store.ts";
import { makeCertificates } from "./support/certificates.ts";
import type { Certificates } from "./support/certificates.ts";
import { RedisServer, skipWithoutRedis } from "./support/redis-server.ts";
import { Service } from "./support/service.ts";
import { silentLog } from "./support/stores.ts";
import { tempDir } from "./support/temp-dir.ts";
import { until } from "./support/until.ts";
import { suiteScope } from "./support/scope.ts";

describe("redis over TLS", { skip: skipWithoutRedis }, () => {
  let server: RedisServer;
  let ours: Certificates;
  let others: Certificates;
  const scope = suiteScope();
  before(async () => {
    ours = makeCertificates(tempDir(scope));
    others = makeCertificates(tempDir(scope));
    const tls = ["--tls-cert-file", ours.certFile, "--tls-key-file", ours.keyFile];
    const options = ["--tls-ca-cert-file", ours.caFile, "--tls-auth-clients", "no"];
    server = await RedisServer.start(scope, ["--tls-port", "PORT", ...tls, ...options]);
  });

  const url = () => `rediss://127.0.0.1:${server.port}`;

  it("is trusted by the certificates that SSL_CERT_FILE names, in the running service", async (t) => {
    const service = await Service.start(t, { REDIS_URL: url(), SSL_CERT_FILE: ours.caFile });
    await service.untilReady();
    assert.equal((await service.put("key", "x")).status, 201);
  });

  it("is trusted by those of NODE_EXTRA_CA_CERTS, whatever SSL_CERT_FILE holds", async (t) => {
    for (const other of ["", others.caFile]) {
      const env = { NODE_EXTRA_CA_CERTS: ours.caFile, SSL_CERT_FILE: other };
      await (await Service.start(t, { REDIS_URL: url(), ...env })).untilReady();
    }
  });

  const strangers: Record<string, () => NodeJS.ProcessEnv> = {
    "without certificates": () => ({ REDIS_URL: url() }),
    "by another authority": () => ({ REDIS_URL: url(), SSL_CERT_FILE: others.caFile }),
    "under another name": () => ({
      REDIS_URL: url().replace("127.0.0.1", "localhost"),
      SSL_CERT_FILE: ours.caFile,
    }),
  };
  for (const [what, env] of Object.entries(strangers)) {
    it(`is not trusted ${what}`, async (t) => {
      const { redis } = readConfig(env());
      assert.ok(redis);
      const store = new RedisStore(redis, silentLog);
      t.after(() => store.close());
      await until("the reason is known", () => /certificate/i.test(store.status().detail));
      await assert.rejects(store.ping(), /cannot be reached/);
    });
  }

  it("is not spoken to without TLS", async (t) => {
    const { redis } = readConfig({ REDIS_URL: url().replace("rediss", "redis") });
    assert.ok(redis);
    const store = new RedisStore(redis, silentLog);
    t.after(() => store.close());
    await until("it was tried", () => /:/.test(store.status().detail));
    await assert.rejects(store.ping(), /cannot be reached/);
  });
});
