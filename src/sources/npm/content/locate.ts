import * as fs from "node:fs";
import path from "node:path";
import { lookupPlaces } from "../layout/lookup.ts";
import type { Lock } from "../lockfile/lock.ts";

/**
 * Where packages lie on disk, as Node would find them from those that depend on them, whatever
 * program installed them in whatever layout. What is not found is not in the result.
 *
 * @param keys of the lock, the project's own folders among them
 */
export function locateInstalled(lock: Lock, keys: readonly string[]): Map<string, string> {
  return lock.layout === "placed" ? atTheirPlaces(lock, keys) : byLookup(lock, keys);
}

function atTheirPlaces(lock: Lock, keys: readonly string[]): Map<string, string> {
  const found = new Map<string, string>();
  for (const key of keys) {
    const folder = path.join(lock.root, key);
    if (isPackage(folder)) found.set(key, folder);
  }
  return found;
}

function byLookup(lock: Lock, keys: readonly string[]): Map<string, string> {
  const wanted = new Set(keys);
  const found = new Map<string, string>();
  for (const folder of lock.folders) {
    if (wanted.has(folder)) found.set(folder, path.join(lock.root, folder));
  }
  // A map is walked in the order of insertion, what is added on the way included.
  for (const [key, folder] of found) {
    for (const [name, { to }] of lock.packages.get(key)!.dependencies) {
      if (found.has(to) || !wanted.has(to)) continue;
      const place = lookup(lock.root, folder, name);
      if (place !== undefined) found.set(to, place);
    }
  }
  return found;
}

function lookup(root: string, from: string, name: string): string | undefined {
  const within = path.relative(root, from).split(path.sep).join("/");
  // A package in a store outside of the project is found through its own real path.
  const base = within.startsWith("..") ? path.parse(from).root : root;
  const start = path.relative(base, from).split(path.sep).join("/");
  for (const place of lookupPlaces(start, name)) {
    const folder = path.join(base, place);
    if (isPackage(folder)) return fs.realpathSync(folder);
  }
  return undefined;
}

function isPackage(folder: string): boolean {
  return fs.existsSync(path.join(folder, "package.json"));
}
