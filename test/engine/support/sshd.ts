import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { tmpdir, userInfo } from "node:os";
import { delimiter, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";

const run = promisify(execFile);
const sshdPath = "/usr/sbin/sshd";

/** An SSH server of the test's own on a loopback port, and an `ssh` command that knows its keys. */
export interface TestSshd {
  /** `user@127.0.0.1:port`. */
  readonly address: string;
  /** To be put first on PATH: an `ssh` that uses the test's configuration and keys only. */
  readonly path: string;
  /** The commands that clients have run, as the server's shell got them. */
  commands(): Promise<string[]>;
  stop(): Promise<void>;
}

/** Why no SSH server can be started here, or undefined if one can. In CI that is an error. */
export function sshdAbsent(): string | undefined {
  const missing = ["ssh", "ssh-keygen", "sshd"].filter((name) => !onPath(name));
  if (missing.length === 0) return undefined;
  const reason = `not installed: ${missing.join(", ")}`;
  if (process.env["CI"] === "true") {
    throw new Error(`tests with a real SSH server must run in CI, but: ${reason}`);
  }
  console.warn(`tests with a real SSH server are skipped: ${reason}`);
  return reason;
}

/**
 * Starts sshd.
 *
 * @param environment for the commands that clients run, e.g. a PATH with another `docker`
 */
export async function startSshd(environment: Readonly<Record<string, string>>): Promise<TestSshd> {
  const folder = await mkdtemp(join(tmpdir(), "varve-sshd-"));
  const inFolder = (name: string): string => join(folder, name);
  for (const key of ["host-key", "user-key"]) {
    await run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", inFolder(key)]);
  }
  const port = await freePort();
  await writeFile(inFolder("authorized_keys"), await readFile(inFolder("user-key.pub")));
  const hostKey = await readFile(inFolder("host-key.pub"), "utf8");
  await writeFile(inFolder("known_hosts"), `[127.0.0.1]:${port} ${hostKey}`);
  const exports = Object.entries(environment).map(([name, value]) => `export ${name}='${value}'`);
  await writeFile(
    inFolder("command"),
    [
      "#!/bin/sh",
      ...exports,
      `printf '%s\\n' "$SSH_ORIGINAL_COMMAND" >> '${inFolder("commands")}'`,
      'exec /bin/sh -c "$SSH_ORIGINAL_COMMAND"',
      "",
    ].join("\n"),
    { mode: 0o755 },
  );
  await writeFile(
    inFolder("sshd_config"),
    [
      "ListenAddress 127.0.0.1",
      `Port ${port}`,
      `HostKey ${inFolder("host-key")}`,
      `AuthorizedKeysFile ${inFolder("authorized_keys")}`,
      `ForceCommand ${inFolder("command")}`,
      `PidFile ${inFolder("sshd.pid")}`,
      "PermitRootLogin prohibit-password",
      "PasswordAuthentication no",
      "KbdInteractiveAuthentication no",
      "UsePAM no",
      "StrictModes no",
      "",
    ].join("\n"),
  );
  await writeFile(
    inFolder("ssh_config"),
    [
      "Host *",
      `IdentityFile ${inFolder("user-key")}`,
      "IdentitiesOnly yes",
      "IdentityAgent none",
      `UserKnownHostsFile ${inFolder("known_hosts")}`,
      "StrictHostKeyChecking yes",
      "BatchMode yes",
      "",
    ].join("\n"),
  );
  await mkdir(inFolder("bin"));
  const ssh = await realSsh();
  const wrapper = `#!/bin/sh\nexec '${ssh}' -F '${inFolder("ssh_config")}' "$@"\n`;
  await writeFile(inFolder("bin/ssh"), wrapper, { mode: 0o755 });
  if (process.getuid?.() === 0) await mkdir("/run/sshd", { recursive: true });

  const daemon = spawn(sshdPath, ["-D", "-e", "-f", inFolder("sshd_config")], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  let log = "";
  daemon.stderr.on("data", (chunk: Buffer) => (log += chunk.toString()));
  const stop = async (): Promise<void> => {
    if (daemon.exitCode === null && daemon.signalCode === null) {
      const ended = once(daemon, "exit");
      daemon.kill();
      await ended;
    }
    await rm(folder, { recursive: true, force: true });
  };
  for (let attempt = 0; !(await accepts(port)); attempt += 1) {
    if (attempt > 100 || daemon.exitCode !== null) {
      await stop();
      throw new Error(`sshd did not start: ${log}`);
    }
    await delay(50);
  }
  return {
    address: `${userInfo().username}@127.0.0.1:${port}`,
    path: inFolder("bin"),
    commands: async () => (await readFile(inFolder("commands"), "utf8")).trim().split("\n"),
    stop,
  };
}

function onPath(name: string): boolean {
  const folders = [...(process.env["PATH"] ?? "").split(delimiter), "/usr/sbin"];
  return folders.some((folder) => folder !== "" && existsSync(join(folder, name)));
}

async function realSsh(): Promise<string> {
  return (await run("sh", ["-c", "command -v ssh"])).stdout.trim();
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1", () => {
      socket.destroy();
      resolve(true);
    }).on("error", () => resolve(false));
  });
}
