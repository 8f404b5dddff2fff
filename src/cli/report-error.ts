import { messageOf, VarveError } from "../errors.ts";

/** Exit status of a command that failed for a reason nobody foresaw. */
const INTERNAL_EXIT_CODE = 1;

/** What is printed of an error: one form for all. */
export function errorText(error: unknown, debug: boolean): string {
  const lines: string[] = [];
  if (error instanceof VarveError) {
    lines.push(`varve: ${error.message}`);
    if (error.hint !== undefined) lines.push(`varve: hint: ${error.hint}`);
  } else {
    lines.push(`varve: internal error: ${messageOf(error)}`);
    if (!debug) lines.push("varve: hint: run again with --debug and report what it prints");
  }
  if (debug && error instanceof Error) lines.push(traceOf(error));
  return lines.join("\n");
}

/** The same for machines that read progress as JSON: one more event. */
export function errorEvent(error: unknown, debug: boolean): string {
  const { code, hint } =
    error instanceof VarveError ? error : { code: "INTERNAL", hint: undefined };
  const stack = debug && error instanceof Error ? traceOf(error) : undefined;
  return JSON.stringify({ kind: "error", code, message: messageOf(error), hint, stack });
}

export function exitCodeOf(error: unknown): number {
  return error instanceof VarveError ? error.exitCode : INTERNAL_EXIT_CODE;
}

function traceOf(error: Error): string {
  const own = error.stack ?? String(error);
  return error.cause instanceof Error ? `${own}\ncaused by: ${traceOf(error.cause)}` : own;
}
