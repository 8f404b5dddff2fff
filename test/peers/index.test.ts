import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { OciLayout } from "../../src/oci-layout/oci-layout.ts";
import { putImage } from "../destinations/copy/support/content.ts";
import { runVarve } from "../support/run-varve.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { registryMissing, startDockerRegistry } from "./support/docker-registry.ts";
import type { DockerRegistry } from "./support/docker-registry.ts";
import { startVarveToEnd } from "./support/start-to-end.ts";
import { ARCHITECTURES, pushTwoPlatforms, varveOk } from "./support/two-platforms.ts";

interface Index {
  readonly mediaType: string;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly manifests: ReadonlyArray<{
    readonly digest: string;
    readonly platform: { readonly architecture: string; readonly variant?: string };
  }>;
}

/** An image for a platform in a layout of its own, as a CI runner has it. */
async function layoutFor(architecture: string, variant?: string): Promise<string> {
  const place = path.join(temporaryFolder(), "layout");
  const platform = { os: "linux", architecture, ...(variant === undefined ? {} : { variant }) };
  await putImage(OciLayout.create(place), { layer: `for ${architecture}`, platform, name: "x" });
  return `oci:${place}:x`;
}

describe.skipIf(registryMissing() !== undefined)("varve index, tag and inspect", () => {
  let folder: string;
  let registry: DockerRegistry;

  beforeAll(async () => {
    folder = fs.mkdtempSync(path.join(tmpdir(), "varve-test-"));
    registry = await startDockerRegistry();
    pushTwoPlatforms(folder, registry.host);
  });

  afterAll(async () => {
    await registry?.stop();
    fs.rmSync(folder, { recursive: true, force: true });
  });

  const at = (name: string): string => `${registry.host}/${name}`;

  function raw(name: string): string {
    const args = ["inspect", "--raw", "--tls-verify=false", `docker://${at(name)}`];
    return execFileSync("skopeo", args, { encoding: "utf8" });
  }

  function architecturesOf(name: string): string[] {
    const { manifests } = JSON.parse(raw(name)) as Index;
    return manifests.map(({ platform }) => platform.architecture);
  }

  it("joins images of registries, layouts and archives, which keep their digests", async () => {
    const sources = [
      at("team/arm64:1.0"),
      `docker-archive:${folder}/image.tar`,
      await layoutFor("arm", "v7"),
    ];
    const annotation = ["--annotation", "org.opencontainers.image.source=https://example.com"];
    const { stdout } = varveOk("index", "-t", at("all/app:1.0"), ...sources, ...annotation);
    const index = JSON.parse(raw("all/app:1.0")) as Index;
    expect(index.mediaType).toBe("application/vnd.oci.image.index.v1+json");
    expect(index.annotations).toEqual({ "org.opencontainers.image.source": "https://example.com" });
    expect(architecturesOf("all/app:1.0")).toEqual(["amd64", "arm", "arm64"]);
    expect(index.manifests[1]!.platform.variant).toBe("v7");
    expect(raw(`all/app@${index.manifests[2]!.digest}`)).toBe(raw("team/arm64:1.0"));
    expect(stdout).toMatch(/\/all\/app@sha256:[0-9a-f]{64}\n$/);
    const copy = ["copy", "--all", "--src-tls-verify=false", `docker://${stdout.trim()}`];
    execFileSync("skopeo", [...copy, `oci:${folder}/joined`], { stdio: "ignore" });
  });

  it("takes platforms from machines that work at the same time", async () => {
    const architectures = ["386", "amd64", "arm64", "ppc64le", "riscv64", "s390x"];
    const sources = await Promise.all(architectures.map((each) => layoutFor(each)));
    const ended = await Promise.all(
      sources.map((source) =>
        startVarveToEnd(["index", "-t", at("ci/app:1.0"), "--update", source]),
      ),
    );
    expect(ended.map(({ status, stderr }) => [status, stderr.match(/^varve: .*/m)])).toEqual(
      ended.map(() => [0, null]),
    );
    expect(architecturesOf("ci/app:1.0")).toEqual(architectures);
    varveOk("index", "-t", at("ci/app:1.0"), "--remove", "linux/386", "--remove", "linux/s390x");
    expect(architecturesOf("ci/app:1.0")).toEqual(["amd64", "arm64", "ppc64le", "riscv64"]);
  });

  it("takes a Docker list apart", () => {
    const list = path.join(folder, "list");
    for (const each of ARCHITECTURES) {
      const target = `docker://${at(`docker/app:${each}`)}`;
      const tls = ["--src-tls-verify=false", "--dest-tls-verify=false"];
      const source = `docker://${at(`team/${each}:1.0`)}`;
      execFileSync("skopeo", ["copy", "--format", "v2s2", ...tls, source, target], {
        stdio: "ignore",
      });
    }
    const sources = ARCHITECTURES.map((each) => at(`docker/app:${each}`));
    varveOk("index", "-t", `oci:${list}:all`, ...sources);
    varveOk("index", "-t", at("docker/app:all"), `oci:${list}:all`, "--update");
    expect(architecturesOf("docker/app:all")).toEqual([...ARCHITECTURES]);
    const podman = ["--root", `${folder}/podman`, "--runroot", `${folder}/run`];
    const pull = ["--storage-driver=vfs", "pull", "--quiet", "--tls-verify=false"];
    execFileSync("podman", [...podman, ...pull, at("docker/app:all")], { stdio: "ignore" });
  });

  it("tags without sending a byte, in the repository and beside it", () => {
    const before = registry.requests().length;
    const names = ["latest", at("team/other:1.0")];
    const { stdout } = varveOk("tag", at("team/amd64:1.0"), ...names);
    expect(stdout).toMatch(/^\S+\/team\/amd64@sha256:\S+\n\S+\/team\/other@sha256:\S+\n$/);
    expect(raw("team/amd64:latest")).toBe(raw("team/amd64:1.0"));
    expect(raw("team/other:1.0")).toBe(raw("team/amd64:1.0"));
    const sent = registry
      .requests()
      .slice(before)
      .filter((each) => each.startsWith("PATCH") || /^PUT .*\/blobs\//.test(each));
    expect(sent).toEqual([]);
  });

  it("inspects what is remote, without fetching a layer", () => {
    varveOk(
      "index",
      "-t",
      at("look/app:1.0"),
      ...ARCHITECTURES.map((each) => at(`team/${each}:1.0`)),
    );
    const before = registry.requests().length;
    const list = varveOk("inspect", at("look/app:1.0")).stdout;
    expect(list).toMatch(/^manifests {2}2$/m);
    expect(varveOk("inspect", "--raw", at("look/app:1.0")).stdout).toBe(raw("look/app:1.0"));
    const one = varveOk("inspect", at("look/app:1.0"), "--platform", "linux/arm64", "--json");
    const inspection = JSON.parse(one.stdout) as {
      config: { architecture: string };
      layers: Array<{ size: number; blobSize: number; paths: string[] }>;
    };
    expect(inspection.config.architecture).toBe("arm64");
    expect(inspection.layers.map(({ size }) => size)).toEqual([
      expect.any(Number),
      expect.any(Number),
      expect.any(Number),
    ]);
    const blobs = registry
      .requests()
      .slice(before)
      .filter((each) => /^GET .*\/blobs\//.test(each));
    expect(blobs).toHaveLength(1);
  });

  it.each([
    [["index", "-t", "HOST/x:1"], /nothing says which images/, 2],
    [["index", "HOST/team/amd64:1.0"], /nothing says where/, 2],
    [["index", "-t", "x.tar", "HOST/team/amd64:1.0"], /cannot hold an index/, 2],
    [["index", "-t", "HOST/x:1", "--annotation", "x", "y"], /has not the form NAME=VALUE/, 2],
    [["index", "-t", "HOST/x:1", "HOST/team/none:1"], /there is no image HOST\/team\/none:1/, 1],
    [["index", "-t", "HOST/x:1", "--remove", "linux/arm64"], /has no linux\/arm64/, 1],
  ])("%j goes wrong in plain words", (args, message, expected) => {
    const given = args.map((arg) => arg.replace("HOST", registry.host));
    const { status, stderr } = runVarve(given);
    expect(stderr.replaceAll(registry.host, "HOST")).toMatch(message);
    expect(status).toBe(expected);
  });
});
