import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { EngineClient } from "../../../src/engine/client.ts";
import { resolveEndpoint } from "../../../src/engine/endpoint.ts";

/** A server over a unix socket that does what the test says: for faults that no real engine makes. */
export interface ScriptedEngine {
  readonly client: EngineClient;
  readonly socket: string;
  /** `METHOD path` of each request so far. */
  readonly requests: readonly string[];
  /** Connections that are open now. */
  connections(): Promise<number>;
}

export type Script = (request: IncomingMessage, response: ServerResponse) => void;

/** Answers the first contact as Docker 20.10 does, everything else as scripted; ends with the test. */
export async function scriptedEngine(script: Script): Promise<ScriptedEngine> {
  const folder = await mkdtemp(join(tmpdir(), "varve-engine-"));
  const socket = join(folder, "engine.sock");
  const requests: string[] = [];
  const server = createServer((request, response) => {
    requests.push(`${request.method} ${request.url}`);
    if (request.url === "/_ping") {
      response.writeHead(200, { "api-version": "1.41", server: "Docker/20.10.24 (linux)" });
      response.end("OK");
    } else {
      script(request, response);
    }
  });
  server.listen(socket);
  await once(server, "listening");
  const client = new EngineClient(await resolveEndpoint({ host: `unix://${socket}`, env: {} }));
  onTestFinished(async () => {
    client.close();
    server.closeAllConnections();
    server.close();
    await rm(folder, { recursive: true });
  });
  return {
    client,
    socket,
    requests,
    connections: () =>
      new Promise((resolve, reject) => {
        server.getConnections((error, count) => (error ? reject(error) : resolve(count)));
      }),
  };
}

/** Calls the script once the request's whole body is there. */
export function afterBody(script: (body: Buffer, response: ServerResponse) => void): Script {
  return (request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => script(Buffer.concat(chunks), response));
  };
}
