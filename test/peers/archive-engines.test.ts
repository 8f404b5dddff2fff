import { execFile } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { absent } from "./support/absent.ts";
import {
  expectContainerdTakes,
  expectDockerRuns,
  expectDockerSaves,
  expectDockerTakes,
  expectPodmanTakes,
  expectSkopeoCopies,
} from "./support/archive-checks.ts";
import { startContainerd } from "./support/containerd.ts";
import type { TestContainerd } from "./support/containerd.ts";
import { dockerdAbsent, startDockerd } from "./support/dockerd.ts";
import type { TestDockerd } from "./support/dockerd.ts";
import { makeEngineImages, withoutLowest } from "./support/engine-images.ts";
import type { EngineImages } from "./support/engine-images.ts";

const run = promisify(execFile);
const COMPRESSIONS = ["plain", "gzip", "zstd"] as const;

let folder: string;
let images: EngineImages;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "varve-archive-engines-"));
  images = await makeEngineImages(folder);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe.skipIf(dockerdAbsent())("docker load of this machine", () => {
  let engine: TestDockerd;
  beforeAll(async () => {
    engine = await startDockerd();
  });
  afterAll(() => engine?.stop());

  it.each(COMPRESSIONS)("%s: runs, under the config's digest", async (compression) => {
    const { one } = images;
    const version = Number.parseInt(await engine.docker("version", "-f", "{{.Server.Version}}"));
    const taken = expectDockerTakes(engine, one, one[compression], one.configDigest);
    // No zstd before Docker 23.
    if (compression !== "zstd" || version >= 23) await taken;
    else await expect(taken).rejects.toThrow("invalid tar header");
  });

  it("takes an image without the layers that it has, and saves it whole", async () => {
    const { one, two } = images;
    const delta = await withoutLowest(two, 3, join(engine.folder, "delta.tar"));
    await expect(engine.docker("load", "--input", delta)).rejects.toThrow("no such file");
    await engine.docker("load", "--input", one.plain);
    await engine.docker("load", "--input", delta);
    await expectDockerRuns(engine, two, two.configDigest);
    await expectDockerSaves(engine, two);
  });
});

describe.skipIf(absent(["podman"]))("podman load of this machine", () => {
  it.each(COMPRESSIONS)("%s: keeps the manifest's digest", async (compression) => {
    await expectPodmanTakes(podman(), images.one, images.one[compression]);
    const [program = "", ...first] = podman();
    await run(program, [...first, "image", "rm", "--all"]);
  });

  it("takes an image without the layers that it has", async () => {
    const { one, two } = images;
    const delta = await withoutLowest(two, 3, join(folder, "podman-delta.tar"));
    await expect(expectPodmanTakes(podman(), two, delta)).rejects.toThrow("no such file");
    await expectPodmanTakes(podman(), one, one.plain);
    await expectPodmanTakes(podman(), two, delta);
  });
});

describe.skipIf(absent(["containerd", "ctr", "unshare"]))(
  "ctr image import of this machine",
  () => {
    let containerd: TestContainerd;
    beforeAll(async () => {
      containerd = await startContainerd();
    });
    afterAll(() => containerd?.stop());

    it("ends before its time, and what it leaves does no harm to another image", async () => {
      const { one, other } = images;
      const importing = containerd.startCtr("image", "import", "-");
      importing.stdin?.on("error", () => undefined);
      importing.stdin?.write((await readFile(one.plain)).subarray(0, 5 << 20));
      // The data's layer alone is so large.
      const partial = /layer\.tar\s+[2-4]\.\d+MB/;
      while (!partial.test(await containerd.ctr("content", "active"))) await delay(50);
      const ended = once(importing, "exit");
      importing.kill("SIGKILL");
      await ended;
      // The other image's layer in the same place is as long: containerd would go on with what it has.
      expect(await containerd.ctr("content", "active")).toMatch(partial);
      await expectContainerdTakes(containerd, other, other.plain);
    });

    it("takes an image, then another without the layers that it has", async () => {
      const { one, two } = images;
      const delta = await withoutLowest(two, 3, join(containerd.folder, "delta.tar"));
      await expectContainerdTakes(containerd, one, one.plain);
      await expectContainerdTakes(containerd, two, delta);
    });
  },
);

describe.skipIf(absent(["skopeo", "umoci"]))("skopeo and umoci of this machine", () => {
  it.each(COMPRESSIONS)("%s: every digest is right, in both forms", async (compression) => {
    const { one } = images;
    const oci = `oci-archive:${one[compression]}`;
    await expectSkopeoCopies(["skopeo"], oci, folder, one.diffIds, one.manifestDigest);
    // Debian 12's skopeo (1.9.3) reads no docker-archive with gzip, whoever wrote it.
    if (compression === "gzip") return;
    await expectSkopeoCopies(["skopeo"], `docker-archive:${one[compression]}`, folder, one.diffIds);
  });

  it("umoci unpacks what skopeo copied", async () => {
    const { one } = images;
    const source = `oci-archive:${one.plain}`;
    const layout = await expectSkopeoCopies(["skopeo"], source, folder, one.diffIds);
    const bundle = join(folder, "bundle");
    await run("umoci", ["unpack", "--image", `${layout}:copy`, bundle]);
    const says = join(bundle, "rootfs/nix/store", `${"1".repeat(32)}-app-one/says`);
    expect(await readFile(says, "utf8")).toBe(`${one.says}\n`);
  });
});

/** podman with storage of the test's own. */
function podman(): string[] {
  const storage = [`--root=${folder}/podman/root`, `--runroot=${folder}/podman/run`];
  return ["podman", ...storage, "--storage-driver=vfs"];
}
