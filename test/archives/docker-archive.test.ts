import * as fs from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { archiveBytes, dockerArchive } from "../../src/archives/docker-archive.ts";
import type { LeftOut } from "../../src/archives/docker-archive.ts";
import { openDockerArchive } from "../../src/archives/read-archive.ts";
import { TarFileLayer } from "../../src/archives/tar-file-layer.ts";
import type { AssembledImage } from "../../src/assembly/assembled-image.ts";
import { digestOf } from "../../src/image/digest.ts";
import { parseReference } from "../../src/image/reference.ts";
import { imageOf, tarLayer } from "../support/images.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { readMembers } from "../../src/tar/reader.ts";
import { LAYERS } from "./support/archives.ts";

const REFERENCES = ["redis-webserver", "registry.example:5000/team/app:1.2"].map(parseReference);

async function bytesOf(
  image: AssembledImage,
  references = REFERENCES,
  leftOut?: LeftOut,
): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const part of archiveBytes(dockerArchive(image, references, leftOut)))
    parts.push(part);
  return Buffer.concat(parts);
}

/** Names of members with their content; a hard link has its target's. */
function contentsOf(archive: Buffer): Map<string, Buffer> {
  const contents = new Map<string, Buffer>();
  for (const { name, typeFlag, link, offset, size } of readMembers((at, length) =>
    archive.subarray(at, at + length),
  )) {
    expect(contents.has(name)).toBe(false);
    const content =
      typeFlag === "1" ? contents.get(link)! : archive.subarray(offset, offset + size);
    contents.set(name, content);
  }
  return contents;
}

function jsonOf(contents: ReadonlyMap<string, Buffer>, name: string): Record<string, unknown> {
  return JSON.parse(contents.get(name)!.toString("utf8")) as Record<string, unknown>;
}

describe("an archive that is written", () => {
  it("is read back as the image that it was", async () => {
    const image = imageOf(LAYERS.map((layer) => tarLayer(layer)));
    const file = path.join(temporaryFolder(), "image.tar");
    fs.writeFileSync(file, await bytesOf(image));
    const read = await openDockerArchive(file);
    expect(read.repoTags).toEqual(["redis-webserver:latest", "registry.example:5000/team/app:1.2"]);
    expect(read.configBytes.equals(await image.config())).toBe(true);
    expect(read.layers.map(({ diffId }) => diffId)).toEqual(LAYERS.map(digestOf));
    for (const [index, layer] of read.layers.entries()) {
      const parts: Uint8Array[] = [];
      for await (const part of layer.stream()) parts.push(part);
      expect(Buffer.concat(parts).equals(LAYERS[index]!)).toBe(true);
    }
    read.close();
  });

  it("is an OCI layout, every blob under its digest", async () => {
    const image = imageOf(LAYERS.map((layer) => tarLayer(layer)));
    const contents = contentsOf(await bytesOf(image));
    expect(jsonOf(contents, "oci-layout")).toEqual({ imageLayoutVersion: "1.0.0" });
    for (const [name, content] of contents) {
      if (name.startsWith("blobs/"))
        expect(name).toBe(`blobs/sha256/${digestOf(content).slice(7)}`);
    }
    const { manifests } = jsonOf(contents, "index.json") as {
      manifests: Array<{ digest: string; size: number; annotations: Record<string, string> }>;
    };
    expect(manifests.map(({ annotations }) => annotations)).toEqual([
      {
        "io.containerd.image.name": "docker.io/library/redis-webserver:latest",
        "org.opencontainers.image.ref.name": "latest",
      },
      {
        "io.containerd.image.name": "registry.example:5000/team/app:1.2",
        "org.opencontainers.image.ref.name": "1.2",
      },
    ]);
    const { digest, size } = manifests[0]!;
    const name = `blobs/sha256/${digest.slice(7)}`;
    expect(contents.get(name)!.length).toBe(size);
    const manifest = jsonOf(contents, name) as unknown as {
      config: { digest: string };
      layers: Array<{ digest: string; size: number }>;
    };
    expect(manifest.config.digest).toBe(digestOf(await image.config()));
    for (const blob of manifest.layers) {
      expect(contents.get(`blobs/sha256/${blob.digest.slice(7)}`)!.length).toBe(blob.size);
    }
  });

  it("holds a layer once that occurs twice, and names it twice", async () => {
    const [a, b] = [tarLayer(LAYERS[0]!), tarLayer(LAYERS[1]!)];
    const contents = contentsOf(await bytesOf(imageOf([a, b, a])));
    const held = [...contents.keys()].filter((name) => name.endsWith("/layer.tar"));
    expect(held).toEqual([`${a.name}/layer.tar`, `${b.name}/layer.tar`]);
    const [entry] = jsonOf(contents, "manifest.json") as unknown as Array<{ Layers: string[] }>;
    expect(entry!.Layers).toEqual([held[0], held[1], held[0]]);
  });

  it("names layers that it leaves out", async () => {
    const layers = LAYERS.map((layer) => tarLayer(layer));
    const contents = contentsOf(await bytesOf(imageOf(layers), REFERENCES, new Set([0, 2])));
    expect([...contents.keys()].filter((name) => name.endsWith("/layer.tar"))).toEqual([
      `${layers[1]!.name}/layer.tar`,
    ]);
    expect(contents.has(`blobs/sha256/${layers[0]!.name}`)).toBe(false);
    const [entry] = jsonOf(contents, "manifest.json") as unknown as Array<{ Layers: string[] }>;
    expect(entry!.Layers.length).toBe(3);
  });

  it("need not have a name, nor layers", async () => {
    const contents = contentsOf(await bytesOf(imageOf([]), []));
    expect(jsonOf(contents, "manifest.json")).toEqual([
      { Config: expect.stringMatching(/^blobs\/sha256\//) as string, RepoTags: [], Layers: [] },
    ]);
    const { manifests } = jsonOf(contents, "index.json") as { manifests: object[] };
    expect(manifests.length).toBe(1);
    expect(manifests[0]).not.toHaveProperty("annotations");
    expect(manifests[0]).toMatchObject({ platform: { architecture: "amd64", os: "linux" } });
  });

  it("has one owner and one date, and ends on a full record", async () => {
    const archive = await bytesOf(imageOf([tarLayer(LAYERS[0]!)], 315_532_800));
    expect(archive.length % 10_240).toBe(0);
    expect(archive.subarray(-1024).every((byte) => byte === 0)).toBe(true);
    expect(archive.toString("latin1", 100, 148)).toBe(
      "0000644\u{0}0000000\u{0}0000000\u{0}00000004000\u{0}02263523000\u{0}",
    );
    expect(archive.toString("latin1", 265, 329)).toBe("\0".repeat(64));
  });

  it("is the same every time", async () => {
    const [one, two] = [1, 2].map(() => imageOf(LAYERS.map((layer) => tarLayer(layer))));
    expect((await bytesOf(one!)).equals(await bytesOf(two!))).toBe(true);
  });
});

describe("a layer that is not what it should be", () => {
  it.each<[string, Buffer, number, object]>([
    [
      "shorter than its file was",
      LAYERS[0]!.subarray(0, 512),
      LAYERS[0]!.length,
      { code: "ARCHIVE_DAMAGED" },
    ],
    [
      "longer",
      Buffer.concat([LAYERS[0]!, LAYERS[1]!]),
      LAYERS[0]!.length,
      { code: "LAYER_LENGTH" },
    ],
    ["another one", LAYERS[1]!, LAYERS[1]!.length, { code: "ARCHIVE_DAMAGED" }],
  ])("fails when it is %s", async (_, content, size, error) => {
    const file = path.join(temporaryFolder(), "layer.tar");
    fs.writeFileSync(file, Buffer.alloc(size));
    const diffId = digestOf(LAYERS[0]!);
    const layer = new TarFileLayer({ file, diffId, paths: ["/x"], reason: "test" });
    const parts = archiveBytes(dockerArchive(imageOf([layer]), []));
    // Its header, with the size, goes out first.
    await parts.next();
    fs.writeFileSync(file, content);
    const rest = async (): Promise<void> => {
      while ((await parts.next()).done !== true);
    };
    await expect(rest()).rejects.toMatchObject(error);
  });

  it("fails when its file is gone", async () => {
    const layer = new TarFileLayer({
      file: "/nonexistent/layer.tar",
      diffId: digestOf(LAYERS[0]!),
      paths: ["/x"],
      reason: "test",
    });
    await expect(bytesOf(imageOf([layer]))).rejects.toMatchObject({
      code: "LAYER_UNREADABLE",
      message: expect.stringContaining("/nonexistent/layer.tar") as string,
      hint: expect.stringMatching(/./) as string,
    });
  });
});
