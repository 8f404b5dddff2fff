import { spawn, spawnSync } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";

import { freePort } from "./free-port.ts";
import { tempDir } from "./temp-dir.ts";
import { until } from "./until.ts";
import type { Scope } from "./scope.ts";

const available = spawnSync("redis-server", ["--version"]).status === 0;

/**
 * For the `skip` of a test that needs a real Redis: without one it is skipped on a person's machine,
 * and fails where tests must not be skipped.
 */
export const skipWithoutRedis: string | false =
  available || process.env["CI"] === "true" ? false : "redis-server is not installed";

/** A real Redis of the test's own, which keeps its data over restarts. */
export class RedisServer {
  readonly port: number;
  readonly #arguments: readonly string[];
  #process: ChildProcess | null = null;

  private constructor(port: number, args: readonly string[]) {
    this.port = port;
    this.#arguments = args;
  }

  /** Starts a server that ends with the test. `args` are options of redis-server. */
  static async start(scope: Scope, args: string[] = []): Promise<RedisServer> {
    const dir = tempDir(scope);
    const port = await freePort();
    const listen = args.includes("--tls-port") ? ["--port", "0"] : ["--port", String(port)];
    const always = ["--bind", "127.0.0.1", "--dir", dir, "--appendonly", "yes", "--save", ""];
    const server = new RedisServer(port, [
      ...listen,
      ...always,
      "--appendfsync",
      "always",
      ...args.map((arg) => arg.replace("PORT", String(port))),
    ]);
    scope.after(() => server.kill());
    await server.run();
    return server;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  /** Starts the server, again if need be, and waits until it takes connections. */
  async run(): Promise<void> {
    const child = spawn("redis-server", this.#arguments, { stdio: ["ignore", "pipe", "inherit"] });
    this.#process = child;
    let output = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => (output += text));
    await until("redis-server starts", () => {
      if (child.exitCode !== null) throw new Error(`redis-server ended:\n${output}`);
      return output.includes("Ready to accept connections");
    });
  }

  /** Ends it at once, as a crash would. */
  async kill(): Promise<void> {
    const child = this.#process;
    this.#process = null;
    if (child === null || child.exitCode !== null) return;
    child.kill("SIGKILL");
    await once(child, "exit");
  }

  /** Stops it in its tracks: connections stay open and nothing answers. */
  freeze(): void {
    this.#process?.kill("SIGSTOP");
  }

  thaw(): void {
    this.#process?.kill("SIGCONT");
  }
}
