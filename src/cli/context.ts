import type { CommandContext, StricliProcess } from "@stricli/core";

/** What a command gets from its surroundings, so that it can be run and watched in a test. */
export interface VarveContext extends CommandContext {
  readonly process: StricliProcess;
}
