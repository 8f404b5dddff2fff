import { execFile } from "node:child_process";
import * as fs from "node:fs";
import path from "node:path";
import { promisify } from "node:util";
import { VarveError } from "../../../errors.ts";

/**
 * The folder of the npm that this user has: the one that started us, the one on PATH, the one
 * beside Node. Its own libraries read its settings, its cache and its registries, so that nothing
 * of these has to be understood twice, and none of their dependencies becomes ours.
 *
 * @throws VarveError `NPM_ABSENT`
 */
export async function findNpm(env: NodeJS.ProcessEnv = process.env): Promise<string> {
  for (const program of programs(env)) {
    const folder = installationOf(program);
    if (folder !== undefined) return folder;
  }
  const asked = await askNpm(env);
  if (asked !== undefined) return asked;
  throw new VarveError("NPM_ABSENT", "npm is not installed here, and packages must be fetched", {
    hint: "install npm (it comes with Node), or install the project's packages for the image's platform",
  });
}

function* programs(env: NodeJS.ProcessEnv): Generator<string> {
  const running = env["npm_execpath"];
  if (running !== undefined && path.basename(running) === "npm-cli.js") yield running;
  for (const folder of (env["PATH"] ?? "").split(path.delimiter)) {
    if (folder !== "") yield path.join(folder, "npm");
  }
  yield path.resolve(process.execPath, "../../lib/node_modules/npm/bin/npm-cli.js");
  yield path.resolve(process.execPath, "../node_modules/npm/bin/npm-cli.js");
}

/** The installation that a program belongs to; shims of version managers belong to none. */
function installationOf(program: string): string | undefined {
  let folder: string;
  try {
    folder = path.dirname(path.dirname(fs.realpathSync(program)));
  } catch {
    return undefined;
  }
  return isNpm(folder) ? folder : undefined;
}

function isNpm(folder: string): boolean {
  try {
    const text = fs.readFileSync(path.join(folder, "package.json"), "utf8");
    return (JSON.parse(text) as { name?: unknown }).name === "npm";
  } catch {
    return false;
  }
}

async function askNpm(env: NodeJS.ProcessEnv): Promise<string | undefined> {
  try {
    const { stdout } = await promisify(execFile)("npm", ["root", "--global"], { env });
    const folder = path.join(stdout.trim(), "npm");
    return isNpm(folder) ? fs.realpathSync(folder) : undefined;
  } catch {
    return undefined;
  }
}
