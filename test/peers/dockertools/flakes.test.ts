import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import path from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readDockerArchive, readDockerStream, storePathsOf } from "../support/docker-archive.ts";
import type { ReadImage } from "../support/docker-archive.ts";
import { dockerdAbsent, startDockerd } from "../support/dockerd.ts";
import type { TestDockerd } from "../support/dockerd.ts";
import { DockerUser } from "../support/dockertools.ts";
import { flakeOptions, nixAbsent, nixEnvironment, repository } from "../support/nix.ts";
import { runWith } from "../support/run.ts";
import { isShortRun } from "../support/short-run.ts";

const run = promisify(execFile);
const oracle = path.join(import.meta.dirname, "../support/cpython-layer.py");

/** Builds an output of a flake that was written for dockerTools; its store path. */
async function build(flake: string, output: string): Promise<string> {
  const folder = path.join(import.meta.dirname, "flakes", flake);
  const varve = ["--override-input", "varve", `git+file://${repository}`];
  // Of varve's own inputs, too: nothing is to be fetched.
  const nested = ["--override-input", "varve/nixpkgs", flakeOptions[2]!];
  const options = ["--no-link", "--json", ...flakeOptions, ...varve, ...nested];
  const { stdout } = await run("nix", ["build", `path:${folder}#${output}`, ...options], {
    env: nixEnvironment,
  });
  const [built] = JSON.parse(stdout) as { outputs: { out: string } }[];
  return built!.outputs.out;
}

/** The digests of layers of these store paths, by CPython's tarfile (reference: dockertools-wire-format). */
async function digestsOf(layers: readonly (readonly string[])[]): Promise<string[]> {
  const digests: string[] = [];
  for (const paths of layers) {
    const spec = {
      parents: ["/nix", "/nix/store"],
      trees: paths.map((storePath) => ({ at: storePath, from: storePath })),
      common: { uid: 0, gid: 0, uname: "root", gname: "root", mtime: 1 },
    };
    const tar = await runWith("python3", [oracle], Buffer.from(JSON.stringify(spec)));
    digests.push(`sha256:${createHash("sha256").update(tar).digest("hex")}`);
  }
  return digests;
}

/** Layers of store paths alone are dockerTools' to the byte. */
async function expectDockerToolsLayers(image: ReadImage, own: number): Promise<void> {
  const paths = storePathsOf(image).slice(-1 - own, -1);
  const digests = image.config.rootfs.diff_ids.slice(-1 - own, -1);
  expect(paths.every((layer) => layer.length > 0)).toBe(true);
  expect(digests).toEqual(await digestsOf(paths));
}

/* Flakes as people have written them for dockerTools, with nothing changed but varve's overlay added. */
describe.skipIf(isShortRun() || (nixAbsent() ?? dockerdAbsent()))(
  "flakes written for dockerTools",
  () => {
    let engine: TestDockerd;
    let docker: DockerUser;

    beforeAll(async () => {
      engine = await startDockerd();
      docker = new DockerUser(engine);
    });
    afterAll(async () => engine.stop());

    it("one static program", async () => {
      const image = await build("static-binary", "image");
      const [name = ""] = await docker.load(image);
      expect(name).toBe("static-binary:1.0");
      expect(await docker.run(name)).toBe("one static program");
      const read = await readDockerArchive(image);
      await expectDockerToolsLayers(read, read.layers.length - 1);
    });

    it("a Python service of many store paths", async () => {
      const stream = await build("python-service", "stream");
      const [name = ""] = await docker.load(stream, "stream");
      expect(name).toBe("registry.example.org/team/python-service:latest");
      expect(JSON.parse(await docker.ask(name, 8080, "/"))).toEqual({
        python: expect.stringMatching(/^3\./) as string,
        uid: 1000,
      });
      expect(await docker.run(name, "stat", "-c", "%U %u", "/var/lib/service")).toBe(
        "service 1000",
      );
      const read = await readDockerStream(stream);
      expect(read.layers).toHaveLength(12);
      await expectDockerToolsLayers(read, 11);
    });

    it("images on a base, of one layer and of several", async () => {
      const image = await build("on-a-base", "image");
      const single = await build("on-a-base", "single");
      const both = await build("on-a-base", "both");
      const [layered = ""] = await docker.load(image);
      expect(await docker.run(layered)).toBe("Hello, world!");
      expect(
        await docker.run(layered, "sh", "-c", "id -un; echo $FROM_BASE; stat -c %U /data"),
      ).toBe("app\nyes\napp");
      const [flat = ""] = await docker.load(single);
      expect(await docker.run(flat)).toBe("Hello, world!");
      expect((await docker.load(both)).toSorted()).toEqual(["on-a-base:latest", "single:latest"]);
      const read = await readDockerArchive(image);
      await expectDockerToolsLayers(read, read.layers.length - 2);
    });
  },
);
