import * as fs from "node:fs";
import path from "node:path";
import { onTestFinished, vi } from "vitest";
import { temporaryFolder } from "../../../support/temporary-folder.ts";

/**
 * Puts a `nix` on the PATH that behaves like versions of Nix which cannot be installed here: a
 * shell script that gets the command line in `"$*"`.
 *
 * @returns tells the command lines so far
 */
export function standInNix(script: string): () => string[] {
  const folder = temporaryFolder();
  const log = path.join(folder, "log");
  fs.writeFileSync(
    path.join(folder, "nix"),
    `#!/bin/sh\nprintf '%s\\n' "$*" >> '${log}'\n${script}\n`,
    { mode: 0o755 },
  );
  vi.stubEnv("PATH", `${folder}:${process.env["PATH"]}`);
  onTestFinished(() => {
    vi.unstubAllEnvs();
  });
  return () => fs.readFileSync(log, "utf8").trim().split("\n");
}
