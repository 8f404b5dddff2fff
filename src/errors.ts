/** Options every error of varve takes. */
export interface VarveErrorOptions {
  /** What the person can do about it, one sentence. */
  readonly hint?: string;
  /** The error underneath, if any. */
  readonly cause?: unknown;
}

/**
 * An error that a person can act on: what, where, why (the message) and what to do (the hint).
 * The command line prints it in one form and exits with `exitCode`.
 */
export class VarveError extends Error {
  /** Stable, machine-readable name of the situation, e.g. `ENGINE_UNREACHABLE`. */
  readonly code: string;
  readonly hint: string | undefined;
  readonly exitCode: number = 1;

  constructor(code: string, message: string, options: VarveErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = new.target.name;
    this.code = code;
    this.hint = options.hint;
  }
}

/** The command was called wrongly: bad option, bad value, missing argument. Exit status 2. */
export class UsageError extends VarveError {
  override readonly exitCode: number = 2;

  constructor(message: string, options: VarveErrorOptions = {}) {
    super("USAGE", message, options);
  }
}

/** The message of anything thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The `code` of a Node.js system error (`ENOENT`, `EPIPE`, …), or undefined. */
export function systemCodeOf(error: unknown): string | undefined {
  if (error instanceof Error && "code" in error && typeof error.code === "string") {
    return error.code;
  }
  return undefined;
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file",
  ENOTDIR: "there is no such file",
  EISDIR: "it is a folder",
  EACCES: "permission denied",
  EPERM: "permission denied",
};

/** Why a file could not be read or written, without the path, which the caller's message has. */
export function fileReasonOf(error: unknown): string {
  return REASONS[systemCodeOf(error) ?? ""] ?? messageOf(error);
}
