import { once } from "node:events";
import * as net from "node:net";
import type { AddressInfo } from "node:net";

/** A way to a server that counts what goes towards it, and that can be cut at any byte. */
export class Cable {
  /** Bytes that have been taken towards the server. */
  sent = 0;
  readonly #server: net.Server;
  readonly #open = new Set<net.Socket>();
  #points: Array<{ readonly at: number; readonly reached: () => void }> = [];

  private constructor(target: string) {
    const [host, port] = target.split(":");
    this.#server = net.createServer({ allowHalfOpen: true }, (client) => {
      const server = net.connect({ host: host!, port: Number(port), allowHalfOpen: true });
      for (const socket of [client, server]) {
        this.#open.add(socket);
        socket.on("error", () => undefined);
        socket.on("close", () => {
          this.#open.delete(socket);
          client.destroy();
          server.destroy();
        });
      }
      server.pipe(client);
      client.on("data", (chunk: Buffer) => {
        this.#pass(chunk, client, server);
      });
      client.on("end", () => server.end());
    });
  }

  static async to(target: string): Promise<Cable> {
    const cable = new Cable(target);
    cable.#server.listen(0, "127.0.0.1");
    await once(cable.#server, "listening");
    return cable;
  }

  /** `127.0.0.1:PORT`. */
  get host(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Counts from nothing again. What is to happen happens when so many bytes have been sent. */
  begin(...points: ReadonlyArray<{ readonly at: number; readonly reached: () => void }>): void {
    this.sent = 0;
    this.#points = points.toSorted((a, b) => a.at - b.at);
  }

  /** All connections break at once. */
  readonly cut = (): void => {
    for (const socket of this.#open) socket.destroy();
  };

  close(): void {
    this.cut();
    this.#server.close();
  }

  #pass(chunk: Buffer, client: net.Socket, server: net.Socket): void {
    let from = 0;
    for (;;) {
      const [point] = this.#points;
      if (point === undefined || this.sent + chunk.length - from < point.at) break;
      const until = from + Math.max(0, point.at - this.sent);
      server.write(chunk.subarray(from, until));
      this.sent += until - from;
      from = until;
      this.#points.shift();
      point.reached();
      if (client.destroyed) return;
    }
    this.sent += chunk.length - from;
    if (server.write(chunk.subarray(from))) return;
    client.pause();
    server.once("drain", () => client.resume());
  }
}
