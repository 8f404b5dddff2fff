import { spawn } from "node:child_process";
import type { SpawnOptionsWithoutStdio } from "node:child_process";

/** Runs a program, feeds it, and gives what it writes; fails with what it complains of. */
export async function runWith(
  program: string,
  args: readonly string[],
  input: Uint8Array | AsyncIterable<Uint8Array> = new Uint8Array(),
  options: SpawnOptionsWithoutStdio = {},
): Promise<Buffer> {
  const child = spawn(program, args, options);
  const output: Buffer[] = [];
  let complaint = "";
  child.stdout.on("data", (part: Buffer) => output.push(part));
  child.stderr.on("data", (part: Buffer) => (complaint += part.toString("utf8")));
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  // It may end before it has read everything; its status says whether that was right.
  child.stdin.on("error", () => undefined);
  const chunks = input instanceof Uint8Array ? [input] : input;
  for await (const chunk of chunks) {
    if (!child.stdin.write(chunk) && child.exitCode === null) {
      await Promise.race([new Promise((resolve) => child.stdin.once("drain", resolve)), ended]);
    }
  }
  child.stdin.end();
  const status = await ended;
  if (status === 0) return Buffer.concat(output);
  throw new Error(`${program} ended with ${status}: ${complaint.slice(-2000)}`);
}
