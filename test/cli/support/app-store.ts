import * as fs from "node:fs";
import path from "node:path";
import { makeStore, storePath } from "../../sources/nix/support/test-store.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

export const APP = storePath("app-1.0");
export const TOOL = storePath("tool-2.0");
export const DATA = storePath("data");
export const LIBC = storePath("libc");

/** A store with programs: `app` and `tool`, which need `libc`, and `data`, which needs nothing. */
export interface AppStore {
  /** The folder that stands in for `/`. */
  readonly root: string;
  /** Where a store path lies. */
  readonly locate: (storePath: string) => string;
  /** Options that make a command use it, and say nothing while it works. */
  readonly options: readonly string[];
}

export function appStore(): AppStore {
  const root = temporaryFolder();
  const { locate } = makeStore(root, [
    { name: "libc", narSize: 5000 },
    { name: "app-1.0", references: ["libc"], narSize: 3000 },
    { name: "tool-2.0", references: ["libc"], narSize: 2000 },
    { name: "data", narSize: 1000 },
  ]);
  addProgram(locate(APP), "app");
  addProgram(locate(TOOL), "tool");
  return { root, locate, options: ["--store-root", root, "--quiet", "--jobs", "1"] };
}

function addProgram(place: string, name: string): void {
  fs.rmSync(place);
  fs.mkdirSync(path.join(place, "bin"), { recursive: true });
  fs.writeFileSync(path.join(place, "bin", name), `#!${name}\n`, { mode: 0o555 });
}
