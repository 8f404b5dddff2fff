import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import * as fs from "node:fs";
import path from "node:path";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { VARVE } from "../support/run-varve.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { absent } from "./support/absent.ts";
import { copyOfExample } from "./support/example.ts";
import { isOpenToOthers } from "./support/open-to-others.ts";
import { isShortRun } from "./support/short-run.ts";

const run = promisify(execFile);
/** Somebody who owns nothing. */
const NOBODY = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"];

interface Circumstances {
  /** Folder that is the user's own. */
  readonly home: string;
  readonly umask: string;
  /** npm's, and varve's. */
  readonly caches: string;
  readonly as?: readonly string[];
}

/** Installs a project and builds its image; the archive's SHA-256. */
async function build(
  project: string,
  { home, umask, caches, as = [] }: Circumstances,
): Promise<string> {
  const env = {
    ...process.env,
    HOME: home,
    npm_config_cache: path.join(caches, "npm"),
    VARVE_CACHE_DIR: path.join(caches, "varve"),
  };
  const archive = path.join(project, "../image.tar");
  const script = `umask ${umask} && npm ci --ignore-scripts --no-audit --no-fund && exec "$@"`;
  const command = [
    ...as,
    "sh",
    "-c",
    script,
    "sh",
    process.execPath,
    VARVE,
    "build",
    "-o",
    archive,
  ];
  const [program = "", ...args] = command;
  await run(program, args, { cwd: project, env });
  return createHash("sha256").update(fs.readFileSync(archive)).digest("hex");
}

const missing = isShortRun() || absent(["npm", "setpriv"]) || !isOpenToOthers(import.meta.dirname);

describe.skipIf(missing)("the example's image", () => {
  it("is the same in two folders, of two users, for two umasks, with caches cold and warm", async () => {
    const folder = temporaryFolder();
    fs.chmodSync(folder, 0o755);
    const [one, other] = ["one", "the/other"].map((name) => path.join(folder, name));
    fs.mkdirSync(one!);
    const first = copyOfExample("redis-webserver", one!);
    fs.rmSync(path.join(first, "node_modules"), { recursive: true });
    const cold = await build(first, {
      home: one!,
      umask: "000",
      caches: path.join(folder, "cold"),
    });

    fs.cpSync(first, path.join(other!, "app"), { recursive: true, verbatimSymlinks: true });
    fs.rmSync(path.join(other!, "app/node_modules"), { recursive: true });
    await run("chown", ["-R", "65534:65534", other!]);
    const nobody = { home: other!, umask: "077", caches: path.join(other!, "caches"), as: NOBODY };
    expect(await build(path.join(other!, "app"), nobody)).toBe(cold);
    expect(await build(path.join(other!, "app"), nobody)).toBe(cold);
    const warm = { home: one!, umask: "022", caches: path.join(folder, "cold") };
    expect(await build(first, warm)).toBe(cold);
  });
});
