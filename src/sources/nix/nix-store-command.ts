import { parseRegistration } from "./graph-text.ts";
import { runNix } from "./nix-process.ts";
import type { NixStore } from "./store.ts";
import { pathThatIsNotValid } from "./path-info-command.ts";
import type { PathInfo } from "./path-info.ts";

/** Paths on one command line: far below any system's limit. */
const BATCH = 500;

/**
 * The closure of store paths, asked from `nix-store`, for versions without `nix path-info`:
 * `-qR` lists the paths, `--dump-db` tells references, sizes and hashes of many at once.
 *
 * @throws VarveError `STORE_PATH_INVALID`, `NIX_MISSING`, `NIX_FAILED`
 */
export async function closureFromNixStore(
  store: NixStore,
  roots: readonly string[],
): Promise<PathInfo[]> {
  const ask = async (operation: readonly string[], paths: readonly string[]): Promise<string> => {
    const args = [...operation, ...store.commandOptions, ...paths];
    const what = `nix-store ${operation.join(" ")}`;
    try {
      return await runNix({ program: "nix-store", args, what, messages: "kept" });
    } catch (error) {
      throw pathThatIsNotValid(error) ?? error;
    }
  };
  const listed = await ask(["--query", "--requisites"], roots);
  const paths = [...new Set(listed.split("\n"))].filter((line) => line !== "");
  const infos: PathInfo[] = [];
  for (let from = 0; from < paths.length; from += BATCH) {
    const records = await ask(["--dump-db"], paths.slice(from, from + BATCH));
    infos.push(...parseRegistration(records, "nix-store --dump-db"));
  }
  return infos;
}
