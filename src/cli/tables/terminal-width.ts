import * as tty from "node:tty";

/** Columns of standard output if it is a terminal: what goes into a pipe or file is never cut. */
export function terminalWidth(): number | undefined {
  return tty.isatty(1) && process.stdout.columns > 0 ? process.stdout.columns : undefined;
}
