import type { Application, CommandContext, StricliProcess } from "@stricli/core";

/** What a command gets from its surroundings, so that it can be run and watched in a test. */
export interface VarveContext extends CommandContext {
  readonly process: StricliProcess;
  /** The command line as far as it is needed to complete these words. */
  readonly commandLine?: (words: readonly string[]) => Promise<Application<VarveContext>>;
}
