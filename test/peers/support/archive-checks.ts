import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { pipeline } from "node:stream/promises";
import { promisify } from "node:util";
import { expect } from "vitest";
import type { TestContainerd } from "./containerd.ts";
import type { TestDockerd } from "./dockerd.ts";
import type { EngineImage } from "./engine-images.ts";

const run = promisify(execFile);

/** A command's first words: `["podman"]`, or one inside another Debian. */
export type Command = readonly string[];

/** `docker load`, inspect and run of an archive; the image is removed afterwards. */
export async function expectDockerTakes(
  engine: TestDockerd,
  image: EngineImage,
  archive: string,
  imageId: string,
): Promise<void> {
  expect(await engine.docker("load", "--input", archive)).toContain(`Loaded image: ${image.name}`);
  await expectDockerRuns(engine, image, imageId);
  await engine.docker("image", "rm", image.name);
}

/** The image is there, whole, under the right ID, and runs. */
export async function expectDockerRuns(
  engine: TestDockerd,
  image: EngineImage,
  imageId: string,
): Promise<void> {
  const inspected = await engine.docker("image", "inspect", image.name);
  expect(JSON.parse(inspected)).toMatchObject([
    { Id: imageId, RepoTags: [image.name], RootFS: { Layers: image.diffIds } },
  ]);
  expect(await engine.docker("run", "--rm", "--network=none", image.name)).toBe(image.says);
}

/** What `docker save` gives back holds every layer, under its digest. */
export async function expectDockerSaves(engine: TestDockerd, image: EngineImage): Promise<void> {
  const file = path.join(engine.folder, "saved.tar");
  await engine.docker("save", "--output", file, image.name);
  await expectSkopeoCopies(["skopeo"], `docker-archive:${file}`, engine.folder, image.diffIds);
}

/** `podman load`, inspect and (by the runtime named) run, with storage in a folder. */
export async function expectPodmanTakes(
  podman: Command,
  image: EngineImage,
  archive: string,
  runtime?: string,
): Promise<void> {
  const call = async (...args: string[]): Promise<string> => {
    const [program = "", ...first] = podman;
    return (await run(program, [...first, ...args])).stdout.trim();
  };
  const name = `docker.io/library/${image.name}`;
  expect(await call("load", "--quiet", "--input", archive)).toBe(`Loaded image: ${name}`);
  expect(JSON.parse(await call("image", "inspect", name))).toMatchObject([
    {
      Id: image.configDigest.replace("sha256:", ""),
      Digest: image.manifestDigest,
      RootFS: { Layers: image.diffIds },
    },
  ]);
  if (runtime !== undefined) {
    const by = [`--runtime=${runtime}`, "--cgroup-manager=cgroupfs"];
    const options = ["--rm", "--network=none", "--ulimit=host"];
    expect(await call(...by, "run", ...options, name)).toBe(image.says);
  }
}

/** `ctr image import`, check and run. */
export async function expectContainerdTakes(
  containerd: TestContainerd,
  image: EngineImage,
  archive: string,
): Promise<void> {
  await containerd.ctr("image", "import", archive);
  const name = `docker.io/library/${image.name}`;
  const checked = await containerd.ctr("image", "check", `name==${name}`);
  expect(checked).toContain(image.manifestDigest);
  expect(checked).toContain("complete");
  const pipes = `--fifo-dir=${containerd.folder}/fifo`;
  expect(await containerd.ctr("run", "--rm", pipes, name, "test")).toBe(`${image.says}\n`);
}

/**
 * skopeo reads an archive and verifies every digest on the way; what it writes is read back here.
 *
 * @param source as skopeo names it, `oci-archive:FILE`, `docker-archive:FILE` or `docker://NAME`
 * @returns the OCI layout that skopeo wrote, tag `copy`
 */
export async function expectSkopeoCopies(
  skopeo: Command,
  source: string,
  folder: string,
  diffIds: readonly string[],
  manifestDigest?: string,
): Promise<string> {
  const layout = path.join(folder, `layout-${randomName()}`);
  await mkdir(layout);
  const [program = "", ...first] = skopeo;
  const options = ["--quiet", "--src-tls-verify=false", "--dest-oci-accept-uncompressed-layers"];
  const from = [...first, "--insecure-policy", "copy", ...options, source];
  await run(program, [...from, `oci:${layout}:copy`]);

  const blobs = path.join(layout, "blobs/sha256");
  for (const name of await readdir(blobs)) {
    const hash = createHash("sha256");
    await pipeline(createReadStream(path.join(blobs, name)), hash);
    expect(hash.digest("hex")).toBe(name);
  }
  const index = await readJson(path.join(layout, "index.json"));
  const digest = index.manifests[0]?.digest ?? "";
  if (manifestDigest !== undefined) expect(digest).toBe(manifestDigest);
  const manifest = await readJson(path.join(blobs, digest.replace("sha256:", "")));
  expect(manifest.layers.map((layer) => layer.digest)).toEqual(diffIds);
  return layout;
}

interface ManifestOrIndex {
  readonly manifests: ReadonlyArray<{ readonly digest: string }>;
  readonly layers: ReadonlyArray<{ readonly digest: string }>;
}

async function readJson(file: string): Promise<ManifestOrIndex> {
  return JSON.parse(await readFile(file, "utf8")) as ManifestOrIndex;
}

function randomName(): string {
  return Math.random().toString(36).slice(2);
}
