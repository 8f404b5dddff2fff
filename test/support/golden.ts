import * as fs from "node:fs";
import path from "node:path";

/** Results made by the peers' own tools, beside the repository (see its README). */
const FOLDER = path.join(import.meta.dirname, "../../../shared/golden");

/** Whether the golden files are here. In CI they must be: a test may not silently check nothing. */
export function hasGolden(): boolean {
  const found = fs.existsSync(FOLDER);
  if (!found && process.env["CI"] === "true") throw new Error(`no golden files in ${FOLDER}`);
  return found;
}

export function goldenFiles(kind: string): string[] {
  if (!hasGolden()) return [];
  return fs.readdirSync(path.join(FOLDER, kind)).filter((name) => name.endsWith(".json"));
}

/** The content is what the caller says it is: see the golden files' own README. */
export function readGolden(kind: string, name: string): unknown {
  return JSON.parse(fs.readFileSync(path.join(FOLDER, kind, name), "utf8"));
}
