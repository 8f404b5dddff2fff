import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, createServer } from "node:net";
import type { AddressInfo, Socket } from "node:net";
import { networkInterfaces } from "node:os";
import { describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { freePort } from "./support/free-port.ts";
import { Service } from "./support/service.ts";
import { until } from "./support/until.ts";

/** A connection on which a test says exactly what it wants; collects what comes back. */
async function open(service: Service): Promise<{ socket: Socket; received: () => string }> {
  const socket = connect(service.port, "127.0.0.1").setEncoding("utf8");
  let text = "";
  socket.on("data", (some: string) => (text += some)).on("error", () => {});
  await once(socket, "connect");
  return { socket, received: () => text };
}

const BODY = '{"value":"in flight"}';
/** Lacks all but five characters of its body. */
const HALF_A_PUT = [
  "PUT /api/kv/key HTTP/1.1",
  "Host: localhost",
  "Content-Type: application/json",
  `Content-Length: ${BODY.length}`,
  "",
  BODY.slice(0, 5),
].join("\r\n");

describe("the process", { concurrency: 3 }, () => {
  it("listens on every address, of both families where there are both", async (t) => {
    const service = await Service.start(t, { HOST: "" });
    const external = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
    const hasIpv6 = external.some(({ address }) => address === "::1");
    for (const host of ["127.0.0.1", "localhost", ...(hasIpv6 ? ["[::1]"] : [])]) {
      assert.equal((await fetch(`http://${host}:${service.port}/healthz`)).status, 200, host);
    }
  });

  it("says in its log, in readyz and on the page that its store is embedded", async (t) => {
    const service = await Service.start(t);
    assert.ok(service.log.some(({ msg }) => String(msg).includes("REDIS_URL is not set")));
    assert.equal((await service.json("/readyz")).body.store.kind, "embedded");
    assert.match(await (await service.fetch("/")).text(), /Embedded store/);
  });

  it("writes one line of JSON for each request, and probes only when asked for details", async (t) => {
    const service = await Service.start(t);
    await service.fetch("/healthz");
    await service.fetch("/api/kv?prefix=x", { headers: { "x-request-id": "from-a-test" } });
    await until("the request is logged", () => service.stdout.includes("from-a-test"));
    const requests = service.log.filter(({ msg }) => msg === "request");
    assert.equal(requests.length, 1);
    const { time, durationMs, ...rest } = requests[0] ?? {};
    assert.ok(!Number.isNaN(Date.parse(String(time))));
    assert.equal(typeof durationMs, "number");
    assert.deepEqual(rest, {
      level: "info",
      reqId: "from-a-test",
      method: "GET",
      url: "/api/kv?prefix=x",
      status: 200,
      msg: "request",
    });
  });

  it("never logs the password", async (t) => {
    const url = `redis://user:hunter2@127.0.0.1:${await freePort()}/0`;
    const service = await Service.start(t, { REDIS_URL: url, LOG_LEVEL: "trace" });
    await service.fetch("/");
    const { body } = await service.json("/readyz");
    await until("the outage is logged", () => service.stdout.includes("ECONNREFUSED"));
    assert.doesNotMatch(service.stdout + service.stderr + JSON.stringify(body), /hunter2/);
  });

  it("refuses a wrong configuration with one line and exit code 2", async (t) => {
    for (const env of [{ PORT: "eighty" }, { REDIS_URL: "http://localhost" }]) {
      const service = Service.spawn(t, env);
      assert.equal(await service.exit(), 2);
      assert.match(service.stderr, new RegExp(`^redis-webserver: ${Object.keys(env)[0]} .*\n$`));
      assert.equal(service.stdout, "");
    }
  });

  it("fails with exit code 1 when the port is taken", async (t) => {
    const other = createServer().listen(0, "127.0.0.1");
    t.after(() => other.close());
    await once(other, "listening");
    const { port } = other.address() as AddressInfo;
    const service = Service.spawn(t, { PORT: String(port) });
    assert.equal(await service.exit(), 1);
    assert.match(service.stdout, /EADDRINUSE/);
  });

  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    it(`ends on ${signal}, at once when there is nothing to do`, async (t) => {
      const service = await Service.start(t);
      await service.fetch("/");
      const { socket } = await open(service);
      const start = performance.now();
      service.process.kill(signal);
      assert.equal(await service.exit(), 0);
      const ms = performance.now() - start;
      assert.ok(ms < 3000, `${ms} ms`);
      socket.destroy();
    });
  }

  it("finishes requests in flight, takes no new ones, and then ends", async (t) => {
    const service = await Service.start(t);
    const { socket, received } = await open(service);
    socket.write(HALF_A_PUT);
    await sleep(50);
    service.process.kill("SIGTERM");
    await until("it takes no connections", async () => {
      return fetch(`${service.url}/healthz`).then(
        () => false,
        () => true,
      );
    });
    assert.equal(received(), "");
    socket.write(BODY.slice(5));
    await once(socket, "close");
    assert.match(received(), /^HTTP\/1\.1 201 Created\r\n/);
    assert.match(received(), /^connection: close\r$/im);
    assert.match(received(), /"in flight"/);
    assert.equal(await service.exit(), 0);
  });

  it("does not wait for ever for a request in flight", async (t) => {
    const service = await Service.start(t, { SHUTDOWN_TIMEOUT_SECONDS: "1" });
    const { socket } = await open(service);
    socket.write(HALF_A_PUT);
    await sleep(50);
    const start = performance.now();
    service.process.kill("SIGTERM");
    assert.equal(await service.exit(), 1);
    const ms = performance.now() - start;
    assert.ok(ms > 900 && ms < 4000, `${ms} ms`);
  });

  it("ends at once on a second signal", async (t) => {
    const service = await Service.start(t);
    const { socket } = await open(service);
    socket.write(HALF_A_PUT);
    await sleep(50);
    service.process.kill("SIGTERM");
    await until("the signal is logged", () => service.stdout.includes("SIGTERM"));
    const start = performance.now();
    service.process.kill("SIGINT");
    assert.equal(await service.exit(), 1);
    assert.ok(performance.now() - start < 3000);
  });

  it("answers what is not HTTP, or too much of it, in the same shape", async (t) => {
    const service = await Service.start(t);
    const long = `GET /${"x".repeat(20_000)} HTTP/1.1\r\nHost: localhost\r\n\r\n`;
    for (const [request, status, code] of [
      ["hello\r\n\r\n", "400 Bad Request", "invalid_http"],
      [long, "431 Request Header Fields Too Large", "headers_too_large"],
    ] as const) {
      const { socket, received } = await open(service);
      socket.write(request);
      await once(socket, "close");
      assert.ok(received().startsWith(`HTTP/1.1 ${status}\r\n`), received());
      const { error } = JSON.parse(received().split("\r\n\r\n")[1] ?? "");
      assert.equal(error.code, code);
    }
  });

  it("answers a body that is announced too long without waiting for it", async (t) => {
    const service = await Service.start(t);
    const { socket, received } = await open(service);
    socket.write(HALF_A_PUT.replace(/Length: \d+/, "Length: 1000000000"));
    await until("the answer comes", () => received().includes("body_too_large"));
    assert.match(received(), /^HTTP\/1\.1 413 /);
    socket.destroy();
  });

  it("serves many at once", async (t) => {
    const service = await Service.start(t);
    const increment = () => service.json("/api/kv/n/increment", { method: "POST" });
    const answers = await Promise.all(Array.from({ length: 200 }, increment));
    assert.equal(new Set(answers.map(({ body }) => body.value)).size, 200);
  });
});
