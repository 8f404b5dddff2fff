import { execFile } from "node:child_process";
import { copyFile, mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { writeConf } from "../../support/conf.ts";
import { runVarve } from "../../support/run-varve.ts";
import { readDockerArchive } from "./docker-archive.ts";

const run = promisify(execFile);

/** Bytes of data, so many that a load can be interrupted in their midst. */
const DATA_SIZE = 5 << 20;

/** An image that varve has built, and what Python and tar read in its archive. */
export interface EngineImage {
  /** As Docker shows it, `app:one`. */
  readonly name: string;
  /** Arguments by which varve finds it, `--conf FILE --store-root FOLDER`. */
  readonly source: readonly string[];
  readonly plain: string;
  readonly gzip: string;
  readonly zstd: string;
  /** What its container prints. */
  readonly says: string;
  /** Digest of the config: the image ID of whoever does not keep manifests. */
  readonly configDigest: string;
  /** Digest of the manifest: the image ID of Docker's containerd store. */
  readonly manifestDigest: string;
  readonly diffIds: readonly string[];
  /** Names of the layers' members, of which one that occurs twice is held once. */
  readonly layerMembers: readonly string[];
}

/**
 * Images with five layers on a base image: busybox and an empty layer; then data, a file that says
 * something, and the same empty layer again. `two` differs from `one` in the file; `other` in the
 * data, which are as long.
 */
export interface EngineImages {
  readonly one: EngineImage;
  readonly two: EngineImage;
  readonly other: EngineImage;
}

/** Builds the images in a folder, each with `varve build --conf` and `varve stream --conf`. */
export async function makeEngineImages(folder: string): Promise<EngineImages> {
  const root = path.join(folder, "root");
  const busybox = storePath("b", "busybox-1");
  await mkdir(path.join(root, busybox, "bin"), { recursive: true });
  await copyFile("/bin/busybox", path.join(root, busybox, "bin/busybox"));
  for (const [letter, name] of [
    ["c", "data-1"],
    ["d", "data-2"],
  ] as const) {
    await mkdir(path.join(root, storePath(letter, name)), { recursive: true });
    await writeFile(
      path.join(root, storePath(letter, name), "data"),
      Buffer.alloc(DATA_SIZE, letter),
    );
  }
  const base = path.join(folder, "base.tar");
  const baseConf = writeConf(folder, { store_layers: [[busybox]], repo_tag: "base:1" });
  await build(["build", "--conf", baseConf, "--store-root", root, "-o", base]);

  const image = async (tag: string, letter: string, data: string): Promise<EngineImage> => {
    const app = storePath(letter, `app-${tag}`);
    await mkdir(path.join(root, app), { recursive: true });
    await writeFile(path.join(root, app, "says"), `this is ${tag}\n`);
    const made = path.join(folder, tag);
    await mkdir(made);
    const conf = writeConf(made, {
      from_image: base,
      store_layers: [[data], [app]],
      repo_tag: `app:${tag}`,
      config: { Cmd: [`${busybox}/bin/busybox`, "cat", `${app}/says`] },
    });
    return describeImage(made, conf, root, tag);
  };
  return {
    one: await image("one", "1", storePath("c", "data-1")),
    two: await image("two", "2", storePath("c", "data-1")),
    other: await image("other", "3", storePath("d", "data-2")),
  };
}

async function describeImage(
  folder: string,
  conf: string,
  root: string,
  tag: string,
): Promise<EngineImage> {
  const source = ["--conf", conf, "--store-root", root];
  const [plain, gzip, zstd] = ["tar", "tar.gz", "tar.zst"].map((end) =>
    path.join(folder, `image.${end}`),
  ) as [string, string, string];
  await writeFile(plain, await build(["stream", ...source]));
  await build(["build", ...source, "-o", gzip]);
  await build(["build", ...source, "-o", zstd]);
  const read = await readDockerArchive(plain);
  const index = await run("tar", ["-xOf", plain, "index.json"]);
  const { manifests } = JSON.parse(index.stdout) as { manifests: Array<{ digest: string }> };
  return {
    name: `app:${tag}`,
    source,
    plain,
    gzip,
    zstd,
    says: `this is ${tag}`,
    configDigest: read.imageId,
    manifestDigest: manifests[0]?.digest ?? "",
    diffIds: read.layers.map(({ diffId }) => diffId),
    layerMembers: read.manifest.Layers,
  };
}

/**
 * A copy of an image's archive without its lowest layers and without their places in the OCI layout,
 * made by tar: what an engine gets that has them. A layer that occurs again above stays.
 */
export async function withoutLowest(
  image: EngineImage,
  count: number,
  copy: string,
): Promise<string> {
  await copyFile(image.plain, copy);
  const above = new Set(image.diffIds.slice(count));
  const members = image.diffIds.flatMap((diffId, index) =>
    above.has(diffId)
      ? []
      : [image.layerMembers[index] ?? "", diffId.replace("sha256:", "blobs/sha256/")],
  );
  await run("tar", ["--delete", "-f", copy, ...members]);
  return copy;
}

function storePath(letter: string, name: string): string {
  return `/nix/store/${letter.repeat(32)}-${name}`;
}

async function build(args: readonly string[]): Promise<Buffer> {
  const { status, stdout, stderr } = runVarve([...args, "--quiet"]);
  if (status !== 0) throw new Error(`varve ${args.join(" ")}: ${stderr}`);
  return stdout;
}
