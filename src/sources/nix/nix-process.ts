import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { messageOf, systemCodeOf, VarveError } from "../../errors.ts";

export interface NixCall {
  readonly program: "nix" | "nix-store";
  readonly args: readonly string[];
  /** What is done, for errors: `nix build .#app`. */
  readonly what: string;
  readonly messages: NixMessages;
}

/**
 * Where what Nix says while it works goes: to the user, with its progress on a terminal; into the
 * error, should there be one; or, line by line, to whom it is told.
 */
type NixMessages = "shown" | "kept" | ((line: string) => void);

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/**
 * Runs a Nix command and returns its standard output. Signals that would end us reach it, too.
 *
 * @throws VarveError `NIX_MISSING` when there is no such program, `NIX_FAILED` when it fails
 */
export async function runNix(call: NixCall): Promise<string> {
  const { program, args, messages } = call;
  const child = spawn(program, args, {
    stdio: ["inherit", "pipe", messages === "shown" ? "inherit" : "pipe"],
  });
  const forget = passSignalsTo(child);
  try {
    const ended = once(child, "close");
    const [[status, signal], output, kept] = await Promise.all([
      ended,
      child.stdout === null ? "" : text(child.stdout),
      child.stderr === null ? "" : said(child.stderr, messages),
    ]);
    if (status === 0) return output;
    throw failure(
      call,
      signal === null ? `failed with status ${status}` : `was ended by ${signal}`,
      kept,
    );
  } catch (error) {
    if (error instanceof VarveError) throw error;
    throw cannotStart(program, error);
  } finally {
    forget();
  }
}

/** What is said, unless it is told to somebody as it is said. */
async function said(stream: Readable, messages: NixMessages): Promise<string> {
  if (typeof messages !== "function") return text(stream);
  for await (const line of createInterface(stream)) messages(line);
  return "";
}

/** Hands signals on to a child while it runs; whoever else listens to them does so as before. */
function passSignalsTo(child: ChildProcess): () => void {
  const forget = (): void => {
    for (const signal of SIGNALS) process.off(signal, pass);
  };
  const pass = (signal: NodeJS.Signals): void => {
    forget();
    child.kill(signal);
    // Listening has switched the signal's own effect off. Ours is the only listener that must not.
    if (process.listenerCount(signal) === 0) process.kill(process.pid, signal);
  };
  for (const signal of SIGNALS) process.prependListener(signal, pass);
  return forget;
}

function failure({ what, messages }: NixCall, how: string, kept: string): VarveError {
  const reason = kept === "" ? "" : `: ${inOneLine(kept)}`;
  const hint = messages === "kept" ? {} : { hint: "Nix' own messages above say why" };
  return new VarveError("NIX_FAILED", `${what} ${how}${reason}`, hint);
}

/** What is said from the first error on, without warnings and progress before it. */
function inOneLine(kept: string): string {
  const beginning = kept.search(/^error:/m);
  const lines = (beginning === -1 ? kept : kept.slice(beginning)).split("\n");
  return lines
    .map((line) => line.trim())
    .filter((line) => line !== "")
    .join(" ");
}

function cannotStart(program: string, error: unknown): VarveError {
  if (systemCodeOf(error) === "ENOENT") {
    return new VarveError("NIX_MISSING", `${program} is not on the PATH`, {
      cause: error,
      hint:
        "install Nix (https://nixos.org/download), or describe the closure with a graph file " +
        "(nix path-info --json -r, made where Nix is)",
    });
  }
  return new VarveError("NIX_FAILED", `${program} cannot be started: ${messageOf(error)}`, {
    cause: error,
  });
}
