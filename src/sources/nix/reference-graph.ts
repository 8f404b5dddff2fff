import type { Closure } from "../../closure/closure.ts";
import { narInfosOf } from "./closure-of.ts";
import { readGraph } from "./graph-file.ts";
import { closureOfInfos } from "./path-info.ts";
import type { PathInfo } from "./path-info.ts";
import type { NixStore } from "./store.ts";

/**
 * The closure that a file describes (`readGraph` says which files). What the file does not tell of
 * sizes and hashes is taken from the store, if there is one; nothing of the closure need be on
 * disk.
 *
 * @param onNotice told when sizes stay unknown
 * @throws VarveError `GRAPH_UNREADABLE`, `GRAPH_INVALID`, `STORE_PATH_INVALID`, and those of
 * `Closure.of`
 */
export async function closureOfGraph(
  file: string,
  store: NixStore,
  onNotice: (message: string) => void = () => {},
): Promise<Closure> {
  const infos = readGraph(file);
  const lacking = infos.filter(({ narSize, narHash }) => narSize === undefined || !narHash);
  if (lacking.length === 0) return closureOfInfos(infos);
  const paths = lacking.map(({ path }) => path);
  const known = await narInfosOf(store, paths);
  const completed = infos.map((info): PathInfo => Object.assign({}, known.get(info.path), info));
  const unknown = completed.filter(({ narSize }) => narSize === undefined).length;
  if (unknown > 0) {
    onNotice(
      `neither ${file} nor the Nix store tells the sizes of ${unknown} of ${infos.length} store ` +
        "paths; they count as 0 bytes",
    );
  }
  return closureOfInfos(completed);
}
