import { execFile } from "node:child_process";
import * as fs from "node:fs";
import path from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, vi } from "vitest";
import { nixEnvironment } from "./nix.ts";

const run = promisify(execFile);

/** A Nix with a store, a database and caches of its own, which every Nix command here uses. */
export interface PrivateNix {
  readonly folder: string;
  /** Runs a command; its standard output, trimmed. */
  readonly nix: (program: string, ...args: readonly string[]) => Promise<string>;
}

/**
 * Sets up a private Nix for the tests of a `describe`: nothing is left in the machine's store.
 *
 * @param config further lines of nix.conf
 */
export function privateNix(folder: string, config = ""): PrivateNix {
  const variables: Readonly<Record<string, string>> = {
    NIX_STORE_DIR: path.join(folder, "store"),
    NIX_STATE_DIR: path.join(folder, "var"),
    NIX_LOG_DIR: path.join(folder, "log"),
    NIX_CONF_DIR: path.join(folder, "etc"),
    NIX_REMOTE: "",
    XDG_CACHE_HOME: path.join(folder, "cache"),
    HOME: folder,
    NIX_CONFIG: `${nixEnvironment["NIX_CONFIG"]}\nflake-registry = \n${config}`,
  };
  beforeAll(() => {
    for (const [name, value] of Object.entries(variables)) vi.stubEnv(name, value);
    fs.mkdirSync(variables["NIX_STORE_DIR"]!, { recursive: true });
  });
  afterAll(() => {
    vi.unstubAllEnvs();
  });
  return {
    folder,
    nix: async (program, ...args) => {
      const { stdout } = await run(program, args, { cwd: folder, maxBuffer: 1 << 28 });
      return stdout.trim();
    },
  };
}
