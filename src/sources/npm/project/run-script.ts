import { spawn } from "node:child_process";
import path from "node:path";
import { VarveError } from "../../../errors.ts";
import { nearest } from "../../../wording/nearest.ts";
import { findLockfile, requireManifest } from "../lockfile/read-lock.ts";

/** Of a script's output, what its failure shows: the end, where the reason stands. */
const LINES_SHOWN = 60;

/**
 * Runs a script of the project's own, by the program that its lockfile belongs to.
 *
 * @param note told what is run
 * @throws VarveError `NPM_NO_SCRIPT`, `NPM_SCRIPT` with the script's output
 */
export async function runScript(
  folder: string,
  script: string,
  note: (message: string) => void,
): Promise<void> {
  const { scripts = {} } = requireManifest(folder);
  const command = scripts[script];
  if (command === undefined) {
    const names = Object.keys(scripts);
    const meant = nearest(script, names);
    throw new VarveError("NPM_NO_SCRIPT", `${folder}/package.json has no script "${script}"`, {
      hint:
        meant === undefined
          ? `it has ${names.length === 0 ? "none" : names.join(", ")}`
          : `did you mean "${meant}"?`,
    });
  }
  const program = managerOf(findLockfile(folder));
  const words = `${program} run ${script}`;
  note(`${words}: ${command}`);
  const { status, output } = await outputOf(program, ["run", script], folder, words);
  if (status === 0) return;
  const how = typeof status === "number" ? `with status ${status}` : `by ${status ?? "a signal"}`;
  const shown = output.trimEnd().split(/\r?\n/).slice(-LINES_SHOWN).join("\n");
  const said = shown === "" ? "" : `; it said:\n${shown}`;
  throw new VarveError("NPM_SCRIPT", `${words} in ${folder} ended ${how}${said}`, {
    hint: `try it alone: ${words}`,
  });
}

function managerOf(lockfile: string): string {
  switch (path.basename(lockfile)) {
    case "pnpm-lock.yaml":
      return "pnpm";
    case "yarn.lock":
      return "yarn";
    default:
      return "npm";
  }
}

/** A program's exit status, or the signal that ended it, and all that it said, as it came. */
function outputOf(
  program: string,
  args: readonly string[],
  cwd: string,
  words: string,
): Promise<{ readonly status: number | NodeJS.Signals | null; readonly output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd, stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text: string) => {
        output += text;
      });
    }
    child.on("error", (cause) => {
      reject(
        new VarveError("NPM_SCRIPT", `${words} cannot be run: ${cause.message}`, {
          cause,
          hint: `is ${program} installed? The project's lockfile is ${program}'s`,
        }),
      );
    });
    child.on("close", (code, signal) => {
      resolve({ status: code ?? signal, output });
    });
  });
}
