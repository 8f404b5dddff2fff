import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { checkContent } from "../../src/comparison/check-content.ts";
import type { CheckedContent } from "../../src/comparison/check-content.ts";
import type { StoredManifest } from "../../src/image/content-store.ts";
import { digestOf } from "../../src/image/digest.ts";
import { MEDIA_TYPE } from "../../src/image/media-types.ts";
import { MemorySource } from "./support/memory-source.ts";
import { file, tarOf } from "./support/tars.ts";

const LAYERS = [[file("a", "one")], [file("b", "two")]];

async function check(
  source: MemorySource,
  manifest: StoredManifest,
  deep = true,
): Promise<CheckedContent> {
  return checkContent(manifest, source, { deep });
}

function problems({ findings }: CheckedContent): string[] {
  return findings.map(({ place, problem }) => `${place}: ${problem}`);
}

function linux(architecture: string): object {
  return { os: "linux", architecture };
}

function entry({ digest, bytes }: StoredManifest): object {
  return { mediaType: MEDIA_TYPE.manifest, digest, size: bytes.length };
}

describe("checkContent", () => {
  it("finds nothing wrong with a whole image, and says what it has read", async () => {
    const source = new MemorySource();
    const manifest = source.image(LAYERS);
    const sizes = [...source.blobs.values()].map(({ length }) => length);
    const deep = await check(source, manifest);
    expect(deep).toMatchObject({ findings: [], images: 1, layers: 2 });
    expect(deep.read).toBe(sizes[1]! + sizes[2]!);
    expect(await check(source, manifest, false)).toMatchObject({ findings: [], read: 0 });
  });

  it("finds every byte of a blob that is changed", async () => {
    const source = new MemorySource();
    const manifest = source.image(LAYERS);
    const [, digest] = [...source.blobs.keys()] as [string, string];
    const whole = source.blobs.get(digest)!;
    for (let at = 0; at < whole.length; at += 1) {
      const changed = Buffer.from(whole);
      changed[at] = changed[at]! ^ 0x10;
      source.blobs.set(digest, changed);
      const checked = await check(source, manifest);
      expect(checked.findings).toEqual([
        {
          place: `layer 1 ${digest.slice(0, 19)}`,
          problem: `its blob has the digest ${digestOf(changed)}, not ${digest}`,
        },
      ]);
    }
  });

  it.each([
    ["ends early", (blob: Buffer) => blob.subarray(0, -5)],
    ["goes on", (blob: Buffer) => Buffer.concat([blob, Buffer.from("x")])],
    ["is empty", () => Buffer.alloc(0)],
  ])("finds a blob that %s", async (_, change) => {
    const source = new MemorySource();
    const manifest = source.image(LAYERS);
    const [, digest] = [...source.blobs.keys()] as [string, string];
    source.blobs.set(digest, change(source.blobs.get(digest)!));
    expect(problems(await check(source, manifest))).toEqual([
      expect.stringMatching(/^layer 1 .*: its blob has the digest/),
    ]);
  });

  it("finds what is missing without reading", async () => {
    const source = new MemorySource();
    const manifest = source.image(LAYERS);
    const [config, first] = [...source.blobs.keys()] as [string, string];
    source.blobs.delete(first);
    expect(problems(await check(source, manifest, false))).toEqual([
      `layer 1 ${first.slice(0, 19)}: is missing`,
    ]);
    source.blobs.delete(config);
    expect(problems(await check(source, manifest, false))).toContain(
      `config: is missing: ${config}`,
    );
  });

  it("finds a layer that is not the one that the config lists", async () => {
    const source = new MemorySource();
    const other = `sha256:${"0".repeat(64)}`;
    const manifest = source.image(LAYERS, {
      config: (config) => ({
        ...config,
        rootfs: { type: "layers", diff_ids: [other, digestOf(tarOf(LAYERS[1]!))] },
      }),
    });
    const right = digestOf(tarOf(LAYERS[0]!));
    const annotated = `is annotated as ${right}, but the config lists ${other}`;
    const shallow = await check(source, manifest, false);
    expect(shallow.findings.map(({ problem }) => problem)).toEqual([annotated]);
    const deep = await check(source, manifest);
    expect(deep.findings.map(({ problem }) => problem)).toEqual([
      annotated,
      `its tar has the digest ${right}, not ${other}`,
    ]);
  });

  it("finds annotations of a wrong length, and a tar that is none", async () => {
    const source = new MemorySource();
    const bytes = Buffer.from("no tar, but of the right digest".repeat(40));
    const layers = [
      source.add(gzipSync(bytes), MEDIA_TYPE.layerGzip),
      source.add(gzipSync(tarOf(LAYERS[0]!)), MEDIA_TYPE.layerGzip, {
        "dev.varve.layer.diff-id": digestOf(tarOf(LAYERS[0]!)),
        "dev.varve.layer.size": "99",
      }),
    ];
    const manifest = source.image([LAYERS[0]!, LAYERS[0]!], {
      config: (config) => ({
        ...config,
        rootfs: { type: "layers", diff_ids: [digestOf(bytes), digestOf(tarOf(LAYERS[0]!))] },
      }),
      manifest: (content) => ({ ...content, layers }),
    });
    expect((await check(source, manifest)).findings.map(({ problem }) => problem)).toEqual([
      "the tar is damaged at byte 0: a header's checksum is wrong",
      "is annotated to be 99 bytes long, but is 2048",
    ]);
  });

  it.each([
    ["schemaVersion: Invalid type: Expected 2 but received 1", { schemaVersion: 1 }],
    ["layers: Invalid type: Expected Array but received Object", { layers: {} }],
    [
      "config.digest is not a digest",
      { config: { mediaType: MEDIA_TYPE.config, digest: "sha256:1", size: 1 } },
    ],
    [
      "is no image's: its config is of type application/vnd.example+json",
      {
        config: {
          mediaType: "application/vnd.example+json",
          digest: `sha256:${"0".repeat(64)}`,
          size: 1,
        },
      },
    ],
    [
      `says to be ${MEDIA_TYPE.dockerManifest}, but is served as ${MEDIA_TYPE.manifest}`,
      { mediaType: MEDIA_TYPE.dockerManifest },
    ],
  ])("finds a manifest malformed: %s", async (problem, change) => {
    const source = new MemorySource();
    const manifest = source.image(LAYERS, { manifest: (content) => ({ ...content, ...change }) });
    expect(problems(await check(source, manifest))).toEqual([`manifest: ${problem}`]);
  });

  it.each([
    ["architecture: ", (config: object) => ({ ...config, architecture: undefined })],
    ["created is not a date", (config: object) => ({ ...config, created: "yesterday" })],
    ["config.Env.0 is not NAME=VALUE", (config: object) => ({ ...config, config: { Env: ["A"] } })],
    ["its history tells of 1 layers", (config: object) => ({ ...config, history: [{}] })],
    [
      "lists 0 layers, but the image has 2",
      (config: object) => ({ ...config, rootfs: { type: "layers", diff_ids: [] } }),
    ],
  ])("finds a config malformed: %s", async (problem, change) => {
    const source = new MemorySource();
    const manifest = source.image(LAYERS, { config: change });
    expect((await check(source, manifest)).findings).toEqual([
      { place: "config", problem: expect.stringContaining(problem) as string },
    ]);
  });

  it("looks at all images of an index", async () => {
    const source = new MemorySource();
    const [one, other] = [source.image(LAYERS), source.image([[file("c", "arm")], LAYERS[1]!])];
    const absent = `sha256:${"1".repeat(64)}`;
    const index = source.put(
      {
        schemaVersion: 2,
        manifests: [
          { ...entry(one), platform: linux("amd64") },
          { ...entry(other), size: 1, platform: linux("arm64") },
          { mediaType: MEDIA_TYPE.manifest, digest: absent, size: 1, platform: linux("s390x") },
        ],
      },
      MEDIA_TYPE.index,
    );
    const checked = await check(source, index);
    expect(checked).toMatchObject({ images: 2, layers: 4 });
    expect(problems(checked)).toEqual([
      `manifest linux/arm64: is ${other.bytes.length} bytes long, not 1 as the index says`,
      `manifest: names ${absent} for linux/s390x, which is not there`,
    ]);
  });
});
