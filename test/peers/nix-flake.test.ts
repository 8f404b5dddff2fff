import { execFile } from "node:child_process";
import { appendFile, mkdir, mkdtemp, readlink, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  customisationLayer,
  entryOf,
  readDockerArchive,
  readDockerStream,
  storePathsOf,
} from "./support/docker-archive.ts";
import type { ReadImage } from "./support/docker-archive.ts";
import { dockerdAbsent, startDockerd } from "./support/dockerd.ts";
import { flakeOptions, nixAbsent, nixEnvironment, repository, runNix } from "./support/nix.ts";

const run = promisify(execFile);

const nix = (command: string, ...args: readonly string[]): Promise<string> =>
  runNix("nix", ...command.split(" "), ...flakeOptions, ...args);

describe.skipIf(nixAbsent())("the flake", () => {
  let folder: string;
  let built: ReadImage;

  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), "varve-flake-"));
    await nix("build", ".#docker", "-o", path.join(folder, "docker"));
    await nix("build", ".#dockerStream", "-o", path.join(folder, "stream"));
    built = await readDockerArchive(path.join(folder, "docker"));
  });
  afterAll(async () => rm(folder, { recursive: true }));

  it("has the outputs that people expect", async () => {
    const shown = JSON.parse(await nix("flake show", "--json")) as Record<
      string,
      Record<string, Record<string, { type: string }>>
    >;
    const system = await runNix(
      "nix",
      "eval",
      "--raw",
      "--impure",
      "--expr",
      "builtins.currentSystem",
    );
    expect(Object.keys(shown["packages"]?.[system] ?? {}).toSorted()).toEqual([
      "default",
      "docker",
      "dockerStream",
      "redis-webserver",
      "varve",
    ]);
    expect(Object.keys(shown["apps"]?.[system] ?? {})).toEqual(
      expect.arrayContaining(["default", "loadDockerImage"]),
    );
    expect(Object.keys(shown["overlays"] ?? {})).toEqual(["default"]);
    expect(Object.keys(shown["devShells"]?.[system] ?? {})).toEqual(["default"]);
    expect(Object.keys(shown["packages"] ?? {})).toEqual(
      expect.arrayContaining(["x86_64-linux", "aarch64-linux", "aarch64-darwin"]),
    );
  });

  it("passes its own checks", async () => {
    await nix("flake check");
  });

  it("builds the image as one compressed file and the stream as one program", async () => {
    expect(await readlink(path.join(folder, "docker"))).toMatch(/-redis-webserver\.tar\.gz$/);
    const program = await stat(path.join(folder, "stream"));
    expect(program.isFile()).toBe(true);
    expect(program.mode & 0o111).toBe(0o111);
  });

  it("streams by ./result and by nix run the image that it builds", async () => {
    const byResult = await readDockerStream(path.join(folder, "stream"));
    expect(byResult.imageId).toBe(built.imageId);
    const { stdout } = await run(
      "sh",
      ["-c", 'nix run "$@" .#dockerStream | tar t', "sh", ...flakeOptions],
      { cwd: repository, env: nixEnvironment },
    );
    expect(stdout.split("\n")).toEqual(expect.arrayContaining([...byResult.members]));
  });

  it("makes an image that serves without root and trusts its own certificates", () => {
    const { config } = built.config;
    expect(built.manifest.RepoTags).toEqual(["redis-webserver:latest"]);
    expect(config.User).toBe("65532:65532");
    expect(config.ExposedPorts).toEqual({ "8000/tcp": {} });
    const certificates = config.Env?.find((entry) => entry.startsWith("SSL_CERT_FILE="));
    expect(certificates).toMatch(
      /^SSL_CERT_FILE=\/nix\/store\/.*\/etc\/ssl\/certs\/ca-bundle\.crt$/,
    );
    const file = certificates?.slice("SSL_CERT_FILE=".length);
    expect(built.layers.flatMap(({ entries }) => entries).map(({ name }) => name)).toContain(file);
    const passwd = entryOf(customisationLayer(built), "./etc/passwd");
    expect(passwd).toMatchObject({
      type: "file",
      text: expect.stringContaining(":65532:65532:") as string,
    });
  });

  it("gives each big dependency a layer of its own", () => {
    const layers = storePathsOf(built);
    const together = (part: string): readonly string[] | undefined =>
      layers.find((paths) => paths.some((found) => found.includes(part)));
    expect(together("-nodejs")).toHaveLength(1);
    expect(together("-glibc")).toHaveLength(1);
    expect(together("-cacert")).toHaveLength(1);
  });

  it("makes the same image in another folder, and one other layer for a changed line", async () => {
    const copy = path.join(folder, "copy");
    await mkdir(copy);
    const files = 'git ls-files -z | tar --null --files-from=- -c | tar -x -C "$0"';
    await run("sh", ["-c", files, copy], { cwd: repository });
    const program = path.join(folder, "copied-stream");
    const build = (): Promise<string> => nix("build", `path:${copy}#dockerStream`, "-o", program);

    await build();
    expect((await readDockerStream(program)).imageId).toBe(built.imageId);

    await appendFile(path.join(copy, "examples/redis-webserver/src/main.ts"), "// changed\n");
    await build();
    const before = built.layers.map(({ diffId }) => diffId);
    const after = (await readDockerStream(program)).layers.map(({ diffId }) => diffId);
    expect(after).toHaveLength(before.length);
    expect(after.filter((layer) => !before.includes(layer))).toHaveLength(1);
  });

  it("runs varve", async () => {
    expect(await nix("run", ".#default", "--", "--version")).toMatch(/^\d+\.\d+\.\d+$/);
  });

  it("puts the functions in the place of dockerTools' by its overlay", async () => {
    const expression = `
      let
        pkgs = import ${repository}/test/nixpkgs {
          overlays = [ (import ${repository}/nix/overlay.nix) ];
        };
      in
      {
        exe = (pkgs.dockerTools.streamLayeredImage { name = "a"; tag = "b"; }).isExe;
        same = pkgs.dockerTools.buildLayeredImage { name = "a"; } == pkgs.varveTools.buildLayeredImage { name = "a"; };
        rest = pkgs.dockerTools ? caCertificates ;
      }`;
    const json = await runNix("nix", "eval", "--impure", "--json", "--expr", expression);
    expect(JSON.parse(json)).toEqual({ exe: true, same: true, rest: true });
  });

  describe.skipIf(dockerdAbsent())("with a Docker engine", () => {
    it("nix run .#loadDockerImage loads the image and says how to run it; it serves", async () => {
      const engine = await startDockerd();
      try {
        const { stdout, stderr } = await run("nix", ["run", ...flakeOptions, ".#loadDockerImage"], {
          cwd: repository,
          env: { ...nixEnvironment, ...engine.env, NIX_CONFIG: nixEnvironment["NIX_CONFIG"] },
        });
        expect(stdout).toContain("docker run --rm -p 8000:8000 redis-webserver:latest");
        expect(stderr).not.toBe("");
        const name = "redis-webserver:latest";
        const container = await engine.docker("run", "-d", "-p", "127.0.0.1::8000", name);
        const address = (await engine.docker("port", container, "8000/tcp")).split("\n")[0];
        await expect
          .poll(() => statusOf(`http://${address}/readyz`), { timeout: 20_000 })
          .toBe(200);
        expect(await statusOf(`http://${address}/`)).toBe(200);
        expect(await statusOf(`http://${address}/metrics`)).toBe(200);
      } finally {
        await engine.stop();
      }
    });

    it("docker load -i result loads the same image", async () => {
      const engine = await startDockerd();
      try {
        await engine.docker("load", "-i", path.join(folder, "docker"));
        const id = await engine.docker(
          "image",
          "inspect",
          "-f",
          "{{.Id}}",
          "redis-webserver:latest",
        );
        expect(id).toBe(built.imageId);
      } finally {
        await engine.stop();
      }
    });
  });
});

async function statusOf(url: string): Promise<number> {
  try {
    return (await fetch(url)).status;
  } catch {
    return 0;
  }
}
