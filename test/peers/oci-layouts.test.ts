import * as fs from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { decompress } from "../../src/archives/compression/decompress.ts";
import { sniffCompression } from "../../src/archives/compression/sniff.ts";
import { openDockerArchive } from "../../src/archives/read-archive.ts";
import { deliverToLayout } from "../../src/destinations/oci-layout/deliver-to-layout.ts";
import type { LayoutOptions } from "../../src/destinations/oci-layout/deliver-to-layout.ts";
import { deliverToOciArchive } from "../../src/destinations/oci-layout/deliver-to-oci-archive.ts";
import type { ContentSource } from "../../src/image/content-store.ts";
import { digestOf } from "../../src/image/digest.ts";
import type { Image } from "../../src/image/image.ts";
import { isIndexType } from "../../src/image/media-types.ts";
import { parseReference } from "../../src/image/reference.ts";
import { openOciArchive } from "../../src/oci-layout/oci-archive.ts";
import { OciLayout } from "../../src/oci-layout/oci-layout.ts";
import type { Compression } from "../../src/packing/codec/compression.ts";
import { Compressor } from "../../src/packing/codec/compressor.ts";
import { layerOf, storePath, tarOf } from "../packing/support/layers.ts";
import { legacyArchive } from "../archives/support/legacy.ts";
import { folderOf } from "../support/arbitrary-tree.ts";
import { imageOf, tarLayer } from "../support/images.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { absent } from "./support/absent.ts";
import { dockerdAbsent, startDockerd } from "./support/dockerd.ts";
import type { TestDockerd } from "./support/dockerd.ts";
import { runWith } from "./support/run.ts";

const APP = [parseReference("app:1.0")];
const FULL_NAME = "docker.io/library/app:1.0";
const SHELL = storePath("busybox");
const DATA = storePath("data");

const LAYOUT_MODULE = path.join(import.meta.dirname, "../../src/oci-layout/oci-layout.ts");

const compressor = new Compressor(2);

interface Fixture {
  readonly image: Image;
  readonly diffIds: readonly string[];
}

/** A shell, and a file beside it. */
function makeFixture(text = "hello"): Fixture {
  const root = temporaryFolder();
  const busybox = fs.readFileSync("/bin/busybox").toString("latin1");
  const tars = [
    tarOf(
      layerOf(root, {
        [SHELL]: folderOf({ busybox: { type: "file", mode: 0o555, content: busybox } }),
      }),
    ),
    tarOf(layerOf(root, { [DATA]: { type: "file", mode: 0o444, content: text } })),
  ];
  return { image: imageOf(tars.map((tar) => tarLayer(tar))), diffIds: tars.map(digestOf) };
}

function options(compression: Compression): LayoutOptions {
  return {
    compression,
    compressor: () => compressor,
    learn: true,
    version: "",
    report: () => undefined,
  };
}

/** A folder with the image in `layout`, called `1.0`. */
async function layoutOf(
  { image }: Fixture,
  compression: Compression = "gzip",
): Promise<{ cwd: string; digest: string; imageId: string }> {
  const cwd = temporaryFolder();
  const layout = OciLayout.create(path.join(cwd, "layout"));
  const { digest, imageId } = await deliverToLayout(image, APP, layout, options(compression));
  return { cwd, digest, imageId };
}

interface Read {
  readonly diffIds: readonly string[];
  readonly config: string;
}

interface Descriptor {
  readonly digest: string;
  readonly size: number;
}

/** Everything of an image, read and checked down to its files' bytes. */
async function readImage(source: ContentSource, version: string): Promise<Read> {
  const manifest = await source.readManifest(version);
  if (manifest === undefined) throw new Error(`no ${version}`);
  const content = JSON.parse(manifest.bytes.toString()) as {
    readonly manifests?: readonly Descriptor[];
    readonly config: Descriptor;
    readonly layers: readonly Descriptor[];
  };
  if (isIndexType(manifest.mediaType)) return readImage(source, content.manifests![0]!.digest);
  const diffIds: string[] = [];
  for (const layer of content.layers) {
    const bytes = await collect(source.openBlob(layer));
    const plain = decompress(once(bytes), sniffCompression(bytes), layer.digest);
    diffIds.push(digestOf(await collect(plain)));
  }
  const config = (await source.readBlob(content.config.digest))!.toString();
  const told = JSON.parse(config) as { rootfs: { diff_ids: string[] } };
  expect(told.rootfs.diff_ids).toEqual(diffIds);
  return { diffIds, config };
}

async function collect(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const chunk of chunks) parts.push(chunk);
  return Buffer.concat(parts);
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array, void, undefined> {
  yield bytes;
}

async function readArchive(file: string, version = ""): Promise<Read> {
  const archive = await openOciArchive(file);
  try {
    return await readImage(archive, version);
  } finally {
    archive.close();
  }
}

/** The same of a Docker archive. */
async function readDocker(file: string, name = ""): Promise<Read> {
  const image = await openDockerArchive(file, name);
  try {
    for (const layer of image.layers) for await (const part of layer.stream()) void part;
    const diffIds = image.layers.map(({ diffId }) => diffId);
    return { diffIds, config: image.configBytes.toString() };
  } finally {
    image.close();
  }
}

function skopeo(cwd: string, from: string, to: string, ...args: string[]): Promise<Buffer> {
  const command = ["--insecure-policy", "copy", "--quiet", ...args, from, to];
  return runWith("skopeo", command, undefined, { cwd });
}

/** podman and buildah with a storage of the test's own. */
function withStorage(program: "podman" | "buildah", cwd: string) {
  const storage = [`--root=${cwd}/root`, `--runroot=${cwd}/run`, "--storage-driver=vfs"];
  return async (...args: string[]): Promise<string> =>
    (await runWith(program, [...storage, ...args], undefined, { cwd })).toString().trim();
}

describe.skipIf(absent(["skopeo", "busybox"]))("skopeo", () => {
  it.each(["none", "gzip", "zstd"] as const)("reads our layout as it is: %s", async (codec) => {
    const fixture = makeFixture();
    const { cwd, digest, imageId } = await layoutOf(fixture, codec);
    const raw = await runWith("skopeo", ["inspect", "--raw", "oci:layout:1.0"], undefined, { cwd });
    expect(digestOf(raw)).toBe(digest);
    await skopeo(cwd, "oci:layout", "oci:copy:2.0", "--preserve-digests");
    const copy = OciLayout.open(path.join(cwd, "copy"));
    expect((await copy.readManifest("2.0"))?.digest).toBe(digest);
    const { config } = await readImage(copy, "");
    expect(digestOf(Buffer.from(config))).toBe(imageId);
  });

  it("and varve go on with each other's layouts", async () => {
    const one = makeFixture("one");
    const two = makeFixture("two");
    const { cwd } = await layoutOf(one);
    await skopeo(cwd, "oci:layout:1.0", "oci:shared:one");
    const shared = OciLayout.open(path.join(cwd, "shared"));
    const told = await deliverToLayout(two.image, APP, shared, options("gzip"));
    expect(told.layers.map(({ sent }) => sent)).toEqual([false, true]);
    await skopeo(cwd, "oci:layout:1.0", "oci:shared:three");
    expect(shared.names()).toEqual(["one", "1.0", "three"]);
    expect((await readImage(shared, "one")).diffIds).toEqual(one.diffIds);
    expect((await readImage(shared, "app:1.0")).diffIds).toEqual(two.diffIds);
    expect(await shared.removeUnused()).toBe(0);
  });

  it("reads our archive, and we read its own", async () => {
    const { image, diffIds } = makeFixture();
    const cwd = temporaryFolder();
    const file = path.join(cwd, "image.tar");
    await deliverToOciArchive(image, APP, file, options("gzip"));
    for (const source of ["oci-archive:image.tar:1.0", "docker-archive:image.tar:app:1.0"]) {
      await skopeo(cwd, source, `oci-archive:copy.tar:x`);
      expect((await readArchive(path.join(cwd, "copy.tar"), "x")).diffIds).toEqual(diffIds);
      await skopeo(cwd, source, `docker-archive:docker.tar:a:1`);
      expect((await readDocker(path.join(cwd, "docker.tar"), "a:1")).diffIds).toEqual(diffIds);
      fs.rmSync(path.join(cwd, "copy.tar"));
      fs.rmSync(path.join(cwd, "docker.tar"));
    }
  });
});

describe.skipIf(absent(["umoci", "busybox"]))("umoci", () => {
  it("unpacks our layout, and we read what it adds", async () => {
    const { cwd } = await layoutOf(makeFixture());
    const umoci = (...args: string[]): Promise<Buffer> =>
      runWith("umoci", args, undefined, { cwd });
    expect((await umoci("ls", "--layout", "layout")).toString()).toBe("1.0\n");
    await umoci("unpack", "--image", "layout:1.0", "bundle");
    expect(fs.readFileSync(path.join(cwd, "bundle/rootfs", DATA), "utf8")).toBe("hello");
    fs.writeFileSync(path.join(cwd, "bundle/rootfs/more"), "more");
    await umoci("repack", "--image", "layout:2.0", "bundle");
    const layout = OciLayout.open(path.join(cwd, "layout"));
    expect(layout.names().toSorted()).toEqual(["1.0", "2.0"]);
    expect((await readImage(layout, "2.0")).diffIds).toHaveLength(3);
    await umoci("gc", "--layout", "layout");
    expect((await readImage(layout, "app:1.0")).diffIds).toHaveLength(2);
  });
});

describe.skipIf(absent(["podman", "busybox"]))("podman", () => {
  it.each(["none", "gzip", "zstd"] as const)("reads our layout and archive: %s", async (codec) => {
    const { image, diffIds } = makeFixture();
    const { cwd, imageId } = await layoutOf({ image, diffIds }, codec);
    const podman = withStorage("podman", cwd);
    const id = await podman("pull", "--quiet", "oci:layout:1.0");
    expect(`sha256:${id}`).toBe(imageId);
    await podman("rmi", id);
    await deliverToOciArchive(image, APP, path.join(cwd, "image.tar"), options(codec));
    expect(await podman("load", "--quiet", "--input=image.tar")).toContain(FULL_NAME);
    const layers = await podman("image", "inspect", "--format={{json .RootFS.Layers}}", FULL_NAME);
    expect(JSON.parse(layers)).toEqual(diffIds);
  });

  it("writes what we read", async () => {
    const { cwd } = await layoutOf(makeFixture());
    const other = makeFixture("other");
    const layout = OciLayout.open(path.join(cwd, "layout"));
    await deliverToLayout(other.image, [parseReference("other:2")], layout, options("gzip"));
    const podman = withStorage("podman", cwd);
    for (const tag of ["1.0", "2"]) {
      const id = await podman("pull", "--quiet", `oci:layout:${tag}`);
      await podman("tag", id, `localhost/${tag === "2" ? "other:2" : "app:1.0"}`);
    }
    const { diffIds } = other;
    const name = "localhost/other:2";
    await podman("save", "--quiet", "--format=oci-archive", "--output=oci.tar", name);
    expect((await readArchive(path.join(cwd, "oci.tar"), "other:2")).diffIds).toEqual(diffIds);
    await podman("save", "--quiet", "--format=oci-dir", "--output=dir", name);
    expect((await readImage(OciLayout.open(path.join(cwd, "dir")), "")).diffIds).toEqual(diffIds);
    const save = ["save", "--quiet", "--multi-image-archive", "--format=docker-archive"];
    await podman(...save, "--output=several.tar", "localhost/app:1.0", name);
    const several = path.join(cwd, "several.tar");
    expect((await readDocker(several, "other:2")).diffIds).toEqual(diffIds);
    expect((await readDocker(several, "app:1.0")).diffIds).not.toEqual(diffIds);
  });
});

describe.skipIf(absent(["buildah", "busybox"]))("buildah", () => {
  it("builds on our layout, and we read what it writes", async () => {
    const { diffIds, image } = makeFixture();
    const { cwd } = await layoutOf({ image, diffIds });
    const buildah = withStorage("buildah", cwd);
    const container = await buildah("from", "--quiet", "oci:layout:1.0");
    await buildah("config", "--env=MORE=1", container);
    await buildah("commit", "--quiet", container, "more:1");
    await buildah("push", "--quiet", "more:1", "oci:layout:more");
    const layout = OciLayout.open(path.join(cwd, "layout"));
    expect(layout.names()).toEqual(["1.0", "more"]);
    const more = await readImage(layout, "more");
    expect(more.diffIds.slice(0, 2)).toEqual(diffIds);
    expect(more.config).toContain("MORE=1");
    await buildah("push", "--quiet", "more:1", "oci-archive:more.tar:more:1");
    expect((await readArchive(path.join(cwd, "more.tar"))).diffIds).toEqual(more.diffIds);
    await buildah("push", "--quiet", "more:1", "docker-archive:docker.tar:more:1");
    expect((await readDocker(path.join(cwd, "docker.tar"), "more:1")).diffIds).toEqual(
      more.diffIds,
    );
  });
});

describe.skipIf(dockerdAbsent() ?? absent(["busybox", "tar"]))("Docker 20.10", () => {
  let engine: TestDockerd;
  beforeAll(async () => {
    engine = await startDockerd();
  });
  afterAll(() => engine?.stop());

  it.each(["none", "gzip"] as const)("loads our OCI archive and runs it: %s", async (codec) => {
    const { image, diffIds } = makeFixture(codec);
    const file = path.join(engine.folder, `${codec}.tar`);
    const { imageId } = await deliverToOciArchive(image, APP, file, options(codec));
    expect(await engine.docker("load", "--input", file)).toContain("app:1.0");
    const inspect = "{{.Id}} {{json .RootFS.Layers}}";
    expect(await engine.docker("image", "inspect", "--format", inspect, "app:1.0")).toBe(
      `${imageId} ${JSON.stringify(diffIds)}`,
    );
    const read = ["run", "--rm", "app:1.0", `${SHELL}/busybox`, "cat", DATA];
    expect(await engine.docker(...read)).toBe(codec);
  });

  it("converts archives of before 1.10 to the same images as we do", async () => {
    const file = path.join(engine.folder, "legacy.tar");
    fs.writeFileSync(file, legacyArchive());
    await engine.docker("load", "--input", file);
    for (const name of ["app:1", "other:2"]) {
      const id = await engine.docker("image", "inspect", "--format={{.Id}}", name);
      expect(digestOf(Buffer.from((await readDocker(file, name)).config))).toBe(id);
    }
  });

  it("saves what we read without its manifest.json, too", async () => {
    const { image, diffIds } = makeFixture("saved");
    const file = path.join(engine.folder, "image.tar");
    await deliverToOciArchive(image, [parseReference("saved:1")], file, options("gzip"));
    await engine.docker("load", "--input", file);
    const saved = path.join(engine.folder, "saved.tar");
    await engine.docker("save", "--output", saved, "saved:1");
    expect((await readDocker(saved)).diffIds).toEqual(diffIds);
    const folder = temporaryFolder();
    await runWith("tar", ["--extract", `--file=${saved}`, `--directory=${folder}`]);
    fs.rmSync(path.join(folder, "manifest.json"));
    await runWith("tar", ["--create", "--file=legacy.tar", "--directory", folder, "."], undefined, {
      cwd: engine.folder,
    });
    const legacy = path.join(engine.folder, "legacy.tar");
    expect((await readDocker(legacy, "saved:1")).diffIds).toEqual(diffIds);
  });
});

it.skipIf(absent(["unshare", "mount"]))(
  "a full disk is told, and the layout stays whole",
  async () => {
    const { cwd } = await layoutOf(makeFixture());
    fs.mkdirSync(path.join(cwd, "disk"));
    fs.writeFileSync(
      path.join(cwd, "fill.mjs"),
      `import * as fs from "node:fs";
     import { OciLayout } from ${JSON.stringify(LAYOUT_MODULE)};
     const from = OciLayout.open("layout");
     const to = OciLayout.create("disk/layout");
     await to.putManifest("small", Buffer.from('{"schemaVersion":2,"manifests":[]}'), "application/vnd.oci.image.index.v1+json");
     const { layers } = JSON.parse((await from.readManifest("")).bytes);
     await to.takeBlob(layers[0], from).catch((error) => console.log(error.code));
     console.log(OciLayout.open("disk/layout").names().join(), fs.readdirSync("disk/layout/blobs").join());`,
    );
    const command = 'mount -t tmpfs -o size=200k tmpfs disk && exec "$0" fill.mjs';
    const args = ["--mount", "--propagation=private", "sh", "-c", command, process.execPath];
    const output = await runWith("unshare", args, undefined, { cwd });
    expect(output.toString()).toBe("DESTINATION_FULL\nsmall sha256\n");
  },
);
