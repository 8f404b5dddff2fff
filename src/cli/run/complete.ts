import { proposeCompletions } from "@stricli/core";
import type { VarveContext } from "../context.ts";
import type { DebugFlag } from "../flags.ts";

export async function complete(
  this: VarveContext,
  _flags: DebugFlag,
  ...words: string[]
): Promise<void> {
  const app = await this.commandLine?.(words);
  if (app === undefined) return;
  const proposals = await proposeCompletions(app, words, { process: this.process });
  // Options are proposed to whoever begins one: without proposals the shell proposes files.
  const isOption = words.at(-1)?.startsWith("-") === true;
  const fitting = proposals.filter(({ kind }) => isOption || kind !== "argument:flag");
  this.process.stdout.write(fitting.map(({ completion }) => `${completion}\n`).join(""));
}
