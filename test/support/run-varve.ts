import { spawn, spawnSync } from "node:child_process";
import type { ChildProcess, SpawnOptions } from "node:child_process";
import path from "node:path";

/** The program as a user starts it. */
export const VARVE: string = path.join(import.meta.dirname, "../../bin/varve.mjs");

export interface Finished {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: Buffer;
  readonly stderr: string;
}

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly input?: string;
}

/** Runs varve to its end. Its cache is a throw-away one unless `VARVE_CACHE_DIR` is given. */
export function runVarve(args: readonly string[], options: RunOptions = {}): Finished {
  const { status, signal, stdout, stderr } = spawnSync(process.execPath, [VARVE, ...args], {
    cwd: options.cwd,
    env: environment(options.env),
    input: options.input,
    maxBuffer: 1 << 30,
  });
  return { status, signal, stdout, stderr: stderr.toString("utf8") };
}

/** Starts varve and lets it run. */
export function startVarve(args: readonly string[], options: SpawnOptions = {}): ChildProcess {
  return spawn(process.execPath, [VARVE, ...args], { ...options, env: environment(options.env) });
}

function environment(env: NodeJS.ProcessEnv | undefined): NodeJS.ProcessEnv {
  return { ...process.env, VARVE_CACHE_DIR: "/dev/null/varve-cache", ...env };
}
