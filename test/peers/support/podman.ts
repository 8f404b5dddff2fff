import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";

const run = promisify(execFile);

/** podman's imitation of Docker's API, with a storage of its own. */
export interface TestPodman {
  readonly socket: string;
  /** As `DOCKER_HOST` wants it. */
  readonly host: string;
  /** Runs podman on the same storage; its standard output. */
  podman(...args: string[]): Promise<string>;
  stop(): Promise<void>;
}

export async function startPodman(): Promise<TestPodman> {
  const folder = await mkdtemp(join(tmpdir(), "varve-podman-"));
  const socket = join(folder, "podman.sock");
  const storage = [`--root=${folder}/root`, `--runroot=${folder}/run`, "--storage-driver=vfs"];
  const service = spawn(
    "podman",
    [...storage, "system", "service", "--time=0", `unix://${socket}`],
    { stdio: "ignore" },
  );
  for (let attempt = 0; attempt < 400 && !existsSync(socket); attempt += 1) await delay(50);
  return {
    socket,
    host: `unix://${socket}`,
    podman: async (...args) => (await run("podman", [...storage, ...args])).stdout,
    stop: async () => {
      const ended = once(service, "exit");
      service.kill();
      await ended;
      await rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
    },
  };
}
