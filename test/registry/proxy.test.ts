import { once } from "node:events";
import * as fs from "node:fs";
import * as http from "node:http";
import * as https from "node:https";
import * as net from "node:net";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { RegistryClient } from "../../src/registry/client.ts";
import { proxyFor } from "../../src/registry/proxy.ts";
import { Repository } from "../../src/registry/repository.ts";
import { PATIENT } from "../../src/registry/retry.ts";
import { makeAuthority, makeCertificate } from "../engine/support/pki.ts";
import { errorOf, failureOf } from "../support/failures.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { FaultRegistry } from "./support/fault-registry.ts";

describe("the proxy of a URL", () => {
  const env = { HTTPS_PROXY: "http://secure.proxy:1", http_proxy: "plain.proxy:2" };
  it.each([
    ["https://ghcr.io/v2/", "", "secure.proxy:1"],
    ["http://ghcr.io/v2/", "", "plain.proxy:2"],
    ["http://localhost:5000/", "", undefined],
    ["http://127.0.0.2/", "", undefined],
    ["http://[::1]:80/", "", undefined],
    ["https://ghcr.io/", "*", undefined],
    ["https://ghcr.io/", "example.com, ghcr.io", undefined],
    ["https://GHCR.io/", "GHCR.IO", undefined],
    ["https://a.ghcr.io/", "ghcr.io", undefined],
    ["https://aghcr.io/", "ghcr.io", "secure.proxy:1"],
    ["https://a.ghcr.io/", ".ghcr.io", undefined],
    ["https://ghcr.io/", ".ghcr.io", "secure.proxy:1"],
    ["https://a.ghcr.io/", "*.ghcr.io", undefined],
    ["https://ghcr.io/", "ghcr.io:443", undefined],
    ["https://ghcr.io:5000/", "ghcr.io:443", "secure.proxy:1"],
    ["http://ghcr.io/", "ghcr.io:80", undefined],
    ["https://10.1.2.3/", "10.0.0.0/8", undefined],
    ["https://11.1.2.3/", "10.0.0.0/8", "secure.proxy:1"],
    ["https://10.1.2.3:5000/", "10.1.2.3:5000", undefined],
    ["https://10.1.2.3:5001/", "10.1.2.3:5000", "secure.proxy:1"],
    ["https://[fd00::1]/", "fd00::/8", undefined],
    ["https://[fd00::1]/", "fd00:0::1", undefined],
    ["https://[fd00::1]:5000/", "[fd00::1]:5000", undefined],
    ["https://ghcr.io/", "10.0.0.0/99, /8, :80", "secure.proxy:1"],
  ])("%s with NO_PROXY=%s", (url, none, proxy) => {
    expect(proxyFor(new URL(url), { ...env, NO_PROXY: none })?.url.host).toBe(proxy);
  });

  it("is none where none is named", () => {
    expect(proxyFor(new URL("https://ghcr.io/"), { HTTPS_PROXY: "" })).toBeUndefined();
  });

  it.each(["socks5://user:secret@host:1", "http://user:secret@ho st"])("%s is an error", (text) => {
    const error = errorOf(() => proxyFor(new URL("https://ghcr.io/"), { https_proxy: text }));
    expect(error.message).toBe("https_proxy names no proxy over HTTP");
  });
});

interface TestProxy {
  readonly port: number;
  readonly asked: string[];
}

/** A proxy to whom every host is one of this machine's, and who wants to know who asks. */
async function proxyTo(target: string, refuse?: number): Promise<TestProxy> {
  const [host, port] = target.split(":");
  const asked: string[] = [];
  const allowed = `Basic ${Buffer.from("user:secret").toString("base64")}`;
  const server = http.createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    if (request.headers["proxy-authorization"] !== allowed) {
      response.writeHead(407).end();
      return;
    }
    const { pathname, search } = new URL(request.url!);
    const { method, headers } = request;
    const onward = http.request({ host, port, path: pathname + search, method, headers });
    onward.on("response", (answer) => {
      response.writeHead(answer.statusCode!, answer.headers);
      answer.pipe(response);
    });
    request.pipe(onward);
  });
  server.on("connect", (request: http.IncomingMessage, client: net.Socket) => {
    asked.push(`CONNECT ${request.url}`);
    const status = request.headers["proxy-authorization"] === allowed ? (refuse ?? 200) : 407;
    if (status !== 200) {
      client.end(`HTTP/1.1 ${status} No\r\ncontent-length: 0\r\n\r\n`);
      return;
    }
    const onward = net.connect(Number(port), host, () => {
      client.write("HTTP/1.1 200 OK\r\n\r\n");
      onward.pipe(client).pipe(onward);
    });
    for (const socket of [onward, client]) socket.on("error", () => undefined);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { port: (server.address() as AddressInfo).port, asked };
}

async function nobody(): Promise<undefined> {
  return undefined;
}

async function connect(
  registry: string,
  env: NodeJS.ProcessEnv,
  options: { readonly plainHttp?: boolean; readonly caFile?: string },
): Promise<Repository> {
  const policy = { ...PATIENT, sleep: async (): Promise<void> => undefined };
  const client = await RegistryClient.connect(registry, { env, policy, find: nobody, ...options });
  onTestFinished(() => {
    client.close();
  });
  return new Repository(client, "team/app", true);
}

describe("a registry behind a proxy", () => {
  it("is reached over HTTP", async () => {
    const registry = await FaultRegistry.start({ locations: "relative" });
    onTestFinished(() => {
      registry.close();
    });
    const proxy = await proxyTo(registry.host);
    const env = { HTTP_PROXY: `http://user:secret@127.0.0.1:${proxy.port}` };
    const repository = await connect("registry.invalid", env, { plainHttp: true });
    expect(await repository.putBlob(Buffer.from("blob"))).toBe("sent");
    expect(proxy.asked.map((asked) => asked.split("?", 1)[0])).toEqual([
      "GET http://registry.invalid/v2/",
      expect.stringContaining("HEAD http://registry.invalid/v2/team/app/blobs/sha256:"),
      "POST http://registry.invalid/v2/team/app/blobs/uploads/",
      expect.stringContaining("PUT http://registry.invalid/v2/team/app/blobs/uploads/"),
    ]);
    expect(registry.blobs.size).toBe(1);
  });

  it("is reached over TLS, its certificate checked", async () => {
    const folder = temporaryFolder();
    await makeAuthority(folder);
    const own = path.join(folder, "own");
    await makeCertificate(folder, own, "DNS:registry.invalid");
    const read = (name: string): Buffer => fs.readFileSync(path.join(own, name));
    const server = https.createServer({ cert: read("cert.pem"), key: read("key.pem") });
    server.on("request", (_: unknown, response: http.ServerResponse) => response.end("{}"));
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    onTestFinished(() => {
      server.closeAllConnections();
      server.close();
    });
    const proxy = await proxyTo(`127.0.0.1:${(server.address() as AddressInfo).port}`);
    const env = { https_proxy: `user:secret@127.0.0.1:${proxy.port}`, HTTP_PROXY: "" };
    const caFile = path.join(folder, "ca.pem");
    const repository = await connect("registry.invalid", env, { caFile });
    expect((await repository.readManifest("1"))?.bytes.toString()).toBe("{}");
    expect(proxy.asked[0]).toBe("CONNECT registry.invalid:443");
    const other = await failureOf(connect("other.invalid", env, { caFile }));
    expect([other.code, other.message]).toEqual([
      "REGISTRY_TLS",
      expect.stringContaining(`GET https://other.invalid/v2/ through the proxy http://127.0.0.1`),
    ]);
  });

  it.each([
    ["user:wrong-secret@", undefined, 407, "give user and password in HTTPS_PROXY"],
    ["user:secret@", 403, 403, "check HTTPS_PROXY, or except the registry by NO_PROXY"],
    ["user:secret@", 503, 503, "check HTTPS_PROXY, or except the registry by NO_PROXY"],
  ])("that refuses %s with %s", async (user, refuse, status, hint) => {
    const proxy = await proxyTo("127.0.0.1:1", refuse);
    const env = { HTTPS_PROXY: `http://${user}127.0.0.1:${proxy.port}` };
    const error = await failureOf(connect("registry.invalid", env, {}));
    const place = `GET https://registry.invalid/v2/ through the proxy http://127.0.0.1:${proxy.port}`;
    expect(error.message).toContain(`${place}: it lets nobody through: HTTP ${status}`);
    expect(error.hint).toContain(hint);
    expect(JSON.stringify(error) + String(error.stack) + String(error.cause)).not.toContain(
      "secret",
    );
    expect(proxy.asked.length).toBe(status === 503 ? PATIENT.attempts : 1);
  });

  it("that nobody listens for is told from the registry", async () => {
    const env = { HTTPS_PROXY: "http://user:secret@127.0.0.1:1" };
    const error = await failureOf(connect("registry.invalid", env, {}));
    expect(error.message).toContain("through the proxy http://127.0.0.1:1: nobody listens there");
    expect(error.hint).toContain("check HTTPS_PROXY");
  });
});
