import * as fs from "node:fs";
import path from "node:path";
import { fileReasonOf, VarveError } from "../../../errors.ts";
import { readManifest } from "./manifest.ts";
import type { Manifest } from "./manifest.ts";
import type { LayoutKind, Lock } from "./lock.ts";
import { parsePackageLock } from "./package-lock.ts";
import { findWorkspaces } from "./workspaces.ts";
import { checkManifests } from "./check-manifests.ts";

/** In npm's own order where several lie side by side (npm's documentation, "npm-shrinkwrap.json"). */
const LOCKFILES = ["npm-shrinkwrap.json", "package-lock.json", "pnpm-lock.yaml", "yarn.lock"];
const MANAGERS: Readonly<Record<string, readonly string[]>> = {
  npm: ["npm-shrinkwrap.json", "package-lock.json"],
  pnpm: ["pnpm-lock.yaml"],
  yarn: ["yarn.lock"],
};

/**
 * The lockfile that counts for a folder: its own, or that of the project around it whose workspace
 * it is. Where several lie side by side, `packageManager` decides.
 *
 * @throws VarveError `NPM_NO_LOCK`, `NPM_SEVERAL_LOCKS`
 */
export function findLockfile(folder: string): string {
  const start = path.resolve(folder);
  for (let at = start; ; at = path.dirname(at)) {
    const found = LOCKFILES.filter((name) => fs.existsSync(path.join(at, name)));
    if (found.length > 0) return path.join(at, choose(found, at));
    const isEnd = at === path.dirname(at) || fs.existsSync(path.join(at, ".git"));
    if (isEnd) break;
  }
  throw new VarveError("NPM_NO_LOCK", `${start} has no lockfile`, {
    hint: `an image is made of exactly what a lockfile pins; make one: ${usualManager(start)} install`,
  });
}

/** What a project without a lockfile is installed with, as far as it says so. */
function usualManager(folder: string): string {
  const [manager = ""] = (readManifest(folder)?.packageManager ?? "").split("@");
  if (manager in MANAGERS) return manager;
  return fs.existsSync(path.join(folder, "pnpm-workspace.yaml")) ? "pnpm" : "npm";
}

function choose(found: readonly string[], folder: string): string {
  const [manager = ""] = (readManifest(folder)?.packageManager ?? "").split("@");
  const wanted = found.filter((name) => MANAGERS[manager]?.includes(name));
  const candidates = wanted.length > 0 ? wanted : found;
  const managers = Object.values(MANAGERS).filter((names) =>
    candidates.some((name) => names.includes(name)),
  );
  if (managers.length === 1) return candidates[0]!;
  throw new VarveError(
    "NPM_SEVERAL_LOCKS",
    `${folder} has several lockfiles: ${found.join(", ")}`,
    {
      hint: 'remove those that are not used, or name the program in package.json ("packageManager")',
    },
  );
}

/**
 * Reads a lockfile and checks that it is in step with the manifests beside it.
 *
 * @throws VarveError `NPM_LOCK`, `NPM_LOCK_INCOMPLETE`, `NPM_LOCK_STALE`, `NPM_OUTSIDE`
 */
export async function readLock(file: string): Promise<Lock> {
  const text = readText(file);
  const root = path.dirname(file);
  const isPnpm = path.basename(file) === "pnpm-lock.yaml";
  const settings = isPnpm ? await readPnpmSettings(root) : {};
  const lock = await parse(text, file, settings);
  await checkManifests(lock, isPnpm ? exclusionsLast(settings.packages ?? []) : undefined);
  return lock;
}

/** To pnpm they matter wherever they stand. */
function exclusionsLast(patterns: readonly string[]): string[] {
  return patterns.toSorted((a, b) => Number(a.startsWith("!")) - Number(b.startsWith("!")));
}

async function parse(text: string, file: string, settings: PnpmSettings): Promise<Lock> {
  const root = path.dirname(file);
  switch (path.basename(file)) {
    case "pnpm-lock.yaml": {
      const { parsePnpmLock } = await import("./pnpm-lock.ts");
      return parsePnpmLock(text, file, pnpmLayout(root, settings));
    }
    case "yarn.lock": {
      if (/^__metadata:/m.test(text)) {
        const { parseYarnBerry } = await import("./yarn-berry.ts");
        return parseYarnBerry(text, file, findWorkspaces(root));
      }
      const { parseYarnClassic } = await import("./yarn-classic.ts");
      return parseYarnClassic(text, file, findWorkspaces(root));
    }
    default:
      return parsePackageLock(text, file);
  }
}

/** Of `pnpm-workspace.yaml`. */
interface PnpmSettings {
  readonly packages?: readonly string[];
  readonly nodeLinker?: unknown;
  readonly shamefullyHoist?: unknown;
}

async function readPnpmSettings(root: string): Promise<PnpmSettings> {
  const text = readIfThere(path.join(root, "pnpm-workspace.yaml"));
  if (text === "") return {};
  const { parse: parseYaml } = await import("yaml");
  return (parseYaml(text) ?? {}) as PnpmSettings;
}

/** Where packages lie is decided by `.npmrc`, or `pnpm-workspace.yaml` since pnpm 10. */
function pnpmLayout(root: string, { nodeLinker, shamefullyHoist }: PnpmSettings): LayoutKind {
  const rc = readIfThere(path.join(root, ".npmrc"));
  const isHoisted =
    /^\s*(?:node-linker\s*=\s*hoisted|shamefully-hoist\s*=\s*true)\s*$/m.test(rc) ||
    nodeLinker === "hoisted" ||
    shamefullyHoist === true;
  return isHoisted ? "hoisted" : "isolated";
}

function readIfThere(file: string): string {
  return fs.existsSync(file) ? readText(file) : "";
}

function readText(file: string): string {
  try {
    return fs.readFileSync(file, "utf8");
  } catch (error) {
    throw new VarveError("NPM_LOCK", `${file} cannot be read: ${fileReasonOf(error)}`, {
      cause: error,
    });
  }
}

/** The manifest of a folder that must have one. @throws VarveError `NPM_MANIFEST` */
export function requireManifest(folder: string): Manifest {
  const manifest = readManifest(folder);
  if (manifest !== undefined) return manifest;
  throw new VarveError("NPM_MANIFEST", `${folder} has no package.json`, {
    hint: "name the folder of a Node project",
  });
}
