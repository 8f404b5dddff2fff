import * as tty from "node:tty";
import { buildApplication, buildRouteMap, run, text_en } from "@stricli/core";
import type { Application, StricliProcess } from "@stricli/core";
import packageJson from "../../package.json" with { type: "json" };
import { buildCommand } from "./commands/build.ts";
import { completeCommand, completionCommand } from "./commands/completion.ts";
import { diffCommand } from "./commands/diff.ts";
import { copyCommand } from "./commands/copy.ts";
import { digestCommand } from "./commands/digest.ts";
import { exportCommand } from "./commands/export.ts";
import { indexCommand } from "./commands/index.ts";
import { initCommand } from "./commands/init.ts";
import { inspectCommand } from "./commands/inspect.ts";
import { loadCommand } from "./commands/load.ts";
import { lockCommand } from "./commands/lock.ts";
import { loginCommand, logoutCommand } from "./commands/login.ts";
import { mergeCommand } from "./commands/merge.ts";
import { planCommand } from "./commands/plan.ts";
import { prefetchCommand } from "./commands/prefetch.ts";
import { pullCommand } from "./commands/pull.ts";
import { pushCommand } from "./commands/push.ts";
import { streamCommand } from "./commands/stream.ts";
import { tagCommand } from "./commands/tag.ts";
import { verifyCommand } from "./commands/verify.ts";
import type { VarveContext } from "./context.ts";
import { errorEvent, errorText, exitCodeOf } from "./report-error.ts";
import { endOnSignals } from "./signals.ts";
import { unknownCommandText, usageText } from "./usage-text.ts";

const USAGE_EXIT_CODE = 2;

/** Commands whose status 1 is an answer, as it is diff's: when there is none, it is 2. */
const ANSWERING = new Set(["diff", "verify"]);

const COMMANDS = {
  build: buildCommand,
  stream: streamCommand,
  load: loadCommand,
  push: pushCommand,
  pull: pullCommand,
  copy: copyCommand,
  index: indexCommand,
  tag: tagCommand,
  export: exportCommand,
  merge: mergeCommand,
  prefetch: prefetchCommand,
  init: initCommand,
  plan: planCommand,
  lock: lockCommand,
  inspect: inspectCommand,
  diff: diffCommand,
  verify: verifyCommand,
  digest: digestCommand,
  login: loginCommand,
  logout: logoutCommand,
  completion: completionCommand,
  __complete: completeCommand,
};

/** The command line as stricli knows it: also what completions are made from. */
export function application(
  reportError: (error: unknown) => string = String,
): Application<VarveContext> {
  const routes = buildRouteMap({
    routes: COMMANDS,
    docs: {
      brief: "Build container images out of package closures, reproducibly and finely layered",
      hideRoute: { __complete: true },
    },
  });
  return buildApplication(routes, {
    name: "varve",
    versionInfo: { currentVersion: packageJson.version },
    scanner: { caseStyle: "allow-kebab-for-camel", allowArgumentEscapeSequence: true },
    documentation: {
      caseStyle: "convert-camel-to-kebab",
      useAliasInUsageLine: true,
      onlyRequiredInUsageLine: true,
    },
    determineExitCode: exitCodeOf,
    localization: {
      text: {
        ...text_en,
        exceptionWhileParsingArguments: usageText,
        exceptionWhileRunningCommand: reportError,
        exceptionWhileLoadingCommandFunction: reportError,
        noCommandRegisteredForInput: ({ input }) =>
          unknownCommandText(
            input,
            Object.keys(COMMANDS).filter((name) => !name.startsWith("_")),
          ),
      },
    },
  });
}

/** Runs the command line and sets the process' exit code. */
export async function main(argv: readonly string[]): Promise<void> {
  endOnSignals();
  const status = await execute(argv, lazyProcess());
  if (status !== 0) process.exitCode = status;
}

/**
 * Runs a command line.
 *
 * @returns the exit status: 0, 1 failure, 2 usage
 */
export async function execute(
  argv: readonly string[],
  surroundings: StricliProcess,
): Promise<number> {
  const inputs = argv.map((input) => input.replace(/^--repo_tag(?==|$)/, "--tag"));
  const debug = inputs.includes("--debug");
  if (inputs.length === 0) inputs.push("--help");
  if (inputs[0] === "help") inputs.splice(0, 1, ...inputs.slice(1), "--help");
  const report = isProgressJson(inputs) ? errorEvent : errorText;
  let failed = false;
  const app = application((error) => {
    failed = true;
    return report(error, debug);
  });
  await run(app, inputs, { process: surroundings });
  const { exitCode } = surroundings;
  if (typeof exitCode !== "number") return 0;
  if (failed && ANSWERING.has(inputs[0]!)) return USAGE_EXIT_CODE;
  // stricli reports wrong usage by negative codes.
  return exitCode < 0 ? USAGE_EXIT_CODE : exitCode;
}

/** Whether all of standard error is to be JSON. */
function isProgressJson(inputs: readonly string[]): boolean {
  return inputs.some(
    (input, index) =>
      input === "--progress=json" || (input === "json" && inputs[index - 1] === "--progress"),
  );
}

/**
 * The process' streams, standard output opened only when something is written to it: opening it
 * makes a pipe non-blocking for everybody who shares it, the workers that write images included.
 */
function lazyProcess(): StricliProcess {
  const stdout = { write: (text: string): unknown => process.stdout.write(text) };
  return {
    stdout: tty.isatty(1) ? process.stdout : stdout,
    stderr: process.stderr,
    env: process.env,
    exitCode: null,
  };
}
