import { once } from "node:events";
import * as http from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import { VarveError } from "../../src/errors.ts";
import { RegistryClient } from "../../src/registry/client.ts";
import type { FindCredential } from "../../src/registry/credentials/credential.ts";
import { shownUrl } from "../../src/registry/redact.ts";
import { Repository } from "../../src/registry/repository.ts";
import { PATIENT, retryAfterOf } from "../../src/registry/retry.ts";

interface Server {
  readonly host: string;
  readonly seen: http.IncomingMessage[];
}

async function serverOf(handle: http.RequestListener): Promise<Server> {
  const seen: http.IncomingMessage[] = [];
  const server = http.createServer((request, response) => {
    seen.push(request);
    handle(request, response);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { host: `127.0.0.1:${(server.address() as AddressInfo).port}`, seen };
}

async function secret(): ReturnType<FindCredential> {
  return { username: "user", password: "secret-password" };
}

async function repositoryOn(host: string): Promise<Repository> {
  const policy = { ...PATIENT, sleep: async (): Promise<void> => undefined };
  const client = await RegistryClient.connect(host, { find: secret, policy });
  onTestFinished(() => {
    client.close();
  });
  return new Repository(client, "team/app", true);
}

const DIGEST = `sha256:${"0".repeat(64)}`;

function refuse(response: http.ServerResponse): void {
  response.writeHead(401, { "www-authenticate": 'Basic realm="x"' });
  response.end();
}

describe("a registry's client", () => {
  it("shows its password to the registry, never to whom it is sent on to", async () => {
    const storage = await serverOf((_, response) => response.end());
    const registry = await serverOf((request, response) => {
      if (request.headers.authorization === undefined) {
        refuse(response);
      } else if (request.url === "/v2/team/app/blobs/" + DIGEST) {
        response.writeHead(307, { location: `http://${storage.host}/blob?signature=abc` });
        response.end();
      } else response.end();
    });
    const repository = await repositoryOn(registry.host);
    expect(await repository.hasBlob(DIGEST)).toBe(true);
    expect(registry.seen.at(-1)?.headers.authorization).toMatch(/^Basic /);
    expect(storage.seen.length).toBe(1);
    expect(storage.seen[0]?.headers.authorization).toBeUndefined();
  });

  it("asks once more with a password, and no third time", async () => {
    const registry = await serverOf((_, response) => {
      refuse(response);
    });
    const repository = await repositoryOn(registry.host);
    await expect(repository.hasBlob(DIGEST)).rejects.toThrow(/HTTP 401 Unauthorized$/);
    expect(registry.seen.length).toBe(2);
  });

  it("tells what is wrong on this side rather than what came of it", async () => {
    const registry = await serverOf((_, response) => {
      refuse(response);
    });
    const wrong = new VarveError("CREDENTIALS_PROGRAM", "docker-credential-x is not installed");
    const connecting = RegistryClient.connect(registry.host, {
      find: () => Promise.reject(wrong),
      wantsIdentity: true,
    });
    await expect(
      connecting.then((client) => new Repository(client, "a", true).hasBlob(DIGEST)),
    ).rejects.toBe(wrong);
    const noTls = RegistryClient.connect(registry.host, { plainHttp: false, tlsVerify: true });
    await expect(noTls).rejects.toThrow(/no trust over TLS: it does not speak TLS$/);
  });

  it("does not go round in circles", async () => {
    const registry = await serverOf((request, response) => {
      if (request.url === "/v2/") response.end();
      else response.writeHead(302, { location: request.url }).end();
    });
    const repository = await repositoryOn(registry.host);
    await expect(repository.hasBlob(DIGEST)).rejects.toThrow(/HTTP 302/);
  });

  it("tells of errors as registries put them, without secrets", async () => {
    const registry = await serverOf((request, response) => {
      if (request.url === "/v2/") response.end();
      else {
        response.writeHead(403, { "content-type": "application/json" });
        const complaint = { code: "DENIED", message: "no", detail: { scope: "push" } };
        response.end(JSON.stringify({ errors: [complaint] }));
      }
    });
    const repository = await repositoryOn(registry.host);
    await expect(repository.readManifest("1")).rejects.toThrow(
      `GET http://${registry.host}/v2/team/app/manifests/1: DENIED: no; {"scope":"push"}`,
    );
  });

  it("says what a page of a proxy says", async () => {
    const registry = await serverOf((request, response) => {
      response.statusCode = request.url === "/v2/" ? 200 : 418;
      response.end("<html><style>p{}</style><h1>Not\n here</h1></html>");
    });
    const repository = await repositoryOn(registry.host);
    await expect(repository.readManifest("1")).rejects.toThrow(/HTTP 418 I'm a Teapot: Not here$/);
  });

  it("refuses a manifest of other bytes than were asked for", async () => {
    const registry = await serverOf((_, response) => response.end("{}"));
    const repository = await repositoryOn(registry.host);
    await expect(repository.readManifest(DIGEST)).rejects.toThrow(/the registry has other bytes/);
  });

  it("refuses to call a manifest pushed that is not there", async () => {
    const registry = await serverOf((request, response) => {
      response.statusCode = request.method === "PUT" || request.url === "/v2/" ? 200 : 404;
      response.end("<html>Welcome</html>");
    });
    const repository = await repositoryOn(registry.host);
    await expect(repository.putManifest("1", Buffer.from("{}"), "x/y")).rejects.toThrow(
      /the registry has other bytes, of digest none/,
    );
  });
});

describe("URLs in messages", () => {
  it.each([
    ["https://u:p@host/v2/?digest=sha256:1", "https://host/v2/?digest=sha256:1"],
    ["https://host/x?X-Sig=abc&from=a", "https://host/x?X-Sig=…&from=a"],
    ["https://host/x?_state=abc#token", "https://host/x?_state=…"],
  ])("%s", (url, shown) => {
    expect(shownUrl(new URL(url))).toBe(shown);
  });
});

describe("Retry-After", () => {
  const now = Date.parse("2026-01-01T00:00:00Z");
  it.each([
    [undefined, undefined],
    ["7", 7000],
    ["Thu, 01 Jan 2026 00:00:10 GMT", 10_000],
    ["Wed, 31 Dec 2025 00:00:00 GMT", 0],
    ["soon", undefined],
  ])("%s", (header, milliseconds) => {
    expect(retryAfterOf(header, now)).toBe(milliseconds);
  });
});
