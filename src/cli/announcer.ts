import type { ReportProgress } from "../progress/events.ts";
import { createReporter } from "../progress/reporters.ts";
import type { Reporter } from "../progress/reporters.ts";
import type { InstallableOptions } from "../sources/nix/installable.ts";
import type { WorkFlags } from "./flags.ts";

/** Tells a person or a machine what a command is doing, on standard error. */
export class Announcer {
  /** Where Nix' own messages go, so that all of standard error has the form that was asked for. */
  readonly nixMessages: Pick<InstallableOptions, "quiet" | "onMessage">;
  readonly #reporter: Reporter;

  constructor({ quiet, progress }: WorkFlags) {
    const mode = quiet ? "quiet" : progress;
    this.#reporter = createReporter(mode, process.stderr);
    this.nixMessages = {
      quiet: mode === "quiet",
      onMessage:
        mode === "json"
          ? (line) => {
              this.note(line);
            }
          : undefined,
    };
  }

  get report(): ReportProgress {
    return this.#reporter.report;
  }

  note(message: string): void {
    this.#reporter.report({ kind: "note", message });
  }

  /** Leaves the terminal tidy for whatever is printed next. */
  finish(): void {
    this.#reporter.finish();
  }
}
