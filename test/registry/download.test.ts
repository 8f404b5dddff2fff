import { randomBytes } from "node:crypto";
import { once } from "node:events";
import * as http from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import { digestOf } from "../../src/image/digest.ts";
import { RegistryClient } from "../../src/registry/client.ts";
import { Repository } from "../../src/registry/repository.ts";
import { PATIENT } from "../../src/registry/retry.ts";
import { failureOf } from "../support/failures.ts";
import { FaultRegistry } from "./support/fault-registry.ts";

const BYTES = randomBytes(1 << 20);
const BLOB = { digest: digestOf(BYTES), size: BYTES.length };

type Handler = (
  request: http.IncomingMessage,
  response: http.ServerResponse,
  index: number,
) => void;

interface Server {
  readonly host: string;
  readonly repository: Repository;
  readonly ranges: Array<string | undefined>;
}

/** A registry whose blobs are answered as the test likes. */
async function registryOf(handle: Handler): Promise<Server> {
  const ranges: Array<string | undefined> = [];
  const server = http.createServer((request, response) => {
    if (request.url === "/v2/") response.end();
    else handle(request, response, ranges.push(request.headers.range) - 1);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const repository = await repositoryOn(host);
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { host, repository, ranges };
}

async function repositoryOn(host: string, name = "team/app"): Promise<Repository> {
  const client = await RegistryClient.connect(host, {
    policy: { ...PATIENT, sleep: async () => undefined },
    find: async () => ({ username: "user", password: "secret-password" }),
  });
  onTestFinished(() => {
    client.close();
  });
  return new Repository(client, name, false);
}

async function bytesOf(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const all: Uint8Array[] = [];
  for await (const chunk of chunks) all.push(chunk);
  return Buffer.concat(all);
}

/** Sends so many bytes of an answer that promises them all, then cuts the connection. */
function sendAndCut(response: http.ServerResponse, bytes: Buffer, sent: number): void {
  response.setHeader("content-length", bytes.length);
  response.write(bytes.subarray(0, sent), () => response.destroy());
}

function sendPart(
  request: http.IncomingMessage,
  response: http.ServerResponse,
): { part: Buffer; from: number } {
  const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? "bytes=0-")?.[1]);
  response.statusCode = request.headers.range === undefined ? 200 : 206;
  response.setHeader("content-range", `bytes ${from}-${BYTES.length - 1}/${BYTES.length}`);
  return { part: BYTES.subarray(from), from };
}

describe("a download", () => {
  it("goes on where the connection was cut, as often as it takes", async () => {
    const { repository, ranges } = await registryOf((request, response, index) => {
      const { part } = sendPart(request, response);
      if (index < 9) sendAndCut(response, part, 100_000);
      else response.end(part);
    });
    expect((await bytesOf(repository.openBlob(BLOB))).equals(BYTES)).toBe(true);
    expect(ranges).toHaveLength(10);
    expect(ranges[0]).toBeUndefined();
    // What was on its way when the connection broke may be lost, but nothing comes twice.
    const begins = ranges.slice(1).map((range) => Number(/^bytes=(\d+)-$/.exec(range!)?.[1]));
    expect(begins).toEqual(begins.toSorted((a, b) => a - b));
    expect(begins.at(-1)).toBeGreaterThan(300_000);
  });

  it("skips what it has where a registry sends the whole again", async () => {
    const { repository, ranges } = await registryOf((_, response, index) => {
      if (index === 0) sendAndCut(response, BYTES, 500_000);
      else response.end(BYTES);
    });
    expect((await bytesOf(repository.openBlob(BLOB))).equals(BYTES)).toBe(true);
    expect(ranges).toHaveLength(2);
  });

  it.each<[string, { readonly status: number; readonly range?: string }]>([
    ["refuses parts", { status: 416 }],
    ["sends another part", { status: 206, range: "bytes 999999-1048575/1048576" }],
    ["says nothing of the part", { status: 206 }],
  ])("asks for the whole where a registry %s", async (_what, { status, range }) => {
    const { repository, ranges } = await registryOf((request, response, index) => {
      if (index === 0) sendAndCut(response, BYTES, 500_000);
      else if (request.headers.range === undefined) response.end(BYTES);
      else {
        response.statusCode = status;
        if (range !== undefined) response.setHeader("content-range", range);
        response.end("?");
      }
    });
    expect((await bytesOf(repository.openBlob(BLOB))).equals(BYTES)).toBe(true);
    expect(ranges.map((asked) => asked !== undefined)).toEqual([false, true, false]);
  });

  it("gives up when nothing comes any more", async () => {
    const { repository, ranges } = await registryOf((request, response, index) => {
      const { part } = sendPart(request, response);
      if (index === 0) sendAndCut(response, part, 300_000);
      else response.destroy();
    });
    const { code, message } = await failureOf(bytesOf(repository.openBlob(BLOB)));
    expect(code).toBe("REGISTRY_UNREACHABLE");
    expect(message).toMatch(/blobs\/sha256:[0-9a-f]{64}: the connection was c/);
    expect(ranges).toHaveLength(1 + PATIENT.attempts - 1);
  });

  it("waits out a registry that is busy", async () => {
    const { repository } = await registryOf((_, response, index) => {
      response.statusCode = index < 2 ? 503 : 200;
      response.end(index < 2 ? "" : BYTES);
    });
    expect((await bytesOf(repository.openBlob(BLOB))).equals(BYTES)).toBe(true);
  });

  it.each([
    ["other bytes", Buffer.from(BYTES).fill(0, 5, 9), /its bytes have the digest sha256:/],
    ["fewer bytes", BYTES.subarray(0, 1000), /it has 1000 bytes where 1048576 are promised/],
    ["more bytes", Buffer.concat([BYTES, BYTES]), /it is longer than 1048576 bytes/],
  ])("refuses %s", async (_what, bytes, message) => {
    const { repository, ranges } = await registryOf((_, response) => {
      response.setHeader("content-length", bytes.length);
      response.end(bytes);
    });
    const failure = await failureOf(bytesOf(repository.openBlob(BLOB)));
    expect(failure.code).toBe("REGISTRY_DIGEST");
    expect(failure.message).toMatch(message);
    expect(ranges).toHaveLength(1);
  });

  it("says that a blob is not there", async () => {
    const { repository } = await registryOf((_, response) => {
      response.statusCode = 404;
      response.end();
    });
    const failure = await failureOf(bytesOf(repository.openBlob(BLOB)));
    expect(failure.code).toBe("REGISTRY_UNKNOWN");
  });

  it("shows no password to the storage it is sent to, and hides what that wants to see", async () => {
    const seen: http.IncomingHttpHeaders[] = [];
    const storage = await registryOf((request, response) => {
      seen.push(request.headers);
      sendAndCut(response, sendPart(request, response).part, 200_000);
    });
    const { repository } = await registryOf((request, response) => {
      if (request.headers.authorization === undefined) {
        response.writeHead(401, { "www-authenticate": 'Basic realm="x"' });
        response.end();
        return;
      }
      response.writeHead(307, { location: `http://${storage.host}/blob?signature=hidden` });
      response.end("go there");
    });
    const stream = repository.openBlob(BLOB)[Symbol.asyncIterator]();
    let got = 0;
    while (got < 500_000) got += ((await stream.next()).value as Uint8Array).length;
    await stream.return?.();
    expect(seen.length).toBeGreaterThan(1);
    for (const headers of seen) expect(headers.authorization).toBeUndefined();
    expect(seen.at(-1)?.range).toMatch(/^bytes=\d+-$/);
    const gone = await registryOf((_, response) => {
      response.writeHead(307, { location: "http://127.0.0.1:1/blob?signature=hidden" });
      response.end();
    });
    const { message } = await failureOf(bytesOf(gone.repository.openBlob(BLOB)));
    expect(message).toContain("signature=…");
    expect(message).not.toContain("hidden");
  });
});

async function places(
  mounting = true,
): Promise<{ registry: FaultRegistry; from: Repository; to: Repository }> {
  const registry = await FaultRegistry.start({ mounting });
  onTestFinished(() => {
    registry.close();
  });
  registry.put("base", BYTES);
  const [from, to] = await Promise.all([
    repositoryOn(registry.host, "base"),
    repositoryOn(registry.host, "app"),
  ]);
  return { registry, from, to };
}

describe("a blob from another place", () => {
  it("is mounted, and found the next time", async () => {
    const { registry, from, to } = await places();
    expect(await to.takeBlob(BLOB, from)).toBe("mounted");
    expect(registry.received).toBe(0);
    expect(await to.takeBlob(BLOB, from)).toBe("present");
  });

  it("is sent where it cannot be mounted", async () => {
    const { registry, from, to } = await places(false);
    let sent = 0;
    expect(await to.takeBlob(BLOB, from, (bytes) => (sent += bytes))).toBe("sent");
    expect(sent).toBe(BYTES.length);
    expect(registry.blobs.get(`app@${BLOB.digest}`)?.equals(BYTES)).toBe(true);
  });

  it("goes from registry to registry, over broken connections", async () => {
    const { to, registry } = await places();
    const { repository } = await registryOf((request, response, index) => {
      const { part } = sendPart(request, response);
      if (index < 2) sendAndCut(response, part, 400_000);
      else response.end(part);
    });
    expect(await to.takeBlob(BLOB, repository)).toBe("sent");
    expect(registry.blobs.get(`app@${BLOB.digest}`)?.equals(BYTES)).toBe(true);
  });

  it("is not kept when it is damaged where it comes from", async () => {
    const { to, registry } = await places();
    const { repository, ranges } = await registryOf((_, response) => {
      response.end(Buffer.alloc(BYTES.length));
    });
    const { code, message } = await failureOf(to.takeBlob(BLOB, repository));
    expect(code).toBe("REGISTRY_DIGEST");
    expect(message).toContain("GET ");
    expect(ranges).toHaveLength(1);
    expect(registry.blobs.has(`app@${BLOB.digest}`)).toBe(false);
  });

  it("is kept from memory", async () => {
    const { to } = await places();
    const small = Buffer.from("{}");
    expect(await to.putBlob(small)).toBe("sent");
    expect(await to.putBlob(small)).toBe("present");
    expect(await to.readBlob(digestOf(small))).toEqual(small);
  });
});
