import * as tty from "node:tty";
import { buildApplication, buildRouteMap, run, text_en } from "@stricli/core";
import type { Application, Command, StricliProcess } from "@stricli/core";
import packageJson from "../../package.json" with { type: "json" };
import type { VarveContext } from "./context.ts";
import { errorEvent, errorText, exitCodeOf } from "./report-error.ts";
import { endOnSignals } from "./signals.ts";
import { unknownCommandText, usageText } from "./usage-text.ts";

const USAGE_EXIT_CODE = 2;

/** Commands whose status 1 is an answer, as it is diff's: when there is none, it is 2. */
const ANSWERING = new Set(["diff", "verify"]);

/** In the order of the help. A command's description is loaded when somebody wants to read it. */
const COMMANDS = {
  build: async () => (await import("./commands/build.ts")).buildCommand,
  stream: async () => (await import("./commands/stream.ts")).streamCommand,
  load: async () => (await import("./commands/load.ts")).loadCommand,
  push: async () => (await import("./commands/push.ts")).pushCommand,
  pull: async () => (await import("./commands/pull.ts")).pullCommand,
  copy: async () => (await import("./commands/copy.ts")).copyCommand,
  index: async () => (await import("./commands/index.ts")).indexCommand,
  tag: async () => (await import("./commands/tag.ts")).tagCommand,
  export: async () => (await import("./commands/export.ts")).exportCommand,
  merge: async () => (await import("./commands/merge.ts")).mergeCommand,
  prefetch: async () => (await import("./commands/prefetch.ts")).prefetchCommand,
  init: async () => (await import("./commands/init.ts")).initCommand,
  plan: async () => (await import("./commands/plan.ts")).planCommand,
  lock: async () => (await import("./commands/lock.ts")).lockCommand,
  inspect: async () => (await import("./commands/inspect.ts")).inspectCommand,
  diff: async () => (await import("./commands/diff.ts")).diffCommand,
  verify: async () => (await import("./commands/verify.ts")).verifyCommand,
  digest: async () => (await import("./commands/digest.ts")).digestCommand,
  login: async () => (await import("./commands/login.ts")).loginCommand,
  logout: async () => (await import("./commands/login.ts")).logoutCommand,
  completion: async () => (await import("./commands/completion.ts")).completionCommand,
  __complete: async () => (await import("./commands/completion.ts")).completeCommand,
} satisfies Readonly<Record<string, () => Promise<Command<VarveContext>>>>;

type CommandName = keyof typeof COMMANDS;

const COMMAND_NAMES = Object.keys(COMMANDS) as CommandName[];

/**
 * The command line as stricli knows it: also what completions are made from.
 *
 * @param names the commands that are needed
 */
export async function application(
  reportError: (error: unknown) => string = String,
  names: readonly CommandName[] = COMMAND_NAMES,
): Promise<Application<VarveContext>> {
  const commands = await Promise.all(
    names.map(async (name) => [name, await COMMANDS[name]()] as const),
  );
  const routes = buildRouteMap<string, VarveContext>({
    routes: Object.fromEntries(commands),
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
            COMMAND_NAMES.filter((name) => !name.startsWith("_")),
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
  const app = await application((error) => {
    failed = true;
    return report(error, debug);
  }, commandsFor(inputs));
  await run(app, inputs, {
    process: surroundings,
    commandLine: (words) => application(String, commandsFor(words)),
  });
  const { exitCode } = surroundings;
  if (typeof exitCode !== "number") return 0;
  if (failed && ANSWERING.has(inputs[0]!)) return USAGE_EXIT_CODE;
  // stricli reports wrong usage by negative codes.
  return exitCode < 0 ? USAGE_EXIT_CODE : exitCode;
}

/** What must be known to answer: of other commands than the one that is meant only the help tells. */
export function commandsFor([first = ""]: readonly string[]): readonly CommandName[] {
  if (first === "--version" || first === "-v") return ["completion"];
  const meant = COMMAND_NAMES.filter((name) => name === first);
  return meant.length === 0 ? COMMAND_NAMES : meant;
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
