import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { startVarve } from "../../support/run-varve.ts";

export interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs varve to its end while this process' own servers go on serving. */
export function startVarveToEnd(
  args: readonly string[],
  options: { readonly env?: NodeJS.ProcessEnv; readonly cwd?: string } = {},
): Promise<Ended> {
  return endOf(startVarve(args, { ...options, stdio: ["ignore", "pipe", "pipe"] }));
}

/** Runs another program so. */
export function ended(
  program: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = process.env,
): Promise<Ended> {
  return endOf(spawn(program, args, { env, stdio: ["ignore", "pipe", "pipe"] }));
}

async function endOf(child: ChildProcess): Promise<Ended> {
  const [stdout, stderr, [status]] = await Promise.all([
    text(child.stdout!),
    text(child.stderr!),
    once(child, "close") as Promise<[number | null]>,
  ]);
  return { status, stdout, stderr };
}
