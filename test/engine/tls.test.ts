import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import * as http from "node:http";
import * as https from "node:https";
import type { Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { connectEngine } from "../../src/engine/client.ts";
import { makeAuthority, makeCertificate } from "./support/pki.ts";
import { failureOf } from "../support/failures.ts";

let folder: string;
const requests: string[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "varve-tls-"));
  for (const authority of ["authority", "stranger"]) await makeAuthority(join(folder, authority));
  await makeCertificate(join(folder, "authority"), join(folder, "server"), "IP:127.0.0.1");
  await makeCertificate(join(folder, "authority"), join(folder, "misnamed"), "DNS:elsewhere");
  await makeCertificate(join(folder, "authority"), join(folder, "client"), "DNS:client");
  await makeCertificate(join(folder, "stranger"), join(folder, "unknown"), "DNS:client");
});
afterAll(() => rm(folder, { recursive: true }));

describe("an engine over TLS", () => {
  it("takes an image from a client that it knows", async () => {
    const port = await engine("server");
    const client = await connect(port, "client");
    expect(client.endpoint.shown).toBe(`tcp://127.0.0.1:${port}`);
    expect(await client.loadImage(archive(3))).toEqual({ names: ["3145728"], ids: [] });
  });

  it("may lie below a path, and be named https", async () => {
    const port = await engine("server");
    requests.length = 0;
    const client = await connect(port, "client", {}, `https://127.0.0.1:${port}/docker/`);
    await client.loadImage(archive(1));
    expect(requests).toEqual(["/docker/_ping", "/docker/v1.41/images/load?quiet=0"]);
  });

  it("refuses a client without a certificate", async () => {
    const error = await failureOf(connect(await engine("server"), "authority"));
    expect(error.code).toBe("ENGINE_TLS");
    expect(error.hint).toContain("check cert.pem and key.pem");
  });

  it("refuses a client whom it does not know", async () => {
    const port = await engine("server");
    const error = await failureOf(
      connect(port, "unknown", { DOCKER_TLS_VERIFY: "", DOCKER_TLS: "1" }),
    );
    expect(error.message).toContain("closed the connection without an answer");
    expect(error.hint).toContain("it may not trust the client certificate");
  });

  it("is refused if its authority is unknown", async () => {
    const error = await failureOf(connect(await engine("server"), "unknown"));
    expect(error.code).toBe("ENGINE_TLS");
    expect(error.message).toContain(
      "no trust over TLS: self-signed certificate in certificate chain",
    );
    expect(error.hint).toContain("check ca.pem");
  });

  it("is refused if its certificate is for another name", async () => {
    const port = await engine("misnamed");
    const error = await failureOf(connect(port, "client"));
    expect(error.code).toBe("ENGINE_TLS");
    expect(error.hint).toContain("host name");
  });

  it("is not checked with DOCKER_TLS alone", async () => {
    const port = await engine("misnamed");
    const client = await connect(port, "client", { DOCKER_TLS_VERIFY: "", DOCKER_TLS: "1" });
    expect((await client.ping()).product).toBe("docker");
  });

  it("may turn out not to speak TLS", async () => {
    const port = await listening(http.createServer((_request, response) => response.end()));
    const error = await failureOf(connect(port, "client"));
    expect(error.message).toContain("does not speak TLS there");
    expect(error.hint).toContain("unset DOCKER_TLS_VERIFY");
  });

  it("may turn out to speak TLS when it should not", async () => {
    const port = await engine("server");
    const error = await failureOf(connectEngine({ host: `tcp://127.0.0.1:${port}`, env: {} }));
    expect(error.code).toMatch(/^ENGINE_(UNREACHABLE|PROTOCOL)$/);
  });
});

/** A server that wants to know its clients; it answers a load with the size of what it got. */
async function engine(certificate: string): Promise<number> {
  const pem = (name: string): Promise<Buffer> => readFile(join(folder, certificate, name));
  const options = {
    key: await pem("key.pem"),
    cert: await pem("cert.pem"),
    ca: await pem("ca.pem"),
    requestCert: true,
    rejectUnauthorized: true,
  };
  const server = https.createServer(options, (request, response) => {
    requests.push(request.url ?? "");
    let size = 0;
    request.on("data", (chunk: Buffer) => (size += chunk.length));
    request.on("end", () => {
      response.setHeader("api-version", "1.41");
      response.end(request.method === "POST" ? `{"stream":"Loaded image: ${size}"}` : "OK");
    });
  });
  return listening(server);
}

async function listening(server: Server): Promise<number> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

function connect(
  port: number,
  certificates: string,
  env: Record<string, string> = {},
  host = `tcp://127.0.0.1:${port}`,
): ReturnType<typeof connectEngine> {
  return connectEngine({
    host,
    env: { DOCKER_TLS_VERIFY: "1", DOCKER_CERT_PATH: join(folder, certificates), ...env },
  });
}

async function* archive(mebibytes: number): AsyncGenerator<Uint8Array> {
  for (let index = 0; index < mebibytes; index += 1) yield Buffer.alloc(1 << 20);
}
