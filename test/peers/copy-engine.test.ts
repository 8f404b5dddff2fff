import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { registryMissing, startDockerRegistry } from "./support/docker-registry.ts";
import type { DockerRegistry } from "./support/docker-registry.ts";
import { dockerdAbsent, startDockerd } from "./support/dockerd.ts";
import type { TestDockerd } from "./support/dockerd.ts";
import { pushTwoPlatforms, varveOk } from "./support/two-platforms.ts";

const absent = dockerdAbsent() ?? registryMissing();

describe.skipIf(absent !== undefined)("copying into and out of engines", () => {
  let folder: string;
  let registry: DockerRegistry;
  let engine: TestDockerd;
  let index: string;

  beforeAll(async () => {
    folder = fs.mkdtempSync(path.join(tmpdir(), "varve-test-"));
    [registry, engine] = await Promise.all([startDockerRegistry(), startDockerd()]);
    pushTwoPlatforms(folder, registry.host);
    index = `${registry.host}/team/app:1.0`;
    const sources = ["amd64", "arm64"].map((each) => `${registry.host}/team/${each}:1.0`);
    varveOk("index", "-t", index, ...sources);
  }, 120_000);

  afterAll(async () => {
    await registry?.stop();
    await engine?.stop();
    fs.rmSync(folder, { recursive: true, force: true });
  });

  it("pulls into Docker, what it lacks, under the image's name or another", async () => {
    const first = varveOk("pull", index, "--host", engine.host);
    expect(first.stdout).toMatch(/^sha256:[0-9a-f]{64}\n$/);
    const id = await engine.docker("image", "inspect", "--format", "{{.Id}}", index);
    expect(first.stdout.trim()).toBe(id.trim());
    const before = registry.requests().length;
    const again = varveOk("pull", index, "--host", engine.host, "-t", "other:2");
    expect(again.stderr).toMatch(/nothing sent/);
    expect(again.stdout).toBe(first.stdout);
    // Of blobs, its config alone is read.
    const blobs = registry
      .requests()
      .slice(before)
      .filter((each) => each.includes("/blobs/"));
    expect(blobs).toHaveLength(1);
    expect(await engine.docker("images", "--quiet", "other:2")).not.toBe("");
  });

  it("copies out of Docker into a registry and an OCI layout, the config stays", async () => {
    varveOk(
      "copy",
      `${registry.host}/team/amd64:1.0`,
      "docker-daemon:out:1",
      "--host",
      engine.host,
    );
    const id = (await engine.docker("image", "inspect", "--format", "{{.Id}}", "out:1")).trim();
    const target = `${registry.host}/out/app:1.0`;
    const source = ["docker-daemon:out:1", "--host", engine.host];
    varveOk("copy", ...source, target);
    const layout = `oci:${folder}/layout:1`;
    varveOk("copy", ...source, layout);
    for (const place of [`docker://${target}`, layout]) {
      const args = ["inspect", "--raw", "--tls-verify=false", place];
      const manifest = JSON.parse(execFileSync("skopeo", args, { encoding: "utf8" })) as {
        config: { digest: string };
      };
      expect(manifest.config.digest).toBe(id);
    }
    expect(varveOk("inspect", ...source).stdout).toContain(id);
  });

  it("tags in the engine", async () => {
    varveOk("pull", index, "--host", engine.host, "-t", "tagged:1");
    const args = ["docker-daemon:tagged:1", "tagged:2", "docker-daemon:tagged:3"];
    const { stdout } = varveOk("tag", ...args, "--host", engine.host);
    expect(stdout).toBe("tagged:2\ntagged:3\n");
    const listed = await engine.docker("images", "--format", "{{.Tag}}", "tagged");
    expect(listed.trim().split("\n").toSorted()).toEqual(["1", "2", "3"]);
  });

  it("writes files that Docker and podman load", async () => {
    const file = path.join(folder, "pulled.tar");
    varveOk("pull", index, "-o", file, "-t", "from-file:1");
    await engine.docker("load", "--input", file);
    expect(await engine.docker("images", "--quiet", "from-file:1")).not.toBe("");
    const podman = ["--root", `${folder}/podman`, "--runroot", `${folder}/run`];
    const load = ["--storage-driver=vfs", "load", "--input", file];
    const said = execFileSync("podman", [...podman, ...load], { encoding: "utf8" });
    expect(said).toMatch(/from-file:1/);
  });
});
