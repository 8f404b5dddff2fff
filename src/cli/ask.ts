import { createInterface } from "node:readline/promises";
import { Writable } from "node:stream";
import { UsageError, VarveError } from "../errors.ts";

/** Asks a person for a line, on the terminal. @throws UsageError where there is none */
export function ask(question: string): Promise<string> {
  return asked(question, false);
}

/** The same, and what is typed is not shown. */
export function askSecretly(question: string): Promise<string> {
  return asked(question, true);
}

async function asked(question: string, isSecret: boolean): Promise<string> {
  const { stdin, stderr } = process;
  if (!stdin.isTTY) {
    throw new UsageError("there is no terminal to ask on", {
      hint: "give -u NAME and --password-stdin",
    });
  }
  const output = isSecret ? unseen() : stderr;
  const lines = createInterface({ input: stdin, output, terminal: true, historySize: 0 });
  try {
    // Only now does the terminal itself show nothing any more.
    if (isSecret) stderr.write(question);
    return await new Promise<string>((resolve, reject) => {
      lines.once("close", () => {
        reject(new VarveError("INTERRUPTED", "nothing was answered"));
      });
      // The terminal sends no signal meanwhile.
      lines.once("SIGINT", () => {
        lines.close();
        process.kill(process.pid, "SIGINT");
      });
      lines.question(isSecret ? "" : question).then(resolve, reject);
    });
  } finally {
    lines.close();
    if (isSecret) stderr.write("\n");
  }
}

function unseen(): Writable {
  return new Writable({
    write: (_chunk, _encoding, done) => {
      done();
    },
  });
}
