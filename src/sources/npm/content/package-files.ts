import * as fs from "node:fs";
import path from "node:path";
import { scanFolder } from "./scan.ts";
import type { FolderScan } from "./scan.ts";
import { commandsOf, readManifest } from "../lockfile/manifest.ts";
import type { Manifest } from "../lockfile/manifest.ts";

/**
 * Left out of packages wherever they lie: npm renames or drops them while it unpacks, others keep
 * them, and no program reads them.
 */
export const LEFT_OUT_NAMES: readonly string[] = [".gitignore", ".npmignore"];

/** A package's own files on disk, without the packages that lie within it. */
export interface PackageFiles {
  readonly folder: string;
  readonly manifest: Manifest;
  readonly scan: FolderScan;
  /** Commands that the package offers: name → file, only those that exist. */
  readonly commands: Readonly<Record<string, string>>;
  /** Whether `node_modules` within it is its own content, brought along in its tarball. */
  readonly keepsNodeModules: boolean;
}

/**
 * Looks at a package's folder.
 *
 * @param keepsNodeModules whether `node_modules` in it came with its tarball; by default as its
 *   manifest says
 */
export function readPackageFiles(folder: string, keepsNodeModules?: boolean): PackageFiles {
  const manifest = readManifest(folder) ?? {};
  const keeps = keepsNodeModules ?? bundles(manifest);
  const scan = scanFolder(folder, (place) => isLeftOut(place, keeps));
  return { folder, manifest, scan, commands: commandsIn(manifest, scan), keepsNodeModules: keeps };
}

function isLeftOut(place: string, keepsNodeModules: boolean): boolean {
  if (place === "node_modules") return !keepsNodeModules;
  if (LEFT_OUT_NAMES.includes(place.slice(place.lastIndexOf("/") + 1))) return true;
  return place === "node_modules/.bin" || place === "node_modules/.package-lock.json";
}

function bundles({ bundleDependencies }: Manifest): boolean {
  return Array.isArray(bundleDependencies) && bundleDependencies.length > 0;
}

function commandsIn(manifest: Manifest, scan: FolderScan): Record<string, string> {
  const there = new Set(scan.files.map((file) => file.path));
  const named = Object.entries(commandsOf(manifest)).filter(([, file]) => there.has(file));
  const folder = manifest.bin === undefined ? manifest.directories?.bin : undefined;
  if (typeof folder === "string") {
    const within = `${path.posix.join("/", folder).slice(1).replace(/\/$/, "")}/`;
    for (const { path: file } of scan.files) {
      const name = path.posix.basename(file);
      if (file.startsWith(within) && !name.startsWith(".")) named.push([name, file]);
    }
  }
  return Object.fromEntries(named);
}

const INSTALL_SCRIPTS = ["preinstall", "install", "postinstall"];

/** Whether installing the package runs a script, npm's own for `binding.gyp` included. */
export function runsInstallScript({ manifest, scan }: PackageFiles): boolean {
  const { scripts = {}, gypfile } = manifest;
  if (INSTALL_SCRIPTS.some((name) => scripts[name] !== undefined)) return true;
  return gypfile !== false && scan.files.some((file) => file.path === "binding.gyp");
}

/** Files in `node_modules` that the installing program writes last. */
export const INSTALL_MARKS: readonly string[] = [
  ".package-lock.json",
  ".modules.yaml",
  ".yarn-state.yml",
  ".yarn-integrity",
];

/** When the installing program finished, in milliseconds since 1970; undefined where it left no mark. */
export function installedAt(root: string): number | undefined {
  for (const mark of INSTALL_MARKS) {
    const stats = fs.statSync(path.join(root, "node_modules", mark), { throwIfNoEntry: false });
    if (stats !== undefined) return stats.mtimeMs;
  }
  return undefined;
}
