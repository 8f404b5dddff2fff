import * as fs from "node:fs";
import path from "node:path";
import { VarveError } from "../../../errors.ts";
import { commandsOf } from "../lockfile/manifest.ts";
import type { Manifest } from "../lockfile/manifest.ts";
import { parseStartCommand } from "./start-command.ts";

/** What an image of the application runs. */
export interface EntryPoint {
  /** Words after `node`: options, the file relative to the application's folder, arguments. */
  readonly args: readonly string[];
  /** The file among them. */
  readonly file: string;
  /** Environment that the start script sets. */
  readonly env: Readonly<Record<string, string>>;
  /** Where it was found: `scripts.start`, `main`, `bin`, a usual name. */
  readonly from: string;
  /** Whether Node has to run TypeScript for it. */
  readonly isTypeScript: boolean;
}

/** Names that programs usually begin at, where `package.json` says nothing. */
const USUAL = [
  "server.js",
  "index.js",
  "app.js",
  "main.js",
  "server.ts",
  "index.ts",
  "app.ts",
  "main.ts",
  "src/server.js",
  "src/index.js",
  "src/main.js",
  "src/server.ts",
  "src/index.ts",
  "src/main.ts",
  "dist/server.js",
  "dist/index.js",
  "dist/main.js",
  ".output/server/index.mjs",
  "build/index.js",
];

/** Programs that run TypeScript files, which Node does itself by now. */
const TYPESCRIPT_RUNNERS = new Set(["tsx", "ts-node", "ts-node-esm", "nodemon"]);
const SCRIPT = /\.[cm]?[jt]sx?$/;
const TYPESCRIPT = /\.[cm]?ts$/;
/** What Node's `require` tries for a path without extension, and what people leave out. */
const ENDINGS = ["", ".js", ".mjs", ".cjs", "/index.js", ".ts", ".mts"];

/**
 * What the application runs: its start script where that is one plain command, its `main`, its only
 * command, or the only file with a usual name.
 *
 * @throws VarveError `NPM_NO_ENTRY` with what was considered; `NPM_NOT_BUILT` when the file is made
 *   by a build script
 */
export function findEntryPoint(folder: string, manifest: Manifest): EntryPoint {
  return (
    fromStartScript(folder, manifest) ??
    fromMain(folder, manifest) ??
    fromBin(folder, manifest) ??
    fromUsualNames(folder, manifest)
  );
}

function fromStartScript(folder: string, manifest: Manifest): EntryPoint | undefined {
  const { scripts = {} } = manifest;
  const { start } = scripts;
  const command = start === undefined ? undefined : parseStartCommand(start, scripts);
  if (command === undefined) return undefined;
  const from = "package.json (scripts.start)";
  if (command.kind === "node") {
    const file = requireFile(folder, command.file, from, manifest);
    return entry(file, [...command.options, file, ...command.args], from, command.env);
  }
  if (TYPESCRIPT_RUNNERS.has(command.program)) {
    const at = command.args.findIndex((word) => SCRIPT.test(word));
    if (at === -1) return undefined;
    const file = requireFile(folder, command.args[at]!, from, manifest);
    return entry(file, [file, ...command.args.slice(at + 1)], from, command.env);
  }
  if (!isCommandOfDependency(command.program)) return undefined;
  // Its link in `.bin`, which Node follows.
  const file = `node_modules/.bin/${command.program}`;
  return entry(file, [file, ...command.args], from, command.env);
}

/** Any word that could be a package's command: which package has it, installing decides. */
function isCommandOfDependency(program: string): boolean {
  return /^[\w@][\w.@-]*$/.test(program) && !SHELL_WORDS.has(program);
}

const SHELL_WORDS = new Set([
  "sh",
  "bash",
  "echo",
  "cd",
  "test",
  "true",
  "docker",
  "make",
  "npm",
  "pnpm",
  "yarn",
  "bun",
  "deno",
]);

function fromMain(folder: string, manifest: Manifest): EntryPoint | undefined {
  if (manifest.main === undefined) return undefined;
  const from = "package.json (main)";
  const file = requireFile(folder, manifest.main, from, manifest);
  return entry(file, [file], from);
}

function fromBin(folder: string, manifest: Manifest): EntryPoint | undefined {
  const files = [...new Set(Object.values(commandsOf(manifest)))];
  if (files.length !== 1) return undefined;
  const from = "package.json (bin)";
  const file = requireFile(folder, files[0]!, from, manifest);
  return entry(file, [file], from);
}

function fromUsualNames(folder: string, manifest: Manifest): EntryPoint {
  const found = USUAL.filter((file) => fs.existsSync(path.join(folder, file)));
  if (found.length === 1) return entry(found[0]!, [found[0]!], "a usual name");
  const start = manifest.scripts?.["start"];
  const why =
    start === undefined
      ? "package.json has neither scripts.start nor main"
      : `its start script ("${start}") is more than one plain command`;
  const candidates = found.length === 0 ? "" : `; it could be ${found.join(" or ")}`;
  throw new VarveError(
    "NPM_NO_ENTRY",
    `what to run in ${folder} is not clear: ${why}${candidates}`,
    {
      hint: hasWorkspaces(folder, manifest)
        ? "name the workspace that is the application: run varve in its folder, or say { npm: FOLDER } in the recipe"
        : 'set "main" in package.json, or "start" to: node FILE',
    },
  );
}

function hasWorkspaces(folder: string, { workspaces }: Manifest): boolean {
  return workspaces !== undefined || fs.existsSync(path.join(folder, "pnpm-workspace.yaml"));
}

function entry(
  file: string,
  args: readonly string[],
  from: string,
  env: Readonly<Record<string, string>> = {},
): EntryPoint {
  return { args, file, env, from, isTypeScript: TYPESCRIPT.test(file) };
}

/** The file as it is on disk, relative to the folder. */
function requireFile(folder: string, named: string, from: string, manifest: Manifest): string {
  const plain = path.posix.normalize(named).replace(/\/$/, "");
  if (plain.startsWith("..") || path.posix.isAbsolute(plain)) {
    throw new VarveError("NPM_NO_ENTRY", `${from} names ${named}, outside of ${folder}`, {
      hint: "name a file of the project",
    });
  }
  for (const ending of ENDINGS) {
    const stats = fs.statSync(path.join(folder, plain + ending), { throwIfNoEntry: false });
    if (stats?.isFile() === true) return plain === "." ? ending.slice(1) : plain + ending;
  }
  const build = manifest.scripts?.["build"];
  throw build === undefined
    ? new VarveError("NPM_NO_ENTRY", `${from} names ${named}, which ${folder} does not have`, {
        hint: "name a file that is there",
      })
    : new VarveError("NPM_NOT_BUILT", `${from} names ${named}, which has not been built`, {
        hint: `build the project first (npm run build: ${build})`,
      });
}
