import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { runNix } from "./nix.ts";

const run = promisify(execFile);

/** A file system that holds a closure of store paths and, besides, only empty folders and accounts. */
export interface BareRoot {
  /** Where it is on this machine. */
  readonly folder: string;
  /** The store paths in it. */
  readonly closure: readonly string[];
  /**
   * Runs a program with the file system as its root and its own processes; its standard output, trimmed.
   *
   * @param variables environment besides PATH, HOME and TMPDIR, each `NAME=value`
   */
  run(
    command: readonly string[],
    options?: { readonly input?: string; readonly variables?: readonly string[] },
  ): Promise<string>;
  /** Deletes it. */
  remove(): Promise<void>;
}

/**
 * Copies the closure of store paths into a root of its own. Programs run there see nothing of this
 * machine: a library or helper that the references do not name is not found.
 *
 * @param packages store paths; the `bin` folders of their closure are on PATH, theirs first
 */
export async function makeBareRoot(...packages: readonly string[]): Promise<BareRoot> {
  const closure = (await runNix("nix-store", "--query", "--requisites", ...packages)).split("\n");
  const folder = await mkdtemp(path.join(tmpdir(), "varve-bare-root-"));
  await Promise.all(
    ["nix/store", "proc", "tmp", "etc"].map((name) =>
      mkdir(path.join(folder, name), { recursive: true }),
    ),
  );
  await writeFile(path.join(folder, "etc/passwd"), "root:x:0:0:root:/tmp:/bin/sh\n");
  await run("cp", ["--archive", "--reflink=auto", ...closure, path.join(folder, "nix/store")]);

  const searchPath = [...new Set([...packages, ...closure])]
    .map((storePath) => `${storePath}/bin`)
    .filter((programs) => existsSync(programs))
    .join(":");
  const inside = [
    "--mount",
    "--pid",
    "--fork",
    `--mount-proc=${path.join(folder, "proc")}`,
    ...(process.getuid?.() === 0 ? [] : ["--map-root-user"]),
    "env",
    "--ignore-environment",
    `PATH=${searchPath}`,
    "HOME=/tmp",
    "TMPDIR=/tmp",
  ];
  return {
    folder,
    closure,
    async run(command, { input = "", variables = [] } = {}) {
      // chroot by its path, as PATH is that of the root already.
      const changeRoot = ["/usr/sbin/chroot", folder];
      const started = run("unshare", [...inside, ...variables, ...changeRoot, ...command]);
      // A program need not read its input.
      started.child.stdin?.on("error", () => {});
      started.child.stdin?.end(input);
      const { stdout } = await started;
      return stdout.trim();
    },
    async remove() {
      // Folders from the store cannot be written to.
      await run("chmod", ["--recursive", "u+w", path.join(folder, "nix")]);
      await rm(folder, { recursive: true, force: true });
    },
  };
}
