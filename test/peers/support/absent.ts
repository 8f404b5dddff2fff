import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";

/**
 * Whether programs are missing that a test needs, or root is, for `describe.skipIf(...)`. In CI
 * (`CI=true`) that is an error instead.
 */
export function absent(programs: readonly string[]): boolean {
  const folders = (process.env["PATH"] ?? "").split(delimiter).filter((folder) => folder !== "");
  const missing = programs.filter(
    (program) => !folders.some((folder) => existsSync(join(folder, program))),
  );
  const reason =
    missing.length > 0
      ? `not installed: ${missing.join(", ")}`
      : process.getuid?.() === 0
        ? undefined
        : `${programs.join(", ")} need root`;
  if (reason === undefined) return false;
  if (process.env["CI"] === "true") throw new Error(`must be tested in CI, but: ${reason}`);
  console.warn(`skipped: ${reason}`);
  return true;
}
