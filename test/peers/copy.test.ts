import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { MEDIA_TYPE } from "../../src/image/media-types.ts";
import { OciLayout } from "../../src/oci-layout/oci-layout.ts";
import { putBlob, putManifest } from "../destinations/copy/support/content.ts";
import { runVarve } from "../support/run-varve.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { registryMissing, startDockerRegistry } from "./support/docker-registry.ts";
import type { DockerRegistry } from "./support/docker-registry.ts";
import { pushTwoPlatforms } from "./support/two-platforms.ts";

function skopeo(...args: readonly string[]): string {
  return execFileSync("skopeo", args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
}

/** The digest and bytes that skopeo finds at a place. */
function manifestAt(place: string, ...args: readonly string[]): string {
  return skopeo("inspect", "--raw", "--tls-verify=false", ...args, place);
}

function configAt(place: string): string {
  return skopeo("inspect", "--config", "--raw", "--tls-verify=false", place);
}

function varve(...args: readonly string[]): { stdout: string; stderr: string } {
  const { status, stdout, stderr } = runVarve(args);
  expect(stderr).not.toMatch(/^varve: /m);
  expect(status).toBe(0);
  return { stdout: stdout.toString("utf8"), stderr };
}

describe.skipIf(registryMissing() !== undefined)("varve copy", () => {
  let folder: string;
  let registry: DockerRegistry;
  /** A registry's index of two platforms. */
  let index: string;
  let archive: string;

  beforeAll(async () => {
    folder = fs.mkdtempSync(path.join(tmpdir(), "varve-test-"));
    registry = await startDockerRegistry();
    archive = path.join(folder, "image.tar");
    pushTwoPlatforms(folder, registry.host);
    index = `${registry.host}/team/app:1.0`;
    const sources = ["amd64", "arm64"].map((each) => `${registry.host}/team/${each}:1.0`);
    varve("index", "-t", index, ...sources);
  });

  afterAll(async () => {
    await registry?.stop();
    fs.rmSync(folder, { recursive: true, force: true });
  });

  it("keeps every digest from registry to layout to registry, as skopeo does", () => {
    const layout = path.join(temporaryFolder(), "layout");
    const own = varve("copy", index, `oci:${layout}:1.0`).stdout.trim();
    expect(own).toMatch(/^oci:\S+@sha256:[0-9a-f]{64}$/);
    const other = path.join(temporaryFolder(), "other");
    const preserving = ["copy", "--all", "--preserve-digests", "--src-tls-verify=false"];
    skopeo(...preserving, `docker://${index}`, `oci:${other}:1.0`);
    expect(fs.readdirSync(`${layout}/blobs/sha256`).toSorted()).toEqual(
      fs.readdirSync(`${other}/blobs/sha256`).toSorted(),
    );
    const back = varve("copy", own, `docker://${registry.host}/back/app:1.0`).stdout.trim();
    expect(back.split("@")[1]).toBe(own.split("@")[1]);
    expect(manifestAt(`docker://${registry.host}/back/app:1.0`)).toBe(
      manifestAt(`docker://${index}`),
    );
    skopeo("copy", "--all", "--src-tls-verify=false", `docker://${back}`, `dir:${folder}/whole`);
  });

  it("mounts within a registry, and sends nothing twice", () => {
    const target = `${registry.host}/other/app:2.0`;
    const { stderr, stdout } = varve("copy", index, target);
    expect(stderr).toMatch(/mounted/);
    expect(stderr).toMatch(/none sent/);
    expect(stdout).toMatch(/^127\.0\.0\.1:\d+\/other\/app@sha256:[0-9a-f]{64}\n$/);
    const before = registry.requests().length;
    varve("copy", index, target);
    const writing = registry
      .requests()
      .slice(before)
      .filter((each) => each.startsWith("P"));
    expect(writing).toEqual([]);
  });

  it("copies one platform, and says which there are", () => {
    const target = `${registry.host}/one/app:1.0`;
    varve("copy", index, target, "--platform", "linux/arm64");
    expect(manifestAt(`docker://${target}`)).toBe(
      manifestAt(`docker://${registry.host}/team/arm64:1.0`),
    );
    const { status, stderr } = runVarve(["copy", index, target, "--platform", "linux/s390x"]);
    expect(status).toBe(1);
    expect(stderr).toMatch(/it has linux\/amd64, linux\/arm64/);
  });

  it("makes a dry run of it", () => {
    const target = `${registry.host}/dry/app:1.0`;
    const metadata = path.join(temporaryFolder(), "metadata.json");
    const { stdout, stderr } = varve(
      "copy",
      index,
      target,
      "--dry-run",
      "--metadata-file",
      metadata,
    );
    expect(stdout).toBe("");
    expect(stderr).toMatch(/blobs would be sent/);
    expect(JSON.parse(fs.readFileSync(metadata, "utf8"))).toMatchObject({ dryRun: true });
    expect(() => manifestAt(`docker://${target}`)).toThrow(/manifest unknown/);
  });

  it("takes along what refers to an image, and what cosign has tagged", async () => {
    const [source, target] = [`${registry.host}/signed/app`, `${registry.host}/mirror/app`];
    const image = varve("copy", `${registry.host}/team/amd64:1.0`, `${source}:1.0`).stdout.trim();
    const [, digest = ""] = image.split("@");
    const layout = OciLayout.create(path.join(temporaryFolder(), "layout"));
    const subject = JSON.parse(varve("inspect", image, "--json").stdout) as {
      manifest: { digest: string; mediaType: string; size: number };
    };
    const { mediaType, size } = subject.manifest;
    const referrer = await putManifest(layout, {
      mediaType: MEDIA_TYPE.manifest,
      artifactType: "application/x-statement",
      config: await putBlob(layout, "application/vnd.oci.empty.v1+json", "{}"),
      layers: [await putBlob(layout, "application/x-statement", "it is good")],
      subject: { mediaType, digest, size },
    });
    const referrers = JSON.stringify({
      schemaVersion: 2,
      mediaType: MEDIA_TYPE.index,
      manifests: [{ ...referrer, artifactType: "application/x-statement" }],
    });
    const list = Buffer.from(referrers);
    await layout.putManifest("list", list, MEDIA_TYPE.index);
    const tag = digest.replace(":", "-");
    // docker-registry keeps no account of referrers: their list has a tag.
    varve("copy", `oci:${layout.folder}:list`, `${source}:${tag}`);
    varve("copy", `oci:${layout.folder}@${referrer.digest}`, `${source}:${tag}.sig`);
    varve("copy", `${source}:1.0`, `${target}:1.0`);
    expect(() => manifestAt(`docker://${target}:${tag}`)).toThrow(/manifest unknown/);
    const metadata = path.join(temporaryFolder(), "metadata.json");
    varve("copy", `${source}:1.0`, `${target}:1.0`, "--referrers", "--metadata-file", metadata);
    expect(manifestAt(`docker://${target}@${referrer.digest}`)).toMatch(/x-statement/);
    expect(manifestAt(`docker://${target}:${tag}`)).toContain(referrer.digest);
    expect(manifestAt(`docker://${target}:${tag}.sig`)).toMatch(/x-statement/);
    expect(JSON.parse(fs.readFileSync(metadata, "utf8"))).toMatchObject({
      referrers: [referrer.digest, referrer.digest],
    });
  });

  it("takes a Docker archive, whose config stays", () => {
    const target = `${registry.host}/archive/app:1.0`;
    const { stderr } = varve("copy", `docker-archive:${archive}`, target);
    expect(stderr).toMatch(/the digest is new/);
    expect(configAt(`docker://${target}`)).toBe(configAt(`docker-archive:${archive}`));
  });

  it("writes Docker archives and OCI archives that skopeo reads", () => {
    const place = temporaryFolder();
    const docker = path.join(place, "docker.tar");
    varve("copy", `${registry.host}/team/amd64:1.0`, `docker-archive:${docker}:team/app:9`);
    const seen = JSON.parse(skopeo("inspect", `docker-archive:${docker}`)) as { Layers: string[] };
    expect(seen.Layers).toHaveLength(3);
    const listed = execFileSync("tar", ["-xOf", docker, "manifest.json"], { encoding: "utf8" });
    expect(JSON.parse(listed)).toMatchObject([{ RepoTags: ["team/app:9"] }]);
    const oci = path.join(place, "oci.tar");
    varve("copy", index, `oci-archive:${oci}`);
    expect(manifestAt(`oci-archive:${oci}`)).toBe(manifestAt(`docker://${index}`));
    const again = varve("copy", oci, `${registry.host}/oci/app:1.0`).stdout.trim();
    expect(manifestAt(`docker://${again}`)).toBe(manifestAt(`docker://${index}`));
  });

  it("pulls into files and layouts, this machine's platform or all", () => {
    const place = temporaryFolder();
    const architecture = process.arch === "arm64" ? "arm64" : "amd64";
    const own = manifestAt(`docker://${registry.host}/team/${architecture}:1.0`);
    varve("pull", index, "-o", path.join(place, "app.tar"));
    expect(manifestAt(`oci-archive:${place}/app.tar`)).toBe(own);
    varve("pull", index, "-o", path.join(place, "app.tar.gz"), "-t", "other:2");
    execFileSync("gzip", ["-t", path.join(place, "app.tar.gz")]);
    const manifest = execFileSync("tar", ["-xOzf", `${place}/app.tar.gz`, "manifest.json"]);
    expect(JSON.parse(manifest.toString("utf8"))).toMatchObject([{ RepoTags: ["other:2"] }]);
    varve("pull", index, "-o", `oci:${place}/layout:x`);
    expect(manifestAt(`oci:${place}/layout:x`)).toBe(own);
    varve("pull", index, "-o", `oci:${place}/all`, "--all");
    expect(manifestAt(`oci:${place}/all`)).toBe(manifestAt(`docker://${index}`));
    const { status, stdout } = runVarve(["pull", index, "-o", "-"]);
    expect(status).toBe(0);
    expect(execFileSync("tar", ["-tf", "-"], { input: stdout }).toString()).toMatch(/index\.json/);
  });

  it.each([
    [["copy", "x"], /DST is missing/, 2],
    [["copy", "oci:/nowhere", "oci:/tmp/x"], /not an OCI layout/, 1],
    [["copy", "dir:/x/y", "oci:/tmp/x"], /does not read or write dir:/, 2],
    [["copy", "a", "b", "--all", "--platform", "linux/amd64"], /say different things/, 2],
    [["pull", "127.0.0.1:1/x"], /./, 1],
    [["pull", "x", "--all"], /one platform at a time/, 2],
  ])("%j goes wrong in plain words", (args, message, expected) => {
    const env = { DOCKER_HOST: "unix:///nonexistent.sock" };
    const { status, stderr } = runVarve(args, { env });
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/internal error/);
    expect(status).toBe(expected);
  });
});
