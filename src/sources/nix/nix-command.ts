import { spawn } from "node:child_process";
import { systemCodeOf, VarveError } from "../../errors.ts";

export interface NixCommandOptions {
  /** What is done, for the error: `nix build .#app`. */
  readonly what: string;
  /** Nix's own messages go to the user as they come; otherwise they are kept for the error. */
  readonly showMessages: boolean;
}

/**
 * Runs a Nix program and returns what it prints.
 *
 * @throws VarveError `NIX_MISSING`, `NIX_FAILED` with Nix's own words
 */
export async function runNix(
  program: "nix" | "nix-store",
  args: readonly string[],
  options: NixCommandOptions,
): Promise<string> {
  const child = spawn(program, args, {
    stdio: ["ignore", "pipe", options.showMessages ? "inherit" : "pipe"],
  });
  const output: Buffer[] = [];
  const messages: Buffer[] = [];
  child.stdout?.on("data", (chunk: Buffer) => output.push(chunk));
  child.stderr?.on("data", (chunk: Buffer) => messages.push(chunk));
  const status = await new Promise<number | null>((resolve, reject) => {
    child.once("error", (error) => {
      reject(missing(program, error));
    });
    child.once("close", resolve);
  });
  if (status === 0) return Buffer.concat(output).toString("utf8");
  const said = Buffer.concat(messages).toString("utf8").trim();
  throw new VarveError(
    "NIX_FAILED",
    `${options.what} failed${said === "" ? "" : `:\n${said}`}`,
    said === "" ? { hint: "Nix's own messages above say why" } : {},
  );
}

function missing(program: string, error: Error): VarveError {
  if (systemCodeOf(error) !== "ENOENT") {
    return new VarveError("NIX_FAILED", `${program} cannot be run: ${error.message}`, {
      cause: error,
    });
  }
  return new VarveError("NIX_MISSING", `${program} is not installed, or not on PATH`, {
    cause: error,
    hint: "install Nix, or give store paths of a store whose database can be read",
  });
}

/** Options under which the `nix` command and flakes work without a configuration of their own. */
export const NIX_FEATURES: readonly string[] = [
  "--extra-experimental-features",
  "nix-command flakes",
];
