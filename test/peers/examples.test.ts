import { execFile } from "node:child_process";
import * as fs from "node:fs";
import path from "node:path";
import { promisify } from "node:util";
import { describe, expect, it, onTestFinished } from "vitest";
import { runVarve, VARVE } from "../support/run-varve.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { absent } from "./support/absent.ts";
import { copyOfExample } from "./support/example.ts";
import { freePort } from "./support/free-port.ts";
import { repository } from "./support/nix.ts";
import { until } from "./support/until.ts";

const run = promisify(execFile);
const EXAMPLES = ["redis-webserver", "redis-debian"];

describe("the examples' own varve.lock", () => {
  it.each(EXAMPLES)("pins all that the image of %s is made of, and names no host", (example) => {
    const cwd = path.join(repository, "examples", example);
    // The cache of this machine: what other tests have fetched.
    const env = { VARVE_CACHE_DIR: undefined };
    const { status, stderr } = runVarve(["plan", "--locked"], { cwd, env });
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(fs.readFileSync(path.join(cwd, "varve.lock"), "utf8")).not.toContain("://");
  });
});

describe.skipIf(absent(["podman", "runc"]))("the example under podman", () => {
  it("answers, as nobody special, and ends at once when it is told to", async () => {
    const folder = temporaryFolder();
    const archive = path.join(folder, "image.tar");
    const cwd = copyOfExample("redis-webserver", folder);
    await run(process.execPath, [VARVE, "build", "-o", archive], { cwd });
    const podman = async (...args: string[]): Promise<string> =>
      (await run("podman", [...storageIn(folder), ...args])).stdout.trim();
    await podman("load", "--input", archive);
    const port = await freePort();
    const id = await podman(
      ..."run --detach --network=host --ulimit=nofile=1024:1024 --ulimit=nproc=4096:4096".split(
        " ",
      ),
      `--env=PORT=${port}`,
      "redis-webserver:latest",
    );
    onTestFinished(async () => void (await podman("rm", "--force", "--volumes", id)));
    const address = `http://127.0.0.1:${port}`;
    await until(async () => (await fetch(`${address}/readyz`)).ok);
    expect(await (await fetch(address)).text()).toContain("<title>");
    expect(await podman("exec", id, "/usr/local/bin/node", "-p", "process.getuid()")).toBe("65532");
    const begun = performance.now();
    await podman("stop", id);
    expect(performance.now() - begun).toBeLessThan(8_000);
    expect(await podman("inspect", "--format", "{{.State.ExitCode}}", id)).toBe("0");
  });
});

/**
 * podman with storage of the test's own. Layers lie above one another: copies of each would take
 * gigabytes. runc, since crun wants control groups as not every machine has them.
 */
function storageIn(folder: string): string[] {
  return [
    `--root=${folder}/podman`,
    `--runroot=${folder}/run`,
    "--storage-driver=overlay",
    "--runtime=runc",
    "--cgroup-manager=cgroupfs",
  ];
}
