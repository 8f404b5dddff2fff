import * as fs from "node:fs";
import path from "node:path";

/** An entry of a store path, as the golden files describe it. */
interface TreeEntry {
  /** Relative to the store path; empty for the store path itself. */
  readonly path: string;
  readonly type: "directory" | "file" | "symlink" | "hardlink";
  /** Octal. */
  readonly mode?: string;
  readonly text?: string;
  readonly repeat?: number;
  readonly target?: string;
}

export interface StorePathTree {
  readonly path: string;
  readonly entries: readonly TreeEntry[];
}

/** Creates store paths under a folder that stands in for `/`. */
export function createStorePaths(root: string, storePaths: readonly StorePathTree[]): void {
  for (const { path: storePath, entries } of storePaths) {
    const at = (relative: string): string => path.join(root, storePath, relative);
    for (const entry of entries) create(at(entry.path), entry, at);
    for (const entry of entries.toReversed()) {
      if (entry.type === "directory") fs.chmodSync(at(entry.path), modeOf(entry));
    }
  }
}

function create(file: string, entry: TreeEntry, at: (relative: string) => string): void {
  fs.mkdirSync(path.dirname(file), { recursive: true });
  switch (entry.type) {
    case "directory":
      fs.mkdirSync(file, { recursive: true });
      return;
    case "file":
      fs.writeFileSync(file, (entry.text ?? "").repeat(entry.repeat ?? 1));
      fs.chmodSync(file, modeOf(entry));
      return;
    case "symlink":
      fs.symlinkSync(entry.target ?? "", file);
      return;
    case "hardlink":
      fs.linkSync(at(entry.target ?? ""), file);
  }
}

function modeOf(entry: TreeEntry): number {
  return Number.parseInt(entry.mode ?? "0555", 8);
}
