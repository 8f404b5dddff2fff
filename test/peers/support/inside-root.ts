import { join } from "node:path";

/**
 * The beginning of a command that runs with another Debian as its file system, in which a folder of
 * the test's own is seen under its own path and nothing else of this machine.
 */
export function insideRoot(root: string, folder: string): readonly string[] {
  return [join(import.meta.dirname, "inside-root.sh"), root, folder];
}
