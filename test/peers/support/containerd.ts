import { execFile, spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createWriteStream, existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";
import { insideRoot } from "./inside-root.ts";

const run = promisify(execFile);
const startSeconds = 60;

/** A containerd of the test's own, without Docker. */
export interface TestContainerd {
  /** Its folder; files for it must lie here. */
  readonly folder: string;
  /** Runs `ctr` against it; its standard output. Throws with its standard error. */
  ctr(...args: string[]): Promise<string>;
  /** Starts `ctr` with pipes, for what is written to it or ended before its time. */
  startCtr(...args: string[]): ChildProcess;
  stop(): Promise<void>;
}

/**
 * Starts containerd with everything in a temporary folder and waits until it answers.
 *
 * @param root folder of another Debian whose containerd and ctr are taken, else this machine's
 */
export async function startContainerd(root?: string): Promise<TestContainerd> {
  const folder = await mkdtemp(join(tmpdir(), "varve-containerd-"));
  const socket = join(folder, "sock");
  const config = join(folder, "config.toml");
  await writeFile(
    config,
    `version = 2
root = "${folder}/data"
state = "${folder}/state"
disabled_plugins = ["io.containerd.grpc.v1.cri"]
[grpc]
  address = "${socket}"
`,
  );
  const [program = "", ...inside] =
    root === undefined ? ["unshare", "--mount", "--propagation=private"] : insideRoot(root, folder);
  const daemon = spawn(program, [...inside, "containerd", "--config", config], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  const log = join(folder, "log");
  daemon.stderr.pipe(createWriteStream(log));
  const killAtExit = (): boolean => daemon.kill("SIGTERM");
  process.on("exit", killAtExit);
  const stop = async (): Promise<void> => {
    process.off("exit", killAtExit);
    if (daemon.exitCode === null && daemon.signalCode === null) {
      const ended = once(daemon, "exit");
      daemon.kill("SIGTERM");
      await ended;
    }
    await rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  };

  const [client, ...clientArgs] = [
    ...(root === undefined ? [] : insideRoot(root, folder)),
    "ctr",
    `--address=${socket}`,
  ];
  const ctr = async (...args: string[]): Promise<string> => {
    const { stdout } = await run(client, [...clientArgs, ...args], { maxBuffer: 64 << 20 });
    return stdout;
  };
  const startCtr = (...args: string[]): ChildProcess => spawn(client, [...clientArgs, ...args]);

  const deadline = Date.now() + startSeconds * 1000;
  for (;;) {
    try {
      if (existsSync(socket)) await ctr("version");
      else throw new Error("there is no socket");
      return { folder, ctr, startCtr, stop };
    } catch (error) {
      if (Date.now() < deadline && daemon.exitCode === null) {
        await delay(100);
        continue;
      }
      const said = await readFile(log, "utf8");
      await stop();
      throw new Error(`containerd did not start:\n${said.slice(-4000)}`, { cause: error });
    }
  }
}
