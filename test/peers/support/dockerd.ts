import { execFile, spawn, spawnSync } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { randomInt } from "node:crypto";
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { request } from "node:http";
import { networkInterfaces, tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { existsSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";
import { insideRoot } from "./inside-root.ts";

/** A Docker engine of the test's own: no container, image, network or setting is shared with others. */
export interface TestDockerd {
  /** Temporary folder of this engine; a test may put files into it. */
  readonly folder: string;
  /** Path of the API socket. */
  readonly socket: string;
  /** The same as `DOCKER_HOST` wants it, `unix://…`. */
  readonly host: string;
  /** IPv4 address under which containers reach this machine, and this machine's servers bound to it. */
  readonly gateway: string;
  /** Environment that makes any `docker` command talk to this engine and to nothing of the user's. */
  readonly env: NodeJS.ProcessEnv;
  /** Runs the `docker` command line against this engine; its standard output, trimmed. Throws with its standard error. */
  docker(...args: string[]): Promise<string>;
  /** What the engine has written to its log so far. */
  log(): Promise<string>;
  /** Removes all containers, ends the engine and removes all that it left. */
  stop(): Promise<void>;
}

/** What a test may ask of its engine. */
export interface TestDockerdOptions {
  /** Further arguments for dockerd, e.g. `["--host", "tcp://127.0.0.1:1234", "--tlsverify", …]`. */
  readonly args?: readonly string[];
  /** Where images are kept; the containerd store needs Docker 24 or later. [classic] */
  readonly store?: "classic" | "containerd";
  /** Folder of another Debian whose dockerd is taken, see `debian13.ts`. [this machine's] */
  readonly root?: string;
}

const startSeconds = 60;

/**
 * dockerd with mounts of its own, so that none of them outlives it, and with a /etc/docker of its
 * own, because old versions take their engine ID from a key in there.
 */
const ownMounts = ["unshare", "--mount", "--propagation=private", "sh", "-c"];
const inOwnMounts =
  'mkdir -p /etc/docker && mount --bind "$1" /etc/docker && shift && exec dockerd "$@"';

const run = promisify(execFile);

/**
 * Why no engine can be started here, or undefined if one can: for `describe.skipIf(...)`.
 * In CI (`CI=true`) a missing engine is an error instead.
 */
export function dockerdAbsent(): string | undefined {
  const missing = ["dockerd", "docker", "ip", "unshare"].filter((name) => !onPath(name));
  const reason =
    missing.length > 0
      ? `not installed: ${missing.join(", ")}`
      : process.getuid?.() === 0
        ? undefined
        : "dockerd needs root";
  if (reason !== undefined) {
    if (process.env["CI"] === "true") {
      throw new Error(`tests with a real Docker engine must run in CI, but: ${reason}`);
    }
    console.warn(`tests with a real Docker engine are skipped: ${reason}`);
  }
  return reason;
}

/**
 * Starts dockerd with everything in a temporary folder and waits until it answers.
 *
 * It has its own bridge and address range and keeps its hands off the machine's firewall
 * (`--iptables=false`), so that several engines can run side by side. Ports published on 127.0.0.1
 * are served by Docker's userland proxy, which needs no firewall rules.
 */
export async function startDockerd(options: TestDockerdOptions = {}): Promise<TestDockerd> {
  const folder = await mkdtemp(join(tmpdir(), "varve-dockerd-"));
  const socket = join(folder, "docker.sock");
  const logFile = join(folder, "dockerd.log");
  const network = await addBridge();
  await mkdir(join(folder, "docker-config"));
  await mkdir(join(folder, "etc-docker"));
  const features = { "containerd-snapshotter": true };
  const settings = options.store === "containerd" ? { features } : {};
  await writeFile(join(folder, "daemon.json"), JSON.stringify(settings));

  const [program = "", ...startDaemon] =
    options.root === undefined
      ? [...ownMounts, inOwnMounts, "dockerd", join(folder, "etc-docker")]
      : [...insideRoot(options.root, folder), "dockerd"];
  const daemon = spawn(
    program,
    [
      ...startDaemon,
      `--config-file=${join(folder, "daemon.json")}`,
      `--data-root=${join(folder, "data")}`,
      `--exec-root=${join(folder, "exec")}`,
      `--pidfile=${join(folder, "dockerd.pid")}`,
      `--host=unix://${socket}`,
      `--bridge=${network.bridge}`,
      `--default-address-pool=base=${network.pool},size=24`,
      "--iptables=false",
      "--ip6tables=false",
      "--ip-masq=false",
      "--ip-forward=false",
      ...(options.args ?? []),
    ],
    { stdio: ["ignore", "pipe", "pipe"], env: daemonEnvironment() },
  );
  const log = createWriteStream(logFile);
  daemon.stdout.pipe(log, { end: false });
  daemon.stderr.pipe(log, { end: false });
  // For a test run that ends without reaching stop(), e.g. by an interrupt.
  const killAtExit = (): void => {
    daemon.kill("SIGTERM");
    spawnSync("ip", ["link", "delete", network.bridge]);
  };
  process.on("exit", killAtExit);

  const env: NodeJS.ProcessEnv = {
    ...daemonEnvironment(),
    DOCKER_HOST: `unix://${socket}`,
    DOCKER_CONFIG: join(folder, "docker-config"),
  };
  const docker = async (...args: string[]): Promise<string> => {
    const { stdout } = await run("docker", args, { env, maxBuffer: 64 << 20 });
    return stdout.trim();
  };
  const cleanUp = async (): Promise<void> => {
    await endProcess(daemon);
    process.off("exit", killAtExit);
    log.end();
    await run("ip", ["link", "delete", network.bridge]);
    await rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  };

  try {
    await waitUntilReady(daemon, socket);
  } catch (error) {
    const said = await readFile(logFile, "utf8");
    await cleanUp();
    throw new Error(`dockerd did not start:\n${said.slice(-4000)}`, { cause: error });
  }
  return {
    folder,
    socket,
    host: `unix://${socket}`,
    gateway: network.gateway,
    env,
    docker,
    log: () => readFile(logFile, "utf8"),
    stop: async () => {
      const containers = (await docker("ps", "--all", "--quiet")).split("\n").filter(Boolean);
      if (containers.length > 0) {
        await docker("rm", "--force", "--volumes", ...containers);
      }
      await cleanUp();
    },
  };
}

function onPath(name: string): boolean {
  const folders = (process.env["PATH"] ?? "").split(delimiter);
  return folders.some((folder) => folder !== "" && existsSync(join(folder, name)));
}

/** The test's environment without the variables that would point Docker elsewhere. */
function daemonEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !name.startsWith("DOCKER_")),
  );
}

interface Network {
  readonly bridge: string;
  readonly gateway: string;
  readonly pool: string;
}

/** A bridge with an unused address: 10.N.0.1/24, and 10.N.128.0/17 for networks that a test makes. */
async function addBridge(): Promise<Network> {
  const used = new Set(
    Object.values(networkInterfaces())
      .flat()
      .map((address) => address?.address.split(".", 2).join(".")),
  );
  for (let attempt = 0; attempt < 50; attempt++) {
    const octet = randomInt(64, 250);
    const bridge = `varve${octet}`;
    if (used.has(`10.${octet}`)) {
      continue;
    }
    try {
      // Fails if another test run has just taken the name: the name is the lock on the range.
      await run("ip", ["link", "add", bridge, "type", "bridge"]);
    } catch {
      continue;
    }
    const gateway = `10.${octet}.0.1`;
    await run("ip", ["address", "add", `${gateway}/24`, "dev", bridge]);
    await run("ip", ["link", "set", bridge, "up"]);
    return { bridge, gateway, pool: `10.${octet}.128.0/17` };
  }
  throw new Error(
    "found no free 10.N.0.0/16 network for a test engine (may bridges be added here?)",
  );
}

async function waitUntilReady(daemon: ChildProcess, socket: string): Promise<void> {
  const deadline = Date.now() + startSeconds * 1000;
  let failed: Error | undefined;
  daemon.once("error", (error) => (failed = error));
  while (!(await pings(socket))) {
    if (failed !== undefined || daemon.exitCode !== null || daemon.signalCode !== null) {
      throw failed ?? new Error(`dockerd ended with ${daemon.exitCode ?? daemon.signalCode}`);
    }
    if (Date.now() > deadline) {
      throw new Error(`dockerd does not answer after ${startSeconds} s`);
    }
    await delay(100);
  }
}

function pings(socket: string): Promise<boolean> {
  return new Promise((resolve) => {
    request({ socketPath: socket, path: "/_ping" }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    })
      .on("error", () => resolve(false))
      .end();
  });
}

async function endProcess(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) {
    return;
  }
  const ended = once(child, "exit");
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), 20_000);
  await ended;
  clearTimeout(timer);
}
