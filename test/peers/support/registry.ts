import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A registry of the test's own, the reference implementation, without TLS or login. */
export interface TestRegistry {
  /** `127.0.0.1:PORT`, which Docker takes without TLS. */
  readonly address: string;
  stop(): Promise<void>;
}

/** Starts `docker-registry` on a free port, everything in a temporary folder. */
export async function startRegistry(): Promise<TestRegistry> {
  const folder = await mkdtemp(join(tmpdir(), "varve-registry-"));
  const config = join(folder, "config.yml");
  const settings = {
    version: 0.1,
    storage: { filesystem: { rootdirectory: join(folder, "data") } },
    http: { addr: "127.0.0.1:0" },
  };
  // JSON is YAML, too.
  await writeFile(config, JSON.stringify(settings));
  const server = spawn("docker-registry", ["serve", config], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  const killAtExit = (): boolean => server.kill("SIGTERM");
  process.on("exit", killAtExit);
  const stop = async (): Promise<void> => {
    process.off("exit", killAtExit);
    if (server.exitCode === null && server.signalCode === null) {
      const ended = once(server, "exit");
      server.kill("SIGTERM");
      await ended;
    }
    await rm(folder, { recursive: true, force: true });
  };

  let said = "";
  const address = await new Promise<string | undefined>((resolve) => {
    server.stderr.setEncoding("utf8").on("data", (text: string) => {
      said += text;
      const port = /listening on 127\.0\.0\.1:(\d+)/.exec(said)?.[1];
      if (port !== undefined) resolve(`127.0.0.1:${port}`);
    });
    server.on("error", () => resolve(undefined)).on("exit", () => resolve(undefined));
  });
  if (address === undefined) {
    await stop();
    throw new Error(`docker-registry did not start:\n${said}`);
  }
  return { address, stop };
}
