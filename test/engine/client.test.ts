import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import type { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, it, onTestFinished } from "vitest";
import { connectEngine, EngineClient } from "../../src/engine/client.ts";
import { resolveEndpoint } from "../../src/engine/endpoint.ts";
import { failureOf } from "../support/failures.ts";
import { scriptedEngine } from "./support/scripted-engine.ts";
import type { Script } from "./support/scripted-engine.ts";

describe("contact", () => {
  it("is made once", async () => {
    const { client, requests } = await scriptedEngine(json(200, []));
    await Promise.all([client.listImages(), client.listImages()]);
    expect(requests.filter((request) => request === "GET /_ping")).toHaveLength(1);
    expect(requests).toContain("GET /v1.41/images/json");
    expect(await client.ping()).toEqual({
      product: "docker",
      apiVersion: "1.41",
      engineApiVersion: "1.41",
      os: "linux",
    });
  });

  it("is tried again after a failure", async () => {
    let up = false;
    const address = await rawServer((socket) => {
      if (!up) socket.destroy();
      else socket.end("HTTP/1.1 200 OK\r\napi-version: 1.41\r\ncontent-length: 0\r\n\r\n");
    });
    const client = new EngineClient(await resolveEndpoint({ host: address, env: {} }));
    const error = await failureOf(client.ping());
    expect(error.message).toContain("closed the connection without an answer");
    up = true;
    expect((await client.ping()).apiVersion).toBe("1.41");
  });

  it("recognises podman", async () => {
    const address = await answering(
      "HTTP/1.1 200 OK\r\nApi-Version: 1.41\r\nLibpod-Api-Version: 4.3.1\r\nServer: Libpod/4.3.1 (linux)\r\nContent-Length: 2\r\n\r\nOK",
    );
    const client = await connectEngine({ host: address, env: {} });
    expect((await client.ping()).product).toBe("podman");
  });

  it("refuses a server that is no engine", async () => {
    const address = await answering("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi");
    const error = await failureOf(connectEngine({ host: address, env: {} }));
    expect(error.code).toBe("ENGINE_PROTOCOL");
    expect(error.message).toBe(
      `the Docker engine at ${address} (--host) is no Docker engine: GET /_ping is answered without an API version`,
    );
  });

  it("refuses a server that does not speak HTTP", async () => {
    const error = await failureOf(
      connectEngine({ host: await answering("SSH-2.0-OpenSSH_9.2\r\n"), env: {} }),
    );
    expect(error.code).toBe("ENGINE_PROTOCOL");
    expect(error.message).toContain("does not speak HTTP there");
  });

  it("says that the engine wants TLS", async () => {
    const address = await answering(
      "HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n",
    );
    const error = await failureOf(connectEngine({ host: address, env: {} }));
    expect(error.message).toContain("(400): Client sent an HTTP request to an HTTPS server.");
    expect(error.hint).toContain("DOCKER_TLS_VERIFY=1");
  });

  it.each([
    ["unix:///nope/docker.sock", "is not there: the socket does not exist", "systemctl start"],
    ["tcp://127.0.0.1:1", "refuses the connection", "is Docker running?"],
    ["tcp://no-such-host.invalid:1", "cannot be found", "check the"],
  ])("fails at %s", async (host, problem, hint) => {
    const error = await failureOf(connectEngine({ host, env: {} }));
    expect(error.code).toBe("ENGINE_UNREACHABLE");
    expect(error.message).toContain(`the Docker engine at ${host} (--host) ${problem}`);
    expect(error.hint).toContain(hint);
  });

  it("fails at a file that is no socket, and at a socket that nobody listens to", async () => {
    const folder = await mkdtemp(join(tmpdir(), "varve-engine-"));
    onTestFinished(() => rm(folder, { recursive: true }));
    await writeFile(join(folder, "docker.sock"), "");
    const error = await failureOf(connectEngine({ host: join(folder, "docker.sock"), env: {} }));
    expect(error.code).toBe("ENGINE_UNREACHABLE");
    expect(error.message).toContain("refuses the connection");
  });

  it("ends when the signal says so", async () => {
    const address = await rawServer(() => undefined);
    const abort = new AbortController();
    const connecting = connectEngine({ host: address, env: {}, signal: abort.signal });
    setTimeout(() => abort.abort(new Error("enough")), 20);
    await expect(connecting).rejects.toThrow("enough");
    await expect(
      connectEngine({ host: address, env: {}, signal: AbortSignal.abort(new Error("before")) }),
    ).rejects.toThrow("before");
  });
});

describe("info", () => {
  it("knows the classic store", async () => {
    const { client } = await scriptedEngine(
      json(200, {
        ID: "AB:CD",
        Name: "build",
        ServerVersion: "26.1.5",
        OSType: "linux",
        Architecture: "x86_64",
        Driver: "overlay2",
        DriverStatus: [["Backing Filesystem", "extfs"]],
        Plugins: {},
      }),
    );
    expect(await client.info()).toEqual({
      product: "docker",
      id: "AB:CD",
      name: "build",
      version: "26.1.5",
      apiVersion: "1.41",
      os: "linux",
      architecture: "x86_64",
      driver: "overlay2",
      containerdStore: false,
    });
  });

  it("knows containerd's store", async () => {
    const { client } = await scriptedEngine(
      json(200, {
        Driver: "overlayfs",
        DriverStatus: [["driver-type", "io.containerd.snapshotter.v1"]],
      }),
    );
    expect((await client.info()).containerdStore).toBe(true);
  });

  it("does without a driver status", async () => {
    const { client } = await scriptedEngine(json(200, { Driver: "vfs", DriverStatus: null }));
    expect(await client.info()).toMatchObject({ driver: "vfs", containerdStore: false });
  });

  it("refuses an answer of another form", async () => {
    const { client } = await scriptedEngine(json(200, { Driver: 7 }));
    const error = await failureOf(client.info());
    expect(error.code).toBe("ENGINE_PROTOCOL");
    expect(error.message).toContain("GET /v1.41/info in a form that varve does not know: Driver: ");
  });
});

describe("images", () => {
  it("are listed", async () => {
    const { client } = await scriptedEngine(
      json(200, [
        { Id: "sha256:aa", RepoTags: ["web:1", "web:2"], Created: 3, Size: 4 },
        { Id: "bb".repeat(32), RepoTags: null },
        { Id: "sha256:cc", RepoTags: ["<none>:<none>"], Created: 0, Size: 0 },
      ]),
    );
    expect(await client.listImages()).toEqual([
      { id: "sha256:aa", tags: ["web:1", "web:2"], created: 3, size: 4 },
      { id: `sha256:${"bb".repeat(32)}`, tags: [], created: 0, size: 0 },
      { id: "sha256:cc", tags: [], created: 0, size: 0 },
    ]);
  });

  it("are inspected by names that need no care and names that do", async () => {
    const { client, requests } = await scriptedEngine(
      json(200, {
        Id: "sha256:aa",
        RepoTags: ["web:1"],
        Os: "linux",
        Architecture: "amd64",
        Size: 5,
        RootFS: { Type: "layers", Layers: ["sha256:l1", "sha256:l2"] },
      }),
    );
    expect(await client.inspectImage("reg.example:5000/a/web:1")).toEqual({
      id: "sha256:aa",
      tags: ["web:1"],
      diffIds: ["sha256:l1", "sha256:l2"],
      os: "linux",
      architecture: "amd64",
      size: 5,
      manifests: undefined,
    });
    await client.inspectImage("odd?name#x");
    expect(requests.slice(1)).toEqual([
      "GET /v1.41/images/reg.example%3A5000/a/web%3A1/json",
      "GET /v1.41/images/odd%3Fname%23x/json",
    ]);
  });

  it("tell whether their content is there, where the API can", async () => {
    const digest = `sha256:${"ab".repeat(32)}`;
    const inspected = JSON.stringify({
      Id: digest,
      Manifests: [
        { ID: digest, Descriptor: { digest }, Available: false, Kind: "image" },
        { ID: digest, Descriptor: { digest }, Available: true, Kind: "attestation" },
      ],
    });
    const asked: string[] = [];
    const address = await rawServer((socket) => {
      socket.on("data", (chunk) => {
        const head = chunk.toString("latin1");
        asked.push(head.slice(0, head.indexOf(" HTTP")));
        const body = head.includes("_ping") ? "OK" : inspected;
        socket.end(
          `HTTP/1.1 200 OK\r\nApi-Version: 1.48\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
        );
      });
    });
    const client = await connectEngine({ host: address, env: {} });
    expect(await client.inspectImage("web")).toMatchObject({
      diffIds: [],
      manifests: [
        { digest, kind: "image", available: false },
        { digest, kind: "attestation", available: true },
      ],
    });
    expect(asked).toEqual(["GET /_ping", "GET /v1.48/images/web/json?manifests=1"]);
  });

  it("may not be there", async () => {
    const { client } = await scriptedEngine(json(404, { message: "No such image: web:1" }));
    expect(await client.inspectImage("web:1")).toBeUndefined();
    const error = await failureOf(client.removeImage("web:1"));
    expect(error.message).toContain("DELETE /v1.41/images/web%3A1 (404): No such image: web:1");
  });

  it("are named and removed", async () => {
    const { client, requests } = await scriptedEngine((request, response) => {
      response.writeHead(request.method === "POST" ? 201 : 200).end("[]");
    });
    await client.tagImage({ source: "sha256:aa", repository: "reg.example:5000/web", tag: "2" });
    await client.removeImage("web:1");
    expect(requests.slice(1)).toEqual([
      "POST /v1.41/images/sha256%3Aaa/tag?repo=reg.example%3A5000%2Fweb&tag=2",
      "DELETE /v1.41/images/web%3A1",
    ]);
  });
});

describe("an answer that is no success", () => {
  it.each([
    [
      "JSON",
      '{"message":"driver failed: no space left on device"}\n',
      "driver failed: no space left on device",
    ],
    ["text", "page not found\n", "page not found"],
    ["nothing", "", "no reason given"],
    ["other JSON", "[1]", "[1]"],
    [
      "a page",
      "<html><head><title>502 Bad Gateway</title></head></html>",
      'a web page answered, "502 Bad Gateway"; is there a proxy in between?',
    ],
    [
      "a page without a title",
      "<!DOCTYPE html><p>x",
      "a web page answered; is there a proxy in between?",
    ],
    ["a long text", "x".repeat(5000), `${"x".repeat(500)}…`],
  ])("tells its reason from %s", async (_kind, body, reason) => {
    const { client, socket } = await scriptedEngine((_request, response) => {
      response.writeHead(500).end(body);
    });
    const error = await failureOf(client.listImages());
    expect(error.code).toBe("ENGINE_REFUSED");
    expect(error.message).toBe(
      `the Docker engine at unix://${socket} (--host) refuses GET /v1.41/images/json (500): ${reason}`,
    );
  });

  it("says so when the engine needs a newer varve", async () => {
    const message =
      "client version 1.41 is too old. Minimum supported API version is 9.99, please upgrade your client to a newer version";
    const { client } = await scriptedEngine(json(400, { message }));
    const error = await failureOf(client.info());
    expect(error).toMatchObject({ code: "ENGINE_TOO_NEW", hint: "use a newer varve" });
    expect(error.message).toContain("Minimum supported API version is 9.99");
  });

  it("may be cut off", async () => {
    const { client } = await scriptedEngine((_request, response) => {
      response.writeHead(200, { "content-length": 1000 }).write('[{"Id"');
      setTimeout(() => response.destroy(), 20);
    });
    const error = await failureOf(client.listImages());
    expect(error.code).toBe("ENGINE_UNREACHABLE");
  });

  it("may be no JSON at all", async () => {
    const { client } = await scriptedEngine((_request, response) => void response.end("<p>hi"));
    const error = await failureOf(client.listImages());
    expect(error.code).toBe("ENGINE_PROTOCOL");
  });
});

it("ends a call when the signal says so, and the connection with it", async () => {
  const engine = await scriptedEngine(() => undefined);
  await engine.client.ping();
  const abort = new AbortController();
  const call = engine.client.listImages({ signal: abort.signal });
  setTimeout(() => abort.abort(new Error("enough")), 50);
  await expect(call).rejects.toThrow("enough");
  await delay(50);
  expect(await engine.connections()).toBe(0);
});

function json(status: number, value: unknown): Script {
  return (_request, response) => {
    response.writeHead(status, { "content-type": "application/json" });
    response.end(JSON.stringify(value));
  };
}

/** A server that says one thing to everybody, and its address. */
async function answering(text: string): Promise<string> {
  return rawServer((socket) => {
    socket.once("data", () => socket.end(text));
  });
}

async function rawServer(serve: (socket: Socket) => void): Promise<string> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    serve(socket);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return `tcp://127.0.0.1:${address.port}`;
}
