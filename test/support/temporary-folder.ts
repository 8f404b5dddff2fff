import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { onTestFinished } from "vitest";

/** A folder that is gone when the test is, whatever names and modes its files got. */
export function temporaryFolder(): string {
  const folder = fs.mkdtempSync(path.join(tmpdir(), "varve-test-"));
  onTestFinished(() => {
    removeFolder(folder);
  });
  return folder;
}

/** Removes a folder of the test's own, read-only ones within it, too. */
function removeFolder(folder: string): void {
  try {
    fs.rmSync(folder, { recursive: true, force: true });
  } catch {
    execFileSync("chmod", ["-R", "u+rwX", folder], { stdio: "ignore" });
    execFileSync("rm", ["-rf", folder]);
  }
}
