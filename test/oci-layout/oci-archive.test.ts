import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import path from "node:path";
import * as zlib from "node:zlib";
import * as fc from "fast-check";
import { describe, expect, it, onTestFinished } from "vitest";
import { archiveBytes, dockerArchive } from "../../src/archives/docker-archive.ts";
import { openDockerArchive } from "../../src/archives/read-archive.ts";
import { digestOf, hexOf } from "../../src/image/digest.ts";
import { MEDIA_TYPE } from "../../src/image/media-types.ts";
import { parseReference } from "../../src/image/reference.ts";
import { openOciArchive } from "../../src/oci-layout/oci-archive.ts";
import type { OciArchive } from "../../src/oci-layout/oci-archive.ts";
import { OciLayout } from "../../src/oci-layout/oci-layout.ts";
import { ociArchive } from "../../src/oci-layout/write-oci-archive.ts";
import type { ArchiveContent } from "../../src/oci-layout/write-oci-archive.ts";
import { archiveOf, configOf, folder, LAYERS, link } from "../archives/support/archives.ts";
import { memoryImage, memoryLayers } from "../destinations/support/memory-image.ts";
import { failureOf } from "../support/failures.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { arbitraryContent, lay, put } from "./support/content.ts";
import type { Laid } from "./support/content.ts";

function fileOf(bytes: Uint8Array): string {
  const file = path.join(temporaryFolder(), "image.tar");
  fs.writeFileSync(file, bytes);
  return file;
}

async function open(bytes: Uint8Array): Promise<OciArchive> {
  const archive = await openOciArchive(fileOf(bytes));
  onTestFinished(() => {
    archive.close();
  });
  return archive;
}

async function collect(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const chunk of chunks) parts.push(chunk);
  return Buffer.concat(parts);
}

async function layoutWith(laid: Laid): Promise<OciLayout> {
  const layout = OciLayout.create(path.join(temporaryFolder(), "layout"));
  await put(layout, "1.0", laid);
  return layout;
}

/** An image whose config and layers are of the types that Docker knows. */
const CONFIG = configOf(LAYERS);
const IMAGE = lay({ kind: "image", config: CONFIG, layers: LAYERS });
const NAMES = [{ name: "1.0", fullName: "docker.io/library/app:1.0" }];

async function archived(laid: Laid, content: Omit<ArchiveContent, "manifest">): Promise<Buffer> {
  const layout = await layoutWith(laid);
  return collect(ociArchive(layout, [{ manifest: laid.manifest, ...content }]));
}

describe("an OCI archive", () => {
  it("has all that was put into it, and the same bytes each time", async () => {
    await fc.assert(
      fc.asyncProperty(arbitraryContent, async (content) => {
        const laid = lay(content);
        const bytes = await archived(laid, { names: NAMES });
        expect(bytes.equals(await archived(laid, { names: NAMES }))).toBe(true);
        const archive = await open(bytes);
        for (const version of ["", "1.0", "app:1.0", laid.manifest.digest]) {
          expect(await archive.readManifest(version)).toEqual(laid.manifest);
        }
        for (const inner of laid.inner) {
          expect(await archive.readManifest(inner.digest)).toEqual(inner);
        }
        for (const blob of laid.blobs) {
          const digest = digestOf(blob);
          expect(await archive.readBlob(digest)).toEqual(blob);
          expect(await collect(archive.openBlob({ digest, size: blob.length }))).toEqual(blob);
        }
        const again = OciLayout.create(path.join(temporaryFolder(), "again"));
        for (const blob of laid.blobs) {
          await again.takeBlob({ digest: digestOf(blob), size: blob.length }, archive);
        }
      }),
      { numRuns: 10 },
    );
  });

  it("is a hybrid that is read as a Docker archive, too", async () => {
    const file = fileOf(await archived(IMAGE, { names: NAMES }));
    const image = await openDockerArchive(file, "app:1.0");
    expect(image.repoTags).toEqual(["app:1.0"]);
    expect(image.configBytes).toEqual(CONFIG);
    expect(image.layers.map(({ diffId }) => diffId)).toEqual(LAYERS.map(digestOf));
    image.close();
  });

  it("of several images is no hybrid when one of them cannot be for Docker", async () => {
    const index = lay({ kind: "index", children: [] });
    const layout = await layoutWith(IMAGE);
    await put(layout, "2.0", index);
    const contents = [
      { manifest: IMAGE.manifest, names: NAMES },
      { manifest: index.manifest, names: [{ name: "2.0" }] },
    ];
    const archive = fileOf(await collect(ociArchive(layout, contents)));
    expect((await failureOf(openDockerArchive(archive))).code).toBe("ARCHIVE_FOREIGN");
    const read = await openOciArchive(archive);
    expect(read.names()).toEqual(["1.0", "2.0"]);
    read.close();
  });

  it("is not made of an image that lacks something", async () => {
    const layout = await layoutWith(IMAGE);
    const layer = LAYERS[1]!;
    const file = path.join(layout.folder, "blobs/sha256", hexOf(digestOf(layer)));
    fs.rmSync(file);
    const content = [{ manifest: IMAGE.manifest, names: [] }];
    const error = await failureOf(collect(ociArchive(layout, content)));
    expect(error.message).toContain(digestOf(layer));
    const index = lay({ kind: "index", children: [{ kind: "index", children: [] }] });
    const listed = [{ manifest: index.manifest, names: [] }];
    expect((await failureOf(collect(ociArchive(layout, listed)))).code).toBe("IMAGE_INCOMPLETE");
  });
});

function member(digest: string): string {
  return `blobs/sha256/${hexOf(digest)}`;
}

describe("OCI archives of others", () => {
  const [a, b] = [IMAGE.manifest, ...IMAGE.blobs.slice(0, 1)] as [typeof IMAGE.manifest, Buffer];
  const entry = { mediaType: MEDIA_TYPE.manifest, digest: a.digest, size: a.bytes.length };
  const index = JSON.stringify({ schemaVersion: 2, manifests: [entry] });

  it("may have their members in any order, linked, and named from ./", async () => {
    const archive = await open(
      archiveOf(
        folder("./"),
        ["./layer.tar", LAYERS[0]!],
        link(`./${member(digestOf(LAYERS[0]!))}`, "../../layer.tar"),
        [`./${member(digestOf(b))}`, b],
        ["./manifest", a.bytes],
        link(member(a.digest), "./manifest", "1"),
        ["./index.json", index],
      ),
    );
    expect((await archive.readManifest(""))?.digest).toBe(a.digest);
    const layer = { digest: digestOf(LAYERS[0]!), size: LAYERS[0]!.length };
    expect(await collect(archive.openBlob(layer))).toEqual(LAYERS[0]);
  });

  it.each<[string, (bytes: Buffer) => Buffer]>([
    ["gzip", (bytes) => zlib.gzipSync(bytes)],
    ["zstd", (bytes) => zlib.zstdCompressSync(bytes)],
    ["xz", (input) => execFileSync("xz", ["-c"], { input })],
    ["bzip2", (input) => execFileSync("bzip2", ["-c"], { input })],
  ])("may be compressed: %s", async (_, compress) => {
    const archive = await open(compress(await archived(IMAGE, { names: NAMES })));
    expect((await archive.readManifest("1.0"))?.digest).toBe(IMAGE.manifest.digest);
  });

  it("varve's own ordinary archives are such, too", async () => {
    const image = memoryImage(memoryLayers(["one", "two"]));
    const archive = await open(
      await collect(archiveBytes(dockerArchive(image, [parseReference("app:1.0")]))),
    );
    expect(archive.names()).toEqual(["1.0"]);
    const manifest = await archive.readManifest("docker.io/library/app:1.0");
    const { layers } = JSON.parse(manifest!.bytes.toString()) as {
      layers: Array<{ digest: string; size: number }>;
    };
    for (const layer of layers) {
      expect(digestOf(await collect(archive.openBlob(layer)))).toBe(layer.digest);
    }
  });

  it.each<[string, Buffer, string, string]>([
    ["no index.json", archiveOf(["x", "y"]), "ARCHIVE_FOREIGN", "no index.json"],
    ["a broken index.json", archiveOf(["index.json", "{"]), "LAYOUT_DAMAGED", "not JSON"],
    ["no blobs", archiveOf(["index.json", index]), "LAYOUT_DAMAGED", "which index.json names"],
    [
      "a manifest of other bytes",
      archiveOf(["index.json", index], [member(a.digest), "{}"]),
      "ARCHIVE_DAMAGED",
      "other bytes",
    ],
  ])("with %s are refused", async (_, bytes, code, told) => {
    const error = await failureOf(async () => (await open(bytes)).readManifest(""));
    expect(error.code).toBe(code);
    expect(error.message).toContain(told);
  });

  it("with a blob cut short are refused when it is read", async () => {
    const layer = LAYERS[0]!;
    const digest = digestOf(layer);
    const archive = await open(
      archiveOf(["index.json", index], [member(digest), layer.subarray(1)]),
    );
    const reading = collect(archive.openBlob({ digest, size: layer.length }));
    expect((await failureOf(reading)).message).toContain(`not ${layer.length}`);
  });
});
