import { proposeCompletions } from "@stricli/core";
import type { VarveContext } from "../context.ts";
import type { DebugFlag } from "../flags.ts";
import { application } from "../main.ts";

export async function complete(
  this: VarveContext,
  _flags: DebugFlag,
  ...words: string[]
): Promise<void> {
  const proposals = await proposeCompletions(application(), words, { process: this.process });
  const lines = proposals.map(({ completion }) => `${completion}\n`);
  this.process.stdout.write(lines.join(""));
}
