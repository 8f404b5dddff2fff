import { buildCommand as command } from "@stricli/core";
import { completionScript, SHELLS } from "../completion-scripts.ts";
import type { Shell } from "../completion-scripts.ts";
import type { VarveContext } from "../context.ts";
import { workFlags } from "../flags.ts";
import type { DebugFlag } from "../flags.ts";

export const completionCommand = command<DebugFlag, [Shell], VarveContext>({
  func(_flags, shell) {
    this.process.stdout.write(completionScript(shell));
  },
  parameters: {
    flags: { debug: workFlags.debug },
    positional: {
      kind: "tuple",
      parameters: [
        {
          brief: "bash, zsh or fish",
          placeholder: "shell",
          parse: (input) => {
            const shell = SHELLS.find((name) => name === input);
            if (shell === undefined) throw new Error(`"${input}" is none of ${SHELLS.join(", ")}`);
            return shell;
          },
          proposeCompletions: () => SHELLS,
        },
      ],
    },
  },
  docs: {
    brief: "Print a completion script for a shell",
    customUsage: ["bash|zsh|fish"],
    fullDescription:
      "Prints a completion script for a shell.\n\n" +
      '  eval "$(varve completion bash)"\n' +
      "  varve completion fish > ~/.config/fish/completions/varve.fish",
  },
});

/** Called by the completion scripts: prints proposals for the words typed so far. */
export const completeCommand = command<DebugFlag, string[], VarveContext>({
  loader: async () => (await import("../run/complete.ts")).complete,
  parameters: {
    flags: { debug: workFlags.debug },
    positional: {
      kind: "array",
      parameter: { brief: "Words typed so far", parse: String, placeholder: "word" },
    },
  },
  docs: { brief: "Propose completions" },
});
