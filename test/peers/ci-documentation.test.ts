import { execFile } from "node:child_process";
import * as fs from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startDockerRegistry } from "./support/docker-registry.ts";
import type { DockerRegistry } from "./support/docker-registry.ts";
import { dockerdAbsent, startDockerd } from "./support/dockerd.ts";
import type { TestDockerd } from "./support/dockerd.ts";
import { flakeOptions, nixAbsent, nixEnvironment, repository } from "./support/nix.ts";

const run = promisify(execFile);
const DOCUMENT = fs.readFileSync(path.join(repository, "docs/ci.md"), "utf8");

/** The shell commands of one of the document's YAML blocks, in their order. */
function commandsUnder(heading: string): string[] {
  const section = DOCUMENT.split(`## ${heading}\n`)[1]!.split("\n## ")[0]!;
  const yaml = /```yaml\n([\s\S]*?)```/.exec(section)![1]!;
  const blocks = [...yaml.matchAll(/run: \|\n((?: {10}.*\n)+)/g)].map((match) => match[1]!);
  const items = [...yaml.matchAll(/^ {4}- ((?:nix|\.\/).*)$/gm)].map((match) => match[1]!);
  return [...blocks, ...items];
}

describe.skipIf(nixAbsent() ?? dockerdAbsent())("the commands of docs/ci.md", () => {
  let engine: TestDockerd;
  let registry: DockerRegistry;
  let folder: string;
  let env: NodeJS.ProcessEnv;
  let webPort: number;

  beforeAll(async () => {
    folder = fs.mkdtempSync(path.join(tmpdir(), "varve-ci-"));
    engine = await startDockerd();
    registry = await startDockerRegistry();
    webPort = await freePort();
    env = {
      ...nixEnvironment,
      ...engine.env,
      PATH: `${programs(folder, registry.host)}:${process.env["PATH"] ?? ""}`,
    };
  });
  afterAll(async () => {
    await registry.stop();
    await engine.stop();
    fs.rmSync(folder, { recursive: true });
  });

  it.each([
    [
      "GitHub Actions",
      (): NodeJS.ProcessEnv => ({
        IMAGE: `${registry.host}/owner/github`,
        VERSION: "abc",
      }),
      "owner/github:abc",
    ],
    [
      "GitLab CI",
      (): NodeJS.ProcessEnv => ({
        CI_REGISTRY_IMAGE: `${registry.host}/group/gitlab`,
        CI_COMMIT_SHA: "def",
        CI_REGISTRY_USER: "me",
        CI_REGISTRY_PASSWORD: "p",
      }),
      "group/gitlab:def",
    ],
  ])("%s: build, load and push", async (heading, variables, pushed) => {
    const commands = commandsUnder(heading);
    expect(commands.length).toBeGreaterThanOrEqual(3);
    const checkout = path.join(folder, heading.replace(" ", "-"));
    await run("git", ["clone", "--quiet", repository, checkout]);
    const script = commands.join("\n").replaceAll("127.0.0.1:8000", `127.0.0.1:${webPort}`);
    const options = { cwd: checkout, env: { ...env, ...variables() }, maxBuffer: 1 << 26 };
    await run("bash", ["-euo", "pipefail", "-c", script], options);
    const inspected = await run("skopeo", ["inspect", `docker://${registry.host}/${pushed}`], {
      env,
    });
    expect(JSON.parse(inspected.stdout)).toMatchObject({ Os: "linux" });
  });

  it("A Node project: on a fresh runner nothing that the last one pushed is made again", async () => {
    const script = commandsUnder("A Node project").join("\n");
    const pushed = async (runner: string): Promise<string> => {
      const checkout = path.join(folder, runner);
      await run("git", ["clone", "--quiet", repository, checkout]);
      const { stdout, stderr } = await run("bash", ["-euo", "pipefail", "-c", script], {
        cwd: path.join(checkout, "examples/redis-webserver"),
        env: {
          ...env,
          IMAGE: `${registry.host}/owner/node`,
          VERSION: runner,
          VARVE_CACHE_DIR: path.join(folder, `cache-of-${runner}`),
        },
        maxBuffer: 1 << 26,
      });
      expect(stderr).toContain(runner === "first" ? "layers sent" : "no layer sent");
      return stdout.split("@").at(-1)!;
    };
    const first = await pushed("first");
    expect(await pushed("second")).toBe(first);
    expect(fs.readdirSync(path.join(folder, "cache-of-second"))).not.toContain("debian-1");
  });
});

/**
 * `nix` with this repository's packages; what it would fetch with `nix shell` is installed.
 * `skopeo`, told that the registry on loopback has no TLS. And `npx`, for varve as it is here.
 */
function programs(folder: string, registryAddress: string): string {
  const bin = path.join(folder, "bin");
  fs.mkdirSync(bin);
  const registries = path.join(folder, "registries.conf");
  fs.writeFileSync(registries, `[[registry]]\nlocation = "${registryAddress}"\ninsecure = true\n`);
  fs.writeFileSync(
    path.join(bin, "skopeo"),
    `#!/bin/sh\nPATH=\${PATH#*:} exec skopeo --registries-conf ${registries} "$@"\n`,
    { mode: 0o755 },
  );
  fs.writeFileSync(
    path.join(bin, "nix"),
    `#!/bin/sh
if [ "$1" = shell ]; then
  while [ "$1" != --command ]; do shift; done
  shift
  exec "$@"
fi
PATH=\${PATH#*:}
nix=$(command -v nix)
PATH=${bin}:$PATH
for word; do
  shift
  set -- "$@" "$word"
  case $word in run | build | eval) [ -n "$done" ] || set -- "$@" ${flakeOptions.join(" ")}; done=1 ;; esac
done
exec "$nix" "$@"
`,
    { mode: 0o755 },
  );
  const varve = path.join(repository, "bin/varve.mjs");
  fs.writeFileSync(
    path.join(bin, "npx"),
    `#!/bin/sh\n[ "$1" = varve ] && shift\nexec ${process.execPath} ${varve} "$@"\n`,
    { mode: 0o755 },
  );
  return bin;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  while (server.address() === null) await delay(1);
  const address = server.address();
  server.close();
  return typeof address === "object" && address !== null ? address.port : 0;
}
