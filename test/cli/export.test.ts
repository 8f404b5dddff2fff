import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import path from "node:path";
import { describe, expect, it, vi } from "vitest";
import { archiveBytes, dockerArchive } from "../../src/archives/docker-archive.ts";
import { openDockerArchive } from "../../src/archives/read-archive.ts";
import { parseReference } from "../../src/image/reference.ts";
import { LAYERS, layerTar } from "../archives/support/archives.ts";
import { imageOf, tarLayer } from "../support/images.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { runHere } from "./support/run-here.ts";

async function archive(name: string, layers: readonly Buffer[] = LAYERS): Promise<string> {
  const file = path.join(temporaryFolder(), "image.tar");
  const image = imageOf(layers.map((layer) => tarLayer(layer)));
  const chunks: Uint8Array[] = [];
  for await (const chunk of archiveBytes(dockerArchive(image, [parseReference(name)]))) {
    chunks.push(chunk);
  }
  fs.writeFileSync(file, Buffer.concat(chunks));
  return file;
}

const listed = (file: string): string[] =>
  execFileSync("tar", ["-tf", file], { encoding: "utf8" }).trim().split("\n");

describe("varve export", () => {
  it("writes the files of an image, compressed as the name says", async () => {
    const output = path.join(temporaryFolder(), "root.tar.gz");
    const layers = [...LAYERS, layerTar(".wh.two", "")];
    const { status, stdout } = await runHere(
      "export",
      "-q",
      await archive("a:1", layers),
      "-o",
      output,
    );
    expect({ status, stdout }).toEqual({ status: 0, stdout: "" });
    expect(fs.readFileSync(output).readUInt16BE(0)).toBe(0x1f8b);
    expect(listed(output)).toEqual(["./", "./one", "./three"]);
  });

  it("gives every file the date that is asked for", async () => {
    const output = path.join(temporaryFolder(), "root.tar");
    await runHere("export", "-q", await archive("a:1"), "--mtime", "2001-02-03", "-o", output);
    const long = execFileSync("tar", ["-tvf", output], {
      encoding: "utf8",
      env: { ...process.env, TZ: "UTC" },
    });
    expect(new Set(long.match(/\d{4}-\d\d-\d\d/g))).toEqual(new Set(["2001-02-03"]));
  });

  it.each([
    [["export"], 2, /IMAGE is missing/],
    [["export", "/nowhere/image.tar"], 1, /\/nowhere\/image\.tar/],
    [["export", "x.tar", "--mtime", "soon"], 2, /--mtime/],
  ])("refuses %j", async (args, expected, message) => {
    const { status, stderr } = await runHere(...args);
    expect(stderr).toMatch(message);
    expect(status).toBe(expected);
  });
});

describe("varve merge", () => {
  it("puts all images of all archives into one, under their names", async () => {
    const folder = temporaryFolder();
    const [two, three] = [path.join(folder, "two.tar.zst"), path.join(folder, "three.tar")];
    const [one, other] = [await archive("one:1"), await archive("other:2", [LAYERS[0]!])];
    expect((await runHere("merge", "-q", one, other, "-o", two)).status).toBe(0);
    const more = await archive("more:3", [LAYERS[1]!]);
    expect((await runHere("merge", "-q", two, more, "-o", three)).status).toBe(0);
    for (const [name, layers] of Object.entries({ "one:1": 3, "other:2": 1, "more:3": 1 })) {
      const image = await openDockerArchive(three, name);
      expect(image.layers).toHaveLength(layers);
      image.close();
    }
    expect(listed(three).filter((name) => name.endsWith("layer.tar"))).toHaveLength(3);
    const chosen = path.join(folder, "chosen.tar");
    expect(
      (await runHere("merge", "-q", `docker-archive:${three}:other:2`, "-o", chosen)).status,
    ).toBe(0);
    await expect(openDockerArchive(chosen, "one:1")).rejects.toThrow(/has no image one:1/);
  });

  it("needs an image", async () => {
    const { status, stderr } = await runHere("merge");
    expect(stderr).toMatch(/missing/);
    expect(status).toBe(2);
  });
});

describe("varve prefetch", () => {
  it("needs a name", async () => {
    const { status, stderr } = await runHere("prefetch");
    expect(stderr).toMatch(/needs the name of an image/);
    expect(status).toBe(2);
  });

  it("says before it asks a registry that Nix has no such algorithm", async () => {
    vi.stubEnv("NIX_HASH_ALGO", "blake3");
    const { status, stderr } = await runHere("prefetch", "127.0.0.1:1/app");
    vi.unstubAllEnvs();
    expect(stderr).toMatch(/NIX_HASH_ALGO=blake3 is no algorithm[^]*md5, sha1, sha256, sha512/);
    expect(status).toBe(2);
  });
});
