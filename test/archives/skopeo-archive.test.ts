import { createHash } from "node:crypto";
import { expect, it } from "vitest";
import { archiveBytes, mergedArchive } from "../../src/archives/docker-archive.ts";
import { skopeoArchive } from "../../src/archives/skopeo-archive.ts";
import { parseReference } from "../../src/image/reference.ts";
import { readMembers } from "../../src/tar/reader.ts";
import { imageOf, tarLayer } from "../support/images.ts";
import { LAYERS } from "./support/archives.ts";

async function bytesOf(parts: Parameters<typeof archiveBytes>[0]): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of archiveBytes(parts)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

const contentsOf = (tar: Buffer): Map<string, string> =>
  new Map(
    [...readMembers((at, length) => tar.subarray(at, at + length))].map((member) => [
      member.name,
      member.link + tar.toString("utf8", member.offset, member.offset + member.size),
    ]),
  );

/** Compared with skopeo's own in test/peers/dockertools/other-functions.test.ts; this keeps it so. */
it("a skopeo archive stays what skopeo writes", async () => {
  const image = imageOf([LAYERS[0]!, LAYERS[1]!, LAYERS[0]!].map((layer) => tarLayer(layer)));
  const bytes = await bytesOf(skopeoArchive(image, [parseReference("app:1.0")]));
  const contents = contentsOf(bytes);
  const names = [...contents.keys()];
  expect(names.slice(0, 2).every((name) => /^[0-9a-f]{64}\.tar$/.test(name))).toBe(true);
  expect(names[2]).toMatch(/^[0-9a-f]{64}\.json$/);
  expect(names.slice(-2)).toEqual(["manifest.json", "repositories"]);
  const top = names.at(-3)!.slice(0, 64);
  expect(contents.get("repositories")).toBe(`{"docker.io/library/app":{"1.0":"${top}"}}`);
  expect(contents.get(`${top}/VERSION`)).toBe("1.0");
  expect(contents.get(`${top}/layer.tar`)).toBe(`../${names[0]}`);
  expect(contents.get(`${top}/json`)).toContain('"container":null');
  expect(createHash("sha256").update(bytes).digest("hex")).toBe(GOLDEN);
});

/** Of skopeo 1.9.3's archive of the same image. */
const GOLDEN = "c1a3a98a171ff681d8887674af8277e226fcf092879992ff136af9e755a55fb1";

it("a merged archive has all images, and what they share once", async () => {
  const [one, two, three] = LAYERS.map((layer) => tarLayer(layer));
  const images = [
    { image: imageOf([one!, two!]), references: [parseReference("one:1")] },
    { image: imageOf([one!, three!]), references: [parseReference("two:2")] },
    { image: imageOf([one!, two!]), references: [] },
  ];
  const contents = contentsOf(await bytesOf(mergedArchive(images)));
  const listed = JSON.parse(contents.get("manifest.json")!) as Array<{
    RepoTags: string[];
    Layers: string[];
    Config: string;
  }>;
  expect(listed.map(({ RepoTags }) => RepoTags)).toEqual([["one:1"], ["two:2"], []]);
  expect([...contents.keys()].filter((name) => name.endsWith("/layer.tar"))).toHaveLength(3);
  for (const { Config, Layers } of listed) {
    for (const name of [Config, ...Layers]) expect(contents.has(name)).toBe(true);
  }
  const index = JSON.parse(contents.get("index.json")!) as { manifests: unknown[] };
  expect(index.manifests).toHaveLength(3);
});
