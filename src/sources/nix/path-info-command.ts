import { VarveError } from "../../errors.ts";
import { parseGraphJson } from "./graph-json.ts";
import { parseJson } from "./json-value.ts";
import { runNix } from "./nix-process.ts";
import type { NixStore } from "./store.ts";
import { invalidStorePath } from "./path-info.ts";
import type { PathInfo } from "./path-info.ts";

/** Whatever of a closure is missing is reported, not fetched. */
const NO_FETCHING = ["--option", "substitute", "false"];

/**
 * The closure of store paths, asked from `nix path-info --json --recursive` (Nix 2.4 and later).
 *
 * @throws VarveError `STORE_PATH_INVALID`, `NIX_MISSING`, `NIX_FAILED`
 */
export async function closureFromPathInfo(
  store: NixStore,
  roots: readonly string[],
): Promise<PathInfo[]> {
  const features = ["--extra-experimental-features", "nix-command"];
  const options = [...features, ...store.commandOptions, ...NO_FETCHING, "--recursive", "--json"];
  const ask = (format: readonly string[]): Promise<string> =>
    runNix({
      program: "nix",
      args: ["path-info", ...options, ...format, "--", ...roots],
      what: "nix path-info",
      messages: "kept",
    });
  try {
    const output = await ask([]).catch((error: unknown) => {
      // Nix 2.33 warns that it will one day insist on being told which format is wanted.
      if (isFailure(error, /--json-format/)) return ask(["--json-format", "2"]);
      throw error;
    });
    return parseGraphJson(parseJson(output, "nix path-info"), "nix path-info");
  } catch (error) {
    throw pathThatIsNotValid(error) ?? error;
  }
}

/** Nix' own complaint about a path, as ours. */
export function pathThatIsNotValid(error: unknown): VarveError | undefined {
  if (!isFailure(error, /is not valid/)) return undefined;
  const path = /path '([^']+)' is not valid/.exec(error.message)?.[1];
  return path === undefined ? undefined : invalidStorePath(path);
}

function isFailure(error: unknown, message: RegExp): error is VarveError {
  return error instanceof VarveError && error.code === "NIX_FAILED" && message.test(error.message);
}
