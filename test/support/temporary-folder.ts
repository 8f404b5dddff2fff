import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { onTestFinished } from "vitest";

/** A folder that is gone when the test is, whatever names and modes its files got. */
export function temporaryFolder(): string {
  const folder = fs.mkdtempSync(path.join(tmpdir(), "varve-test-"));
  onTestFinished(() => {
    execFileSync("chmod", ["-R", "u+rwX", folder], { stdio: "ignore" });
    execFileSync("rm", ["-rf", folder]);
  });
  return folder;
}
