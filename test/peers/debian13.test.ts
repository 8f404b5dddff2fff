import { execFile } from "node:child_process";
import { createReadStream } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { EngineDelivery } from "../../src/destinations/engine/load-into-engine.ts";
import { runVarve } from "../support/run-varve.ts";
import {
  expectContainerdTakes,
  expectDockerRuns,
  expectDockerSaves,
  expectDockerTakes,
  expectPodmanTakes,
  expectSkopeoCopies,
} from "./support/archive-checks.ts";
import { startContainerd } from "./support/containerd.ts";
import { debian13Root, debian13Wanted } from "./support/debian13.ts";
import { startDockerd } from "./support/dockerd.ts";
import type { TestDockerd } from "./support/dockerd.ts";
import { makeEngineImages, withoutLowest } from "./support/engine-images.ts";
import type { EngineImage, EngineImages } from "./support/engine-images.ts";
import { insideRoot } from "./support/inside-root.ts";
import { startDockerRegistry } from "./support/docker-registry.ts";

const run = promisify(execFile);
/** The name under which varve loads one image after another. */
const LOADED = "app:loaded";
const COMPRESSIONS = ["plain", "gzip", "zstd"] as const;

let root: string;
let folder: string;
let images: EngineImages;

// Only with VARVE_TEST_DEBIAN13=1, in CI too: a folder with Debian 13 takes minutes to make.
describe.skipIf(!debian13Wanted())("Debian 13", () => {
  beforeAll(async () => {
    root = await debian13Root();
    folder = await mkdtemp(join(tmpdir(), "varve-debian13-"));
    images = await makeEngineImages(folder);
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  describe("Docker 26 with graph drivers", () => {
    let engine: TestDockerd;
    beforeAll(async () => {
      engine = await startDockerd({ root });
    });
    afterAll(() => engine?.stop());

    it("keeps images as it always did", async () => {
      expect(await engine.docker("info", "-f", "{{.ServerVersion}} {{.Driver}}")).toMatch(
        /^26\..* overlay2$/,
      );
    });

    it.each(COMPRESSIONS)("%s: runs, under the config's digest", (compression) =>
      expectDockerTakes(engine, images.one, images.one[compression], images.one.configDigest),
    );

    it("is sent only what it lacks by varve load", async () => {
      const { one, two, other } = images;
      expect(await layersSent(engine, one, "classic")).toBe(5);
      // The empty layer on top lies on others than the one that is there.
      expect(await layersSent(engine, two, "classic")).toBe(2);
      expect(await layersSent(engine, other, "classic")).toBe(3);
      await expectDockerRuns(engine, { ...other, name: LOADED }, other.configDigest);
      await engine.docker("image", "rm", LOADED);
      await engine.docker("image", "prune", "--force");
    });

    it("takes an image without the lowest layers if it has them", async () => {
      const { one, two } = images;
      const delta = await withoutLowest(two, 3, join(engine.folder, "delta.tar"));
      await expect(engine.docker("load", "--input", delta)).rejects.toThrow("no such file");
      await engine.docker("load", "--input", one.plain);
      await engine.docker("load", "--input", delta);
      await expectDockerRuns(engine, two, two.configDigest);
      await expectDockerSaves(engine, two);
    });
  });

  describe("Docker 26 with the containerd store", () => {
    let engine: TestDockerd;
    beforeAll(async () => {
      engine = await startDockerd({ root, store: "containerd" });
    });
    afterAll(() => engine?.stop());

    it("keeps images in containerd", async () => {
      expect(await engine.docker("info", "-f", "{{.DriverStatus}}")).toContain("snapshotter");
    });

    it.each(COMPRESSIONS)("%s: runs, under the manifest's digest", (compression) =>
      expectDockerTakes(engine, images.one, images.one[compression], images.one.manifestDigest),
    );

    it("is sent only what it lacks by varve load", async () => {
      const { one, two, other } = images;
      expect(await layersSent(engine, one, "containerd")).toBe(5);
      expect(await layersSent(engine, two, "containerd")).toBe(1);
      expect(await layersSent(engine, other, "containerd")).toBe(2);
      const loaded = { ...other, name: LOADED };
      await expectDockerRuns(engine, loaded, other.manifestDigest);
      await expectDockerSaves(engine, loaded);
      await engine.docker("image", "rm", LOADED);
      await engine.docker("image", "prune", "--force");
    });

    it("goes on with what an interrupted load left only for the same layer", async () => {
      const { one, other } = images;
      await interruptedLoad(engine.socket, one.plain, 5 << 20);
      await engine.docker("load", "--input", other.plain);
      await expectDockerRuns(engine, other, other.manifestDigest);
      await engine.docker("image", "rm", other.name);
    });

    it("takes an image without any layers that it has, and saves it whole", async () => {
      const { one, two } = images;
      await engine.docker("load", "--input", one.plain);
      const delta = await withoutLowest(two, 3, join(engine.folder, "delta.tar"));
      await engine.docker("load", "--input", delta);
      await expectDockerRuns(engine, two, two.manifestDigest);
      await expectDockerSaves(engine, two);
      await engine.docker("image", "rm", one.name, two.name);
    });

    it("pushes what it took under the same digest", async () => {
      const { one } = images;
      const registry = await startDockerRegistry();
      try {
        await engine.docker("load", "--input", one.gzip);
        const name = `${registry.host}/${one.name}`;
        await engine.docker("tag", one.name, name);
        expect(await engine.docker("push", name)).toContain(`digest: ${one.manifestDigest}`);
        await expectSkopeoCopies(
          ["skopeo"],
          `docker://${name}`,
          folder,
          one.diffIds,
          one.manifestDigest,
        );
        await engine.docker("image", "rm", one.name, name);
      } finally {
        await registry.stop();
      }
    });

    // Why the layers that an image shows are no proof that their bytes are there: what is pulled is
    // compressed, and has other digests.
    it("runs but cannot push an image without layers of which it has pulled others", async () => {
      const { one, two } = images;
      const registry = await startDockerRegistry();
      const pulled = `${registry.host}/${one.name}`;
      const pushed = `${registry.host}/${two.name}`;
      try {
        const target = ["--dest-tls-verify=false", `docker://${pulled}`];
        const options = ["--insecure-policy", "copy", "--dest-compress-format=gzip"];
        await run("skopeo", [...options, `docker-archive:${one.plain}`, ...target]);
        await engine.docker("pull", pulled);
        const shown = await engine.docker("image", "inspect", "-f", "{{.RootFS.Layers}}", pulled);
        expect(shown).toBe(`[${one.diffIds.join(" ")}]`);

        const delta = await withoutLowest(two, 3, join(engine.folder, "delta.tar"));
        await engine.docker("load", "--input", delta);
        await expectDockerRuns(engine, two, two.manifestDigest);
        await engine.docker("tag", two.name, pushed);
        await expect(engine.docker("push", pushed)).rejects.toThrow(/content digest .*not found/);
        await engine.docker("load", "--input", two.plain);
        expect(await engine.docker("push", pushed)).toContain(`digest: ${two.manifestDigest}`);
        await engine.docker("image", "rm", two.name, pulled, pushed);
      } finally {
        await registry.stop();
      }
    });

    // What the engine does here is why a failed delta must be followed by the whole image.
    it("moves the name to an image that lacks a layer, and a whole load heals it", async () => {
      const { one, two } = images;
      await engine.docker("load", "--input", one.plain);
      await engine.docker("tag", one.name, two.name);
      const delta = await withoutLowest(two, 4, join(engine.folder, "broken.tar"));
      await expect(engine.docker("load", "--input", delta)).rejects.toThrow(
        /failed to unpack loaded image: .*content digest sha256:\w+: not found/,
      );
      expect(await engine.docker("image", "inspect", "-f", "{{.Id}}", two.name)).toBe(
        two.manifestDigest,
      );
      await expect(engine.docker("run", "--pull=never", two.name)).rejects.toThrow();
      await engine.docker("load", "--input", two.plain);
      await expectDockerRuns(engine, two, two.manifestDigest);
      await expectDockerSaves(engine, two);
    });
  });

  describe("podman, containerd, skopeo and umoci", () => {
    it.each(COMPRESSIONS)("podman load, %s: runs, keeps the manifest's digest", (compression) =>
      expectPodmanTakes(podman(), images.one, images.one[compression], "runc"),
    );

    it("podman takes an image without the layers that it has", async () => {
      const { one, two } = images;
      await expectPodmanTakes(podman(), one, one.plain);
      const delta = await withoutLowest(two, 3, join(folder, "podman-delta.tar"));
      await expectPodmanTakes(podman(), two, delta, "runc");
    });

    it("containerd imports an image, then another without the layers that it has", async () => {
      const containerd = await startContainerd(root);
      try {
        const { one, two } = images;
        await expectContainerdTakes(containerd, one, await copyInto(containerd.folder, one.plain));
        const delta = await withoutLowest(two, 3, join(containerd.folder, "delta.tar"));
        await expectContainerdTakes(containerd, two, delta);
      } finally {
        await containerd.stop();
      }
    });

    it.each(COMPRESSIONS)("skopeo, %s: every digest is right, in both forms", async (form) => {
      const { one } = images;
      const skopeo = inside("skopeo");
      const oci = `oci-archive:${one[form]}`;
      await expectSkopeoCopies(skopeo, oci, folder, one.diffIds, one.manifestDigest);
      await expectSkopeoCopies(skopeo, `docker-archive:${one[form]}`, folder, one.diffIds);
    });

    it("umoci unpacks what skopeo copied", async () => {
      const { one } = images;
      const source = `oci-archive:${one.plain}`;
      const layout = await expectSkopeoCopies(inside("skopeo"), source, folder, one.diffIds);
      const [program = "", ...args] = inside("umoci", "unpack", "--image", `${layout}:copy`);
      await run(program, [...args, join(folder, "bundle")]);
      const says = join(folder, "bundle/rootfs/nix/store", `${"1".repeat(32)}-app-one/says`);
      expect((await run("cat", [says])).stdout).toBe(`${one.says}\n`);
    });
  });
});

/** How many of an image's layers `varve load` sends to an engine, by its own account. */
async function layersSent(engine: TestDockerd, image: EngineImage, store: string): Promise<number> {
  const metadata = join(engine.folder, "metadata.json");
  const args = ["load", ...image.source, "--tag", LOADED, "--metadata-file", metadata, "--quiet"];
  const env = { ...engine.env, VARVE_CACHE_DIR: join(engine.folder, "varve-cache") };
  const { status, stderr } = runVarve(args, { env });
  expect(stderr).toBe("");
  expect(status).toBe(0);
  const { engine: told } = JSON.parse(await readFile(metadata, "utf8")) as EngineDelivery;
  expect(told).toMatchObject({ store, layersSent: expect.any(Number) });
  expect(told).not.toHaveProperty("secondTry");
  return told.layersSent;
}

/** A command of Debian 13 that sees this test's folder. */
function inside(...command: string[]): string[] {
  return [...insideRoot(root, folder), ...command];
}

/** podman with storage of the test's own. */
function podman(): string[] {
  return inside("podman", `--root=${folder}/podman/root`, `--runroot=${folder}/podman/run`);
}

async function copyInto(target: string, file: string): Promise<string> {
  const copy = join(target, "image.tar");
  await run("cp", [file, copy]);
  return copy;
}

/** Sends the beginning of an archive to the engine and hangs up. */
async function interruptedLoad(socketPath: string, archive: string, length: number): Promise<void> {
  const load = request({ socketPath, method: "POST", path: "/images/load" });
  const closed = new Promise((resolve) => load.on("close", resolve).on("error", () => undefined));
  for await (const chunk of createReadStream(archive, { end: length - 1 })) {
    if (!load.write(chunk)) await new Promise((resolve) => load.once("drain", resolve));
  }
  // The engine takes what it got into its store meanwhile.
  await delay(1000);
  load.destroy();
  await closed;
}
