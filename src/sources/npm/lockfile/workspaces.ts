import * as fs from "node:fs";
import path from "node:path";
import { readManifest } from "./manifest.ts";
import type { Manifest } from "./manifest.ts";

/** A folder of the project that is a package of its own; the root is `""`. */
export interface Workspace {
  readonly folder: string;
  readonly manifest: Manifest;
}

/**
 * The root and its workspaces, sorted by folder.
 *
 * @param patterns that name them [the manifest's]
 */
export function findWorkspaces(root: string, patterns?: readonly string[]): Workspace[] {
  const manifest = readManifest(root) ?? {};
  const found = new Map<string, Manifest>([["", manifest]]);
  for (const pattern of patterns ?? patternsIn(manifest)) {
    const isExclusion = pattern.startsWith("!");
    const bare = path.posix.normalize(isExclusion ? pattern.slice(1) : pattern).replace(/\/$/, "");
    const options = {
      cwd: root,
      exclude: (name: string) => path.basename(name) === "node_modules",
    };
    for (const match of fs.globSync(bare, options)) {
      const folder = match.split(path.sep).join("/");
      if (isExclusion) {
        found.delete(folder);
        continue;
      }
      const own = readManifest(path.join(root, folder));
      if (own !== undefined && !folder.startsWith("..")) found.set(folder, own);
    }
  }
  return [...found]
    .map(([folder, own]) => ({ folder, manifest: own }))
    .toSorted((a, b) => (a.folder < b.folder ? -1 : 1));
}

function patternsIn({ workspaces = [] }: Manifest): readonly string[] {
  if (Array.isArray(workspaces)) return workspaces as readonly string[];
  return (workspaces as { packages?: readonly string[] }).packages ?? [];
}
