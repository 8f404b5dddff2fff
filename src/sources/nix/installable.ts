import { VarveError } from "../../errors.ts";
import { isObject, parseJson } from "./json-value.ts";
import { runNix } from "./nix-process.ts";
import type { NixStore } from "./store.ts";

export interface InstallableOptions {
  readonly store: NixStore;
  /** Further arguments for Nix: `--override-input nixpkgs path:…`, `--impure`, `--option k v`. */
  readonly nixArgs?: readonly string[] | undefined;
  /** Keeps Nix' progress and messages from standard error; of a failure they are told all the same. */
  readonly quiet?: boolean | undefined;
}

/**
 * Builds installables, all in one go, and returns their outputs' store paths, by their logical
 * names, in order. What Nix says goes to standard error as it is said.
 *
 * @throws VarveError `NIX_FAILED`, `NIX_MISSING`
 */
export async function buildInstallables(
  installables: readonly string[],
  options: InstallableOptions,
): Promise<string[]> {
  const output = await runFlakeCommand("build", ["--no-link", "--json"], installables, options);
  const built = parseJson(output, "nix build");
  const paths = (Array.isArray(built) ? built : []).flatMap(outputsOf);
  if (paths.length > 0) return [...new Set(paths)];
  throw new VarveError("NIX_FAILED", `nix build ${installables.join(" ")} told no output`);
}

/** Runs a subcommand of `nix` with what makes flakes and the store work; its standard output. */
export function runFlakeCommand(
  subcommand: "build" | "eval",
  args: readonly string[],
  installables: readonly string[],
  { store, nixArgs = [], quiet = false }: InstallableOptions,
): Promise<string> {
  const features = ["--extra-experimental-features", "nix-command flakes"];
  return runNix({
    program: "nix",
    args: [
      subcommand,
      ...features,
      ...store.commandOptions,
      ...args,
      ...nixArgs,
      "--",
      ...installables,
    ],
    what: `nix ${subcommand} ${installables.join(" ")}`,
    messages: quiet ? "kept" : "shown",
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
  const paths = isObject(outputs) ? Object.values(outputs) : [path];
  return paths.filter((value) => typeof value === "string");
}
