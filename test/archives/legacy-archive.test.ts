import * as fs from "node:fs";
import path from "node:path";
import * as zlib from "node:zlib";
import { describe, expect, it, onTestFinished } from "vitest";
import { openDockerArchive } from "../../src/archives/read-archive.ts";
import type { ArchivedImage } from "../../src/archives/archived-image.ts";
import { digestOf } from "../../src/image/digest.ts";
import { failureOf } from "../support/failures.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { archiveOf } from "./support/archives.ts";
import { description, legacyArchive, LEGACY_IDS, LEGACY_LAYERS } from "./support/legacy.ts";

async function open(bytes: Buffer, name?: string): Promise<ArchivedImage> {
  const file = path.join(temporaryFolder(), "image.tar");
  fs.writeFileSync(file, bytes);
  const image = await openDockerArchive(file, name);
  onTestFinished(() => {
    image.close();
  });
  return image;
}

function diffIds({ layers }: ArchivedImage): string[] {
  return layers.map(({ diffId }) => diffId);
}

const [BOTTOM, TOP, OTHER] = LEGACY_LAYERS.map(digestOf) as [string, string, string];

describe("an archive of before Docker 1.10", () => {
  it("is read as Docker converts it", async () => {
    const image = await open(legacyArchive());
    expect(image.repoTags).toEqual(["app:1"]);
    expect(diffIds(image)).toEqual([BOTTOM, TOP]);
    const created = "2015-03-20T19:17:12.52Z";
    const author = "a <a@b.example>";
    const config = JSON.parse(image.configBytes.toString()) as Record<string, unknown>;
    expect(config).toMatchObject({
      architecture: "amd64",
      config: { Env: ["PATH=/bin"] },
      rootfs: { type: "layers", diff_ids: [BOTTOM, TOP] },
      history: [
        { created, author, created_by: "/bin/sh -c step 0 > x" },
        { created, author, created_by: "/bin/sh -c step 1 > x" },
      ],
    });
    const keys = Object.keys(config);
    expect(keys).toEqual(keys.toSorted());
    for (const old of ["id", "parent", "Size"]) expect(keys).not.toContain(old);
    expect(image.configBytes.toString()).toContain(String.raw`echo \u003ca\u003e \u0026 b`);
  });

  it.each([
    ["other:2", [BOTTOM, OTHER]],
    ["docker.io/library/other:2", [BOTTOM, OTHER]],
    ["@1", [BOTTOM, OTHER]],
    ["app:1", [BOTTOM, TOP]],
  ])("gives the image %s", async (name, expected) => {
    expect(diffIds(await open(legacyArchive(), name))).toEqual(expected);
  });

  it("may hold compressed layers", async () => {
    const layers = LEGACY_LAYERS.map((layer) => zlib.gzipSync(layer));
    const image = await open(legacyArchive(undefined, layers));
    expect(diffIds(image)).toEqual([BOTTOM, TOP]);
    expect(await image.layers[1]!.size()).toBe(LEGACY_LAYERS[1]!.length);
  });

  it("of images without names gives those that are nobody's parent", async () => {
    expect(diffIds(await open(legacyArchive(null)))).toEqual([BOTTOM, TOP]);
    expect(diffIds(await open(legacyArchive(null), "@1"))).toEqual([BOTTOM, OTHER]);
  });

  it("tells which images there are", async () => {
    const error = await failureOf(open(legacyArchive(), "missing:1"));
    expect(error.code).toBe("IMAGE_UNKNOWN");
    expect(error.hint).toContain("app:1, other:2");
    expect((await failureOf(open(legacyArchive(null), "app"))).hint).toContain("@0 to @1");
  });

  it.each<[string, Buffer, string]>([
    ["a circle of parents", circle(), "their own parents"],
    ["a name of nothing", legacyArchive({ app: { "1": "d".repeat(64) } }), "it has no"],
    ["repositories that are a list", legacyArchive(["app"]), "repositories"],
    [
      "a layer that is missing",
      archiveOf([`${LEGACY_IDS[0]}/json`, JSON.stringify(description(LEGACY_IDS[0], "", "x"))]),
      "layer.tar",
    ],
    ["a description that is no JSON", archiveOf([`${LEGACY_IDS[0]}/json`, "{"]), "not JSON"],
  ])("is refused with %s", async (_, bytes, told) => {
    const error = await failureOf(open(bytes));
    expect(error.code).toBe("ARCHIVE_DAMAGED");
    expect(error.message).toContain(told);
  });
});

function circle(): Buffer {
  const [a, b] = LEGACY_IDS;
  return archiveOf(
    [`${a}/json`, JSON.stringify(description(a, b, "x"))],
    [`${b}/json`, JSON.stringify(description(b, a, "x"))],
    ["repositories", JSON.stringify({ app: { latest: a } })],
  );
}
