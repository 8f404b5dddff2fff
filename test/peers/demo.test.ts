import { execFile } from "node:child_process";
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { absent } from "./support/absent.ts";
import { dockerdAbsent } from "./support/dockerd.ts";
import { repository } from "./support/nix.ts";

const run = promisify(execFile);
/** What a machine has on which somebody runs the demo first, Node, npm and git among it. */
const PROGRAMS =
  "node npm git bash sh env cat cp mkdir rm mv ln touch sed awk grep date id uname tail head cut dirname";

describe.skipIf(absent(["node", "npm", "git"]))("script/demo in a fresh clone", () => {
  let folder: string;
  let clone: string;

  beforeAll(async () => {
    folder = fs.mkdtempSync(path.join(tmpdir(), "varve-demo-"));
    clone = path.join(folder, "varve");
    await run("git", ["clone", "--quiet", repository, clone]);
    fs.mkdirSync(path.join(folder, "bin"));
    for (const program of PROGRAMS.split(" ")) {
      const { stdout } = await run("sh", ["-c", `PATH=${systemPath()} command -v ${program}`]);
      fs.symlinkSync(stdout.trim(), path.join(folder, "bin", program));
    }
  });
  afterAll(() => {
    fs.rmSync(folder, { recursive: true, force: true });
  });

  const demo = async (PATH: string): Promise<string> => {
    const { stdout, stderr } = await run("script/demo", [], {
      cwd: clone,
      env: { ...withoutDocker(), PATH, XDG_CACHE_HOME: path.join(folder, "cache") },
      maxBuffer: 1 << 26,
    });
    return stdout + stderr;
  };

  it("builds the image with neither Nix nor Docker, and says what to do with it", async () => {
    const first = await demo(path.join(folder, "bin"));
    expect(first).toMatch(/application:redis-webserver/);
    expect(first).toMatch(/reused 0 from before/);
    expect(first).toMatch(/docker load -i \.cache\/demo\/redis-webserver\.tar/);
    expect(fs.statSync(path.join(clone, ".cache/demo/redis-webserver.tar")).size).toBeGreaterThan(
      100e6,
    );
    const second = await demo(path.join(folder, "bin"));
    expect(second).not.toMatch(/npm ci/);
    expect(second).toMatch(/made 0 of the layers/);
  });

  it.skipIf(dockerdAbsent())("runs it where an engine can be started", async () => {
    const said = await demo(systemPath());
    expect(said).toMatch(/answers: <title>redis-webserver<\/title>/);
    expect(said).toMatch(/nothing sent, all known to the engine/);
    expect(said).toMatch(/1 layer sent/);
  });
});

/** Without the Node that this project brings along. */
function systemPath(): string {
  const folders = (process.env["PATH"] ?? "").split(path.delimiter);
  return folders.filter((each) => !each.includes("node_modules")).join(path.delimiter);
}

function withoutDocker(): NodeJS.ProcessEnv {
  const env = Object.entries(process.env);
  return Object.fromEntries(env.filter(([name]) => !/^(?:DOCKER_|VARVE_)/.test(name)));
}
