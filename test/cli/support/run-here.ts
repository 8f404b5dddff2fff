import { execute } from "../../../src/cli/main.ts";

/** Runs a command line in this process: quicker than the program, for commands that need no workers. */
export async function runHere(
  ...args: readonly string[]
): Promise<{ status: number; stdout: string; stderr: string }> {
  const said = { stdout: "", stderr: "" };
  const stream = (name: "stdout" | "stderr"): { write: (text: string) => void } => ({
    write: (text) => {
      said[name] += text;
    },
  });
  const status = await execute(args, {
    stdout: stream("stdout"),
    stderr: stream("stderr"),
    env: {},
    exitCode: null,
  });
  return { status, ...said };
}
