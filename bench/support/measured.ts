import { spawnSync } from "node:child_process";
import path from "node:path";

export const VARVE: string = path.join(import.meta.dirname, "../../bin/varve.mjs");

export interface Measured {
  /** By the clock. */
  readonly seconds: number;
  /** Of all processors, by all programs of the command. */
  readonly processor: number;
  /** Of the largest program, in MB. */
  readonly memory: number;
}

/** Runs a shell command under GNU time. */
export function measured(command: string, env: NodeJS.ProcessEnv = {}): Measured {
  const begun = performance.now();
  const args = ["-f", "%U %S %M", "bash", "-o", "pipefail", "-c", command];
  const { status, stderr } = spawnSync("/usr/bin/time", args, {
    encoding: "utf8",
    env: { ...process.env, ...env },
    stdio: ["ignore", "ignore", "pipe"],
  });
  if (status !== 0) throw new Error(`${command}: ${stderr}`);
  const seconds = (performance.now() - begun) / 1000;
  const figures = stderr.trim().split("\n").at(-1)!.split(" ").map(Number);
  const [user = 0, system = 0, memory = 0] = figures;
  return { seconds, processor: user + system, memory: memory / 1000 };
}

export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
}
