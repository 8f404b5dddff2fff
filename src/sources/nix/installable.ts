import { VarveError } from "../../errors.ts";
import { isObject, parseJson } from "./json-value.ts";
import type { JsonFields } from "./json-value.ts";
import { runNix } from "./nix-process.ts";
import type { NixStore } from "./store.ts";

export interface InstallableOptions {
  readonly store: NixStore;
  /** Further arguments for Nix: `--override-input nixpkgs path:…`, `--impure`, `--option k v`. */
  readonly nixArgs?: readonly string[] | undefined;
  /** Keeps Nix' progress and messages from standard error; of a failure they are told all the same. */
  readonly quiet?: boolean | undefined;
  /** Told what Nix says, line by line, instead of standard error. */
  readonly onMessage?: ((line: string) => void) | undefined;
}

/** Outputs that hold programs come first: the first root is what an image is named after and runs. */
const FIRST_OUTPUTS = ["bin", "out"];

/**
 * Builds installables and returns their outputs' store paths, by their logical names, each once, in
 * the installables' order. What Nix says goes to standard error as it is said.
 *
 * @throws VarveError `NIX_FAILED`, `NIX_MISSING`
 */
export async function buildInstallables(
  installables: readonly string[],
  options: InstallableOptions,
): Promise<string[]> {
  if (installables.length === 1) return build(installables, options);
  // All at once is quicker, but Nix answers in an order of its own, so that each is asked for again.
  await build(installables, options);
  const paths: string[] = [];
  for (const installable of installables) {
    paths.push(...(await build([installable], { ...options, quiet: true })));
  }
  return [...new Set(paths)];
}

async function build(
  installables: readonly string[],
  options: InstallableOptions,
): Promise<string[]> {
  const output = await runFlakeCommand("build", ["--no-link", "--json"], installables, options);
  const built = parseJson(output, "nix build");
  const paths = (Array.isArray(built) ? built : []).flatMap(outputsOf);
  if (paths.length > 0) return paths;
  throw new VarveError("NIX_FAILED", `nix build ${installables.join(" ")} told no output`);
}

/** Runs a subcommand of `nix` with what makes flakes and the store work; its standard output. */
export async function runFlakeCommand(
  subcommand: "build" | "eval",
  args: readonly string[],
  installables: readonly string[],
  { store, nixArgs = [], quiet = false, onMessage }: InstallableOptions,
): Promise<string> {
  const features = ["--extra-experimental-features", "nix-command flakes"];
  const options = [...features, ...store.commandOptions, ...args, ...nixArgs];
  try {
    return await runNix({
      program: "nix",
      args: [subcommand, ...options, "--", ...installables],
      what: `nix ${subcommand} ${installables.join(" ")}`,
      messages: quiet ? "kept" : (onMessage ?? "shown"),
    });
  } catch (error) {
    const bare = installables.find(isRegistryName);
    if (bare === undefined || isFileNamed(nixArgs)) throw error;
    throw withRegistryHint(error, bare);
  }
}

const FILE_OPTIONS = new Set(["-f", "--file", "-E", "--expr"]);

/** Whether Nix is told a file or an expression, in which installables are attributes. */
export function isFileNamed(nixArgs: readonly string[]): boolean {
  return nixArgs.some((argument) => FILE_OPTIONS.has(argument));
}

/** Arguments with which installables are what they are without a file. */
export function withoutFile(nixArgs: readonly string[]): string[] {
  return nixArgs.filter(
    (argument, index) => !FILE_OPTIONS.has(argument) && !FILE_OPTIONS.has(nixArgs[index - 1] ?? ""),
  );
}

/** `nixpkgs`: to Nix a name in the flake registry, but seldom meant as one. */
export function isRegistryName(installable: string): boolean {
  return /^[a-z][\w-]*$/i.test(installable);
}

function withRegistryHint(error: unknown, name: string): unknown {
  if (!(error instanceof VarveError) || error.code !== "NIX_FAILED") return error;
  return new VarveError(error.code, error.message, {
    cause: error,
    hint: `"${name}" is the name of a flake here; a package of the flake in this folder is .#${name}, one of nixpkgs is nixpkgs#${name}`,
  });
}

/**
 * Something that was built is `{drvPath, outputs: {name: path}}`. What was in the store already is
 * `{path}` in older versions of Nix and a string in newer ones.
 */
function outputsOf(built: unknown): string[] {
  if (typeof built === "string") return [built];
  if (!isObject(built)) return [];
  const { path, outputs } = built;
  const paths = isObject(outputs) ? inOrder(outputs) : [path];
  return paths.filter((value) => typeof value === "string");
}

function inOrder(outputs: JsonFields): unknown[] {
  const first = FIRST_OUTPUTS.filter((name) => name in outputs);
  const others = Object.keys(outputs).filter((name) => !FIRST_OUTPUTS.includes(name));
  return [...first, ...others].map((name) => outputs[name]);
}
