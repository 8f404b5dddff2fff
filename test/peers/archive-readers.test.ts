import * as fs from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openDockerArchive } from "../../src/archives/read-archive.ts";
import { archiveBytes, dockerArchive } from "../../src/archives/docker-archive.ts";
import type { Image } from "../../src/image/image.ts";
import { digestOf } from "../../src/image/digest.ts";
import { parseReference } from "../../src/image/reference.ts";
import { compress } from "../../src/packing/codec/compress.ts";
import { Compressor } from "../../src/packing/codec/compressor.ts";
import { layerOf, storePath, tarOf } from "../packing/support/layers.ts";
import { folderOf } from "../support/arbitrary-tree.ts";
import { imageOf, tarLayer } from "../support/images.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { absent } from "./support/absent.ts";
import { AWKWARD } from "./support/awkward-tree.ts";
import { dockerdAbsent, startDockerd } from "./support/dockerd.ts";
import type { TestDockerd } from "./support/dockerd.ts";
import { listFolder, sortedByName } from "./support/folder-listing.ts";
import type { ListedFile } from "./support/folder-listing.ts";
import { runWith } from "./support/run.ts";

const NAME = "awkward:1";
const PATH = storePath("awkward");
const SUPPORT = path.join(import.meta.dirname, "support");

/** An image of odd names, busybox on top, and the first layer once more. */
interface Fixture {
  readonly image: Image;
  /** The image's archive, plain. */
  readonly archive: Buffer;
  readonly diffIds: readonly string[];
  /** What lies at the store path on disk. */
  readonly files: readonly ListedFile[];
}

function makeFixture(): Promise<Fixture> {
  const root = temporaryFolder();
  const awkward = tarOf(layerOf(root, { [PATH]: AWKWARD }));
  const busybox = fs.readFileSync("/bin/busybox").toString("latin1");
  const shell = storePath("busybox");
  const top = tarOf(
    layerOf(root, {
      [shell]: folderOf({ busybox: { type: "file", mode: 0o555, content: busybox } }),
    }),
  );
  return describeImage([awkward, top, awkward], root);
}

async function describeImage(tars: readonly Buffer[], root: string): Promise<Fixture> {
  const image = imageOf(tars.map((tar) => tarLayer(tar)));
  const parts: Uint8Array[] = [];
  for await (const part of archiveBytes(dockerArchive(image, [parseReference(NAME)])))
    parts.push(part);
  return {
    image,
    archive: Buffer.concat(parts),
    diffIds: tars.map(digestOf),
    files: listFolder(root, PATH.slice(1)),
  };
}

/** DiffIDs of an archive, all its bytes read and checked. */
async function readThrough(file: string): Promise<{ diffIds: string[]; config: string }> {
  const image = await openDockerArchive(file);
  try {
    for (const layer of image.layers) for await (const part of layer.stream()) void part;
    return {
      diffIds: image.layers.map(({ diffId }) => diffId),
      config: image.configBytes.toString("utf8"),
    };
  } finally {
    image.close();
  }
}

function inFile(bytes: Uint8Array, name = "image.tar"): string {
  const file = path.join(temporaryFolder(), name);
  fs.writeFileSync(file, bytes);
  return file;
}

describe.skipIf(dockerdAbsent() ?? absent(["python3", "busybox"]))("Docker", () => {
  let engine: TestDockerd;
  beforeAll(async () => {
    engine = await startDockerd();
  });
  afterAll(() => engine?.stop());

  it("keeps every name, mode and target; and varve reads what it saves", async () => {
    const { archive, files, diffIds, image } = await makeFixture();
    await runWith("docker", ["load"], archive, { env: engine.env });
    const shell = `${storePath("busybox")}/busybox`;
    const listing = await engine.docker("run", "--rm", NAME, shell, "find", PATH);
    expect(listing.split("\n").length).toBeGreaterThan(files.length - 5);
    const container = await engine.docker("create", NAME, "none");
    const exported = await runWith("docker", ["export", container], undefined, { env: engine.env });
    const listed = await runWith("python3", [path.join(SUPPORT, "cpython-list.py")], exported, {
      env: { ...process.env, PYTHONUTF8: "1" },
    });
    const kept = (JSON.parse(listed.toString("utf8")) as ListedFile[]).filter(({ name }) =>
      `/${name}`.startsWith(PATH),
    );
    expect(sortedByName(kept)).toEqual(sortedByName(files));

    const saved = path.join(engine.folder, "saved.tar");
    await engine.docker("save", "--output", saved, NAME);
    expect(await readThrough(saved)).toEqual({
      diffIds,
      config: (await image.config()).toString("utf8"),
    });
  });
});

describe("a base image that another tool wrote", () => {
  it.skipIf(absent(["skopeo"])).each([
    ["skopeo, as docker-archive", "docker-archive:image.tar", "docker-archive:copy.tar:a:1"],
    ["skopeo, from the OCI layout", "oci-archive:image.tar:1", "docker-archive:copy.tar:a:1"],
  ])("%s", async (_, from, to) => {
    const { archive, diffIds } = await makeFixture();
    const file = inFile(archive);
    const cwd = path.dirname(file);
    await runWith("skopeo", ["--insecure-policy", "copy", "--quiet", from, to], undefined, { cwd });
    expect((await readThrough(path.join(cwd, "copy.tar"))).diffIds).toEqual(diffIds);
  });

  it.skipIf(absent(["skopeo"])).each(["docker-archive:image.tar", "oci-archive:image.tar:1"])(
    "and skopeo inspects ours: %s",
    async (source) => {
      const { archive, diffIds } = await makeFixture();
      const cwd = path.dirname(inFile(archive));
      const json = await runWith("skopeo", ["inspect", source], undefined, { cwd });
      expect(JSON.parse(json.toString("utf8"))).toMatchObject({
        Architecture: "amd64",
        Layers: diffIds,
      });
    },
  );

  it.skipIf(absent(["podman"]))("podman save", async () => {
    const { archive, diffIds, image } = await makeFixture();
    const folder = temporaryFolder();
    const podman = (...args: string[]): Promise<Buffer> =>
      runWith("podman", [
        `--root=${folder}/root`,
        `--runroot=${folder}/run`,
        "--storage-driver=vfs",
        ...args,
      ]);
    await podman("load", "--quiet", `--input=${inFile(archive)}`);
    await podman(
      "save",
      "--quiet",
      "--format=docker-archive",
      `--output=${folder}/saved.tar`,
      `docker.io/library/${NAME}`,
    );
    expect(await readThrough(`${folder}/saved.tar`)).toEqual({
      diffIds,
      config: (await image.config()).toString("utf8"),
    });
  });

  it("GNU tar of a folder", async () => {
    const { archive, diffIds } = await makeFixture();
    const folder = temporaryFolder();
    await runWith("tar", ["--extract", "--file=-", `--directory=${folder}`], archive);
    for (const format of ["gnu", "ustar", "pax", "v7"]) {
      const again = await runWith("tar", [
        "--create",
        `--format=${format}`,
        `--directory=${folder}`,
        ".",
      ]);
      expect((await readThrough(inFile(again))).diffIds, format).toEqual(diffIds);
    }
  });

  it.each([
    ["gzip", ["-9"]],
    ["pigz", ["-p4"]],
    ["zstd", ["-19", "--long=27", "-T2"]],
    ["zstd", ["--no-check", "--no-content-size"]],
    ["xz", ["-1", "-T2", "--block-size=100KiB"]],
    ["bzip2", ["-1"]],
  ])("compressed by %s %j, twice in a row", async (program, args) => {
    if (absent([program])) return;
    const { archive, diffIds } = await makeFixture();
    const half = archive.length >> 1;
    const parts = [archive.subarray(0, half), archive.subarray(half)];
    const compressed = await Promise.all(
      parts.map((part) => runWith(program, ["-c", ...args], part)),
    );
    const whole = Buffer.concat(compressed);
    expect((await readThrough(inFile(whole))).diffIds).toEqual(diffIds);

    const cut = inFile(whole.subarray(0, -100));
    const damaged = Buffer.from(whole);
    damaged[damaged.length >> 1]! ^= 0x55;
    for (const file of [cut, inFile(damaged)]) {
      await expect(readThrough(file)).rejects.toMatchObject({
        code: "ARCHIVE_DAMAGED",
        message: expect.stringMatching(/image\.tar is damaged: ./) as string,
      });
    }
  });
});

describe("what we compress", () => {
  it.each([
    ["gzip", "gzip"],
    ["gzip", "pigz"],
    ["zstd", "zstd"],
  ] as const)("as %s is read by %s", async (codec, program) => {
    if (absent([program])) return;
    const bytes = Buffer.alloc((20 << 20) + 5, fs.readFileSync("/bin/busybox"));
    for (const length of [0, 1, 1 << 20, bytes.length]) {
      const source = (async function* (): AsyncGenerator<Uint8Array> {
        yield bytes.subarray(0, length);
      })();
      const back = await runWith(program, ["-d", "-c"], compress(source, codec, new Compressor(2)));
      expect(back.equals(bytes.subarray(0, length))).toBe(true);
    }
  });
});

it.skipIf(absent(["unshare", "mount"]))(
  "a disk that is full is told, and nothing stays on it",
  async () => {
    const root = temporaryFolder();
    const compressed = await runWith("gzip", ["-c"], Buffer.alloc(1 << 20));
    fs.writeFileSync(path.join(root, "image.tar.gz"), compressed);
    fs.mkdirSync(path.join(root, "disk"));
    fs.writeFileSync(
      path.join(root, "fill.mjs"),
      `import * as fs from "node:fs";
     import { openDockerArchive } from ${sourceFile("archives/read-archive.ts")};
     import { writeWholeFile } from ${sourceFile("destinations/output-file.ts")};
     import { writeFully } from ${sourceFile("io/write-fully.ts")};
     const told = ({ code, message, hint }) => console.log([code, message, hint].join("|"));
     await writeWholeFile("disk/image.tar", (fd) => writeFully(fd, Buffer.alloc(1 << 20))).catch(told);
     await openDockerArchive("image.tar.gz").catch(told);
     console.log(fs.readdirSync("disk").length);`,
    );
    const command =
      'mount -t tmpfs -o size=100k tmpfs disk && TMPDIR="$PWD/disk" exec "$0" fill.mjs';
    const args = ["--mount", "--propagation=private", "sh", "-c", command, process.execPath];
    const output = await runWith("unshare", args, undefined, { cwd: root });
    expect(output.toString("utf8").split("\n")).toEqual([
      "DESTINATION_FULL|no space left where the image is written|free some space, or write elsewhere",
      expect.stringMatching(
        /^TEMPORARY_UNWRITABLE\|.*\/disk: ENOSPC: no space left.*\|set TMPDIR/,
      ) as string,
      "0",
      "",
    ]);
  },
);

it.skipIf(absent(["setpriv"]))("a file that this user may not read is named", async () => {
  const root = temporaryFolder();
  fs.chmodSync(root, 0o755);
  const secret = { type: "file", mode: 0o400, content: "x" } as const;
  const spec = layerOf(root, {
    [storePath("file")]: folderOf({ secret }),
    [storePath("folder")]: folderOf({ closed: folderOf({}, 0o700) }),
  });
  const script = path.join(root, "pack.mjs");
  const source = path.join(import.meta.dirname, "../../src/packing/layer-tar.ts");
  fs.writeFileSync(
    script,
    `import { writeLayerTar } from ${JSON.stringify(source)};
     process.setgid(65534);
     process.setuid(65534);
     for (const tree of ${JSON.stringify(spec.trees)}) {
       try {
         writeLayerTar({ ...${JSON.stringify(spec)}, trees: [tree] }, () => {});
       } catch (error) {
         console.log([error.code, error.message, error.hint].join("|"));
       }
     }`,
  );
  const output = await runWith(process.execPath, [script]);
  const files = [`${storePath("file")}/secret`, `${storePath("folder")}/closed`];
  expect(output.toString("utf8")).toBe(
    files
      .map(
        (file) =>
          `PACK_UNREADABLE|${root}${file} cannot be read: permission denied|run as a user who may read it\n`,
      )
      .join(""),
  );
});

/** A module of ours, quoted for a script. */
function sourceFile(name: string): string {
  return JSON.stringify(path.join(import.meta.dirname, "../../src", name));
}
