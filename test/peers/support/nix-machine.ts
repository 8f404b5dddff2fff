import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, chown, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { repository } from "./nix.ts";

const run = promisify(execFile);

/** Whom nobody has given rights to. */
const NOBODY = 65_534;

/** A Nix with a daemon, build users and a store that nobody else may write to. */
export interface NixMachine {
  /** Open to everybody; `varve` in it is the repository, `home` is the user's. */
  readonly folder: string;
  /** Runs a script of bash as a user without rights, in its home; its standard output, trimmed. */
  asUser(script: string, variables?: NodeJS.ProcessEnv): Promise<string>;
  /** The same as root, in the same folder. */
  asRoot(script: string, variables?: NodeJS.ProcessEnv): Promise<string>;
  /** Ends the daemon, and removes what was added to the store. */
  stop(): Promise<void>;
}

/**
 * Starts one above this machine's store, which is not changed.
 *
 * @param settings nix.conf of the daemon and of everybody
 * @param env whose `PATH` decides which Nix it is
 * @param shown a folder that the user may look into although only root may look where it is
 */
export async function startNixMachine(
  settings: readonly string[],
  env: NodeJS.ProcessEnv = process.env,
  shown = "",
): Promise<NixMachine> {
  const folder = await mkdtemp(path.join(tmpdir(), "varve-nix-machine-"));
  await chmod(folder, 0o755);
  await writeFile(path.join(folder, "nix.conf"), `${settings.join("\n")}\n`);
  const home = path.join(folder, "home");
  await mkdir(home);
  await chown(home, NOBODY, NOBODY);
  const homeOfRoot = path.join(folder, "root");
  await mkdir(homeOfRoot);
  // The repository may lie where only root may look.
  const varve = path.join(folder, "varve");
  await mkdir(varve);
  const files =
    'git ls-files -z --cached --others --exclude-standard | tar --null --files-from=- -c | tar -x -C "$0"';
  await run("sh", ["-c", files, varve], { cwd: repository });

  const plain: NodeJS.ProcessEnv = {
    PATH: env["PATH"],
    NIX_CONF_DIR: folder,
    LC_ALL: "C.UTF-8",
  };
  const script = path.join(import.meta.dirname, "nix-machine.sh");
  const machine = spawn(script, [folder, shown], { env: plain, stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  machine.stderr.setEncoding("utf8").on("data", (text: string) => (said += text));
  const ended = once(machine, "exit");
  await Promise.race([once(machine.stdout, "data"), ended]);
  if (machine.exitCode !== null) throw new Error(`no Nix with a daemon could be started:\n${said}`);

  const inside = ["--target", String(machine.pid), "--mount", "--wd=/"];
  const asSomebody =
    (user: readonly string[], ownHome: string) =>
    async (text: string, variables: NodeJS.ProcessEnv = {}): Promise<string> => {
      const command = [...user, "bash", "--norc", "-euo", "pipefail", "-c", `cd ${home}; ${text}`];
      const { stdout } = await run("nsenter", [...inside, ...command], {
        env: { ...plain, HOME: ownHome, ...variables },
        maxBuffer: 1 << 28,
      });
      return stdout.trim();
    };
  const drop = ["setpriv", `--reuid=${NOBODY}`, `--regid=${NOBODY}`, "--clear-groups"];
  return {
    folder,
    asUser: asSomebody(drop, home),
    asRoot: asSomebody([], homeOfRoot),
    async stop() {
      machine.kill("SIGTERM");
      await ended;
      await rm(folder, { recursive: true, force: true });
    },
  };
}
