import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Scope } from "./scope.ts";

/** A folder that goes when the test ends. */
export function tempDir(scope: Scope): string {
  const dir = mkdtempSync(join(tmpdir(), "redis-webserver-"));
  scope.after(() => rmSync(dir, { recursive: true, force: true, maxRetries: 5 }));
  return dir;
}
