import { removeUnfinishedFiles } from "../io/unfinished-files.ts";

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/**
 * Ends the process at once when it is told to: removes what is half written, then dies of the
 * signal itself, as a shell expects. Dying so also ends workers that wait for a pipe, which no
 * orderly exit could.
 */
export function endOnSignals(): void {
  for (const signal of SIGNALS) {
    process.once(signal, () => {
      removeUnfinishedFiles();
      process.kill(process.pid, signal);
    });
  }
}
