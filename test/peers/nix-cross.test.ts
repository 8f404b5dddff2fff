import { readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { readDockerArchive, readDockerStream } from "./support/docker-archive.ts";
import type { ReadImage } from "./support/docker-archive.ts";
import { buildAttributes, evaluateImage, nixAbsent, repository, runNix } from "./support/nix.ts";
import { runWith } from "./support/run.ts";

const images = "cross-images.nix";

const build = (...attributes: string[]): Promise<string[]> => buildAttributes(images, attributes);

/** Images are of the machine that they are for, whatever makes them runs on the machine that builds. */
describe.skipIf(nixAbsent() ?? process.arch !== "x64")("images for another machine", () => {
  it("are made by the varve and in the shell of the machine that builds", async () => {
    expect(await evaluateImage("facts", images)).toEqual({
      sameVarve: true,
      systems: ["x86_64-linux", "x86_64-linux", "x86_64-linux", "x86_64-linux"],
      shellOfImages: true,
      shellIsForeign: true,
    });
  });

  it("say whose they are, however they are made", async () => {
    const [stream, built, single, moved] = await build("stream", "built", "single", "moved");
    const read = [
      await readDockerStream(stream!),
      await readDockerArchive(built!),
      await readDockerArchive(single!),
      await readDockerArchive(moved!),
    ];
    expect(read.map(({ config }) => config.architecture)).toEqual(Array(4).fill("arm64"));
    for (const image of read) expectForeignProgram(image);
    expect(read[0]!.imageId).toBe(read[1]!.imageId);
  });

  it("come with programs that run here, and need nothing foreign but their content", async () => {
    const packages = path.join(repository, "test/nixpkgs");
    const bash = await runNix("nix-build", packages, "-A", "bash", "--no-out-link");
    const scripts = await build("stream", "streamScript", "load", "push");
    const [stream, streamScript, load, push] = scripts as [string, string, string, string];
    for (const script of [
      stream,
      streamScript,
      `${load}/bin/load-foreign`,
      `${push}/bin/push-foreign`,
    ]) {
      expect(readFileSync(script, "utf8").split("\n")[0]).toBe(`#!${bash}/bin/bash`);
    }
    const help = await runWith(`${load}/bin/load-foreign`, ["--help"]);
    expect(help.toString()).toContain("varve load");
  });

  it("say so in an OCI layout, too", async () => {
    const [layout] = await build("layout");
    const varve = path.join(repository, "bin/varve.mjs");
    const printed = await runWith(process.execPath, [varve, "inspect", "--json", `oci:${layout}`]);
    expect(JSON.parse(printed.toString())).toMatchObject({ config: { architecture: "arm64" } });
  });
});

function expectForeignProgram(image: ReadImage): void {
  const programs = image.layers
    .flatMap(({ entries }) => entries)
    .filter(({ name, type }) => type === "file" && name.endsWith("bin/foreign"));
  expect(programs.length).toBeGreaterThan(0);
  expect(programs[0]).toMatchObject({ size: 24 });
}
