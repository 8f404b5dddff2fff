import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { connect, createServer } from "node:net";
import type { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Stands between a client and a real engine, and watches what goes there. */
export interface EngineProxy {
  /** As `DOCKER_HOST` wants it. */
  readonly host: string;
  /** Loads that were asked for since the last {@link reset}. */
  readonly loads: number;
  /** Bytes that these brought, headers and framing included. */
  readonly bytes: number;
  reset(): void;
  /** Does this before the next load reaches the engine. */
  beforeNextLoad(act: () => Promise<unknown>): void;
  stop(): Promise<void>;
}

/** A proxy before an engine's socket; a connection carries one request, as varve's do over sockets. */
export async function startEngineProxy(engineSocket: string): Promise<EngineProxy> {
  const folder = await mkdtemp(join(tmpdir(), "varve-proxy-"));
  const socket = join(folder, "engine.sock");
  const open = new Set<Socket>();
  let loads = 0;
  let bytes = 0;
  let before: (() => Promise<unknown>) | undefined;

  const server = createServer({ allowHalfOpen: true }, (client) => {
    open.add(client);
    client.on("error", () => client.destroy());
    client.on("close", () => open.delete(client));
    client.once("data", (first: Buffer) => {
      client.pause();
      const isLoad = /^POST \S+\/images\/load/.test(first.toString("latin1"));
      const act = isLoad ? before : undefined;
      if (isLoad) {
        loads += 1;
        bytes += first.length;
        client.on("data", (chunk: Buffer) => (bytes += chunk.length));
        before = undefined;
      }
      const forward = (): void => {
        const engine = connect({ path: engineSocket, allowHalfOpen: true });
        engine.on("error", () => client.destroy());
        client.on("close", () => engine.destroy());
        engine.write(first);
        client.pipe(engine);
        engine.pipe(client);
      };
      (act?.() ?? Promise.resolve()).then(forward, (error: unknown) => {
        client.end(`HTTP/1.1 500 Broken test\r\ncontent-length: 0\r\n\r\n`);
        throw error;
      });
    });
  });
  server.listen(socket);
  await once(server, "listening");
  return {
    host: `unix://${socket}`,
    get loads() {
      return loads;
    },
    get bytes() {
      return bytes;
    },
    reset: () => {
      loads = 0;
      bytes = 0;
    },
    beforeNextLoad: (act) => {
      before = act;
    },
    stop: async () => {
      for (const client of open) client.destroy();
      server.close();
      await rm(folder, { recursive: true });
    },
  };
}
