import { spawn } from "node:child_process";
import { once } from "node:events";
import { homedir } from "node:os";
import { join } from "node:path";

/**
 * Whether the engines of Debian 13 are to be tested: only when `VARVE_TEST_DEBIAN13=1` asks for it,
 * in CI too, since making its folder takes minutes and 1 GB.
 */
export function debian13Wanted(): boolean {
  return process.env["VARVE_TEST_DEBIAN13"] === "1";
}

/**
 * A folder with Debian 13 and its engines (Docker 26.1, containerd 1.7, podman 5.4, skopeo, umoci),
 * made when it is not there yet and kept in the user's cache folder for the next time.
 */
export async function debian13Root(): Promise<string> {
  const cache = process.env["XDG_CACHE_HOME"] ?? "";
  const root = join(cache === "" ? join(homedir(), ".cache") : cache, "varve-tests/debian13");
  const making = spawn(join(import.meta.dirname, "debian13-root.sh"), [root], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  let said = "";
  making.stderr.setEncoding("utf8").on("data", (text: string) => (said += text));
  const [status] = (await once(making, "close")) as [number | null];
  if (status !== 0)
    throw new Error(`no folder with Debian 13 could be made:\n${said.slice(-4000)}`);
  return root;
}
