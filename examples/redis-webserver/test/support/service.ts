import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

import { until } from "./until.ts";
import type { Scope } from "./scope.ts";

const MAIN = fileURLToPath(new URL("../../src/main.ts", import.meta.url));

type LogLine = Readonly<Record<string, unknown>>;

/** The service as a process of its own, on a port of the system's choice. */
export class Service {
  readonly process: ChildProcess;
  stdout = "";
  stderr = "";

  private constructor(env: NodeJS.ProcessEnv) {
    const { PATH, CI } = process.env;
    this.process = spawn(process.execPath, [MAIN], {
      env: { PATH, CI, HOST: "127.0.0.1", PORT: "0", ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.process.stdout?.setEncoding("utf8").on("data", (text: string) => (this.stdout += text));
    this.process.stderr?.setEncoding("utf8").on("data", (text: string) => (this.stderr += text));
  }

  /** Starts it without waiting for anything. */
  static spawn(scope: Scope, env: NodeJS.ProcessEnv = {}): Service {
    const service = new Service(env);
    scope.after(() => service.process.kill("SIGKILL"));
    return service;
  }

  /** Starts it and waits until it listens. */
  static async start(scope: Scope, env: NodeJS.ProcessEnv = {}): Promise<Service> {
    const service = Service.spawn(scope, env);
    await until("the service listens", () => {
      if (service.process.exitCode !== null) throw new Error(service.stdout + service.stderr);
      return service.port;
    });
    return service;
  }

  get port(): number {
    return Number(/istening .*http:\/\/[^"]*:(\d+)/.exec(this.stdout)?.[1] ?? 0);
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  get log(): LogLine[] {
    const lines = this.stdout.split("\n").filter((line) => line !== "");
    return lines.map((line) => JSON.parse(line) as LogLine);
  }

  /** Asks the service for something; gives up after five seconds. */
  async fetch(path: string, init: RequestInit = {}): Promise<Response> {
    return fetch(this.url + path, { signal: AbortSignal.timeout(5000), ...init });
  }

  async json(path: string, init: RequestInit = {}): Promise<{ status: number; body: any }> {
    const response = await this.fetch(path, init);
    return { status: response.status, body: await response.json() };
  }

  async put(key: string, value: string): Promise<{ status: number; body: any }> {
    return this.json(`/api/kv/${encodeURIComponent(key)}`, {
      method: "PUT",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ value }),
    });
  }

  async untilReady(): Promise<void> {
    await until("the service is ready", async () => (await this.fetch("/readyz")).ok);
  }

  /** Its exit code, once it has ended; a string names the signal that ended it. */
  async exit(): Promise<number | string> {
    if (this.process.exitCode === null && this.process.signalCode === null) {
      await once(this.process, "exit");
    }
    return this.process.exitCode ?? this.process.signalCode ?? "unknown";
  }
}
