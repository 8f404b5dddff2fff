import { execFile } from "node:child_process";
import path from "node:path";
import { promisify } from "node:util";
import { beforeAll, describe, expect, it } from "vitest";
import { debian13Root, debian13Wanted } from "./support/debian13.ts";
import { flakeOptions, nixAbsent, nixEnvironment, repository } from "./support/nix.ts";

const run = promisify(execFile);
const images = path.join(import.meta.dirname, "support/layer-images.nix");

/** The machine's own Nix. */
const older = async (program: string, ...args: readonly string[]): Promise<string> =>
  (await run(program, args, { cwd: repository, env: nixEnvironment })).stdout.trim();

/*
 * The flake's main commands and the Nix functions by Debian 13's Nix (2.26), beside the machine's
 * own on the same store: derivations and results must be the same.
 */
describe.skipIf(!debian13Wanted() || nixAbsent())("Nix of Debian 13", () => {
  let env: NodeJS.ProcessEnv;
  beforeAll(async () => {
    const root = await debian13Root();
    const folder = `${root}-nix`;
    await run(path.join(import.meta.dirname, "support/debian13-nix.sh"), [root, folder]);
    env = { ...nixEnvironment, PATH: `${folder}/bin:${process.env["PATH"]}` };
  }, 600_000);

  async function newer(program: string, ...args: readonly string[]): Promise<string> {
    const { stdout } = await run(program, args, { cwd: repository, env, maxBuffer: 1 << 30 });
    return stdout.trim();
  }
  it("is newer", async () => {
    expect(await newer("nix", "--version")).toMatch(/ 2\.(2[6-9]|[3-9]\d)\./);
  });

  it("makes the same derivations of images, with flakes and without", async () => {
    for (const attribute of ["moved.conf", "nixImage.conf", "described.describedConf", "index"]) {
      const args = [images, "-A", attribute];
      expect(await newer("nix-instantiate", ...args)).toBe(await older("nix-instantiate", ...args));
    }
    const flake = ["eval", "--raw", ".#docker.drvPath", ...flakeOptions];
    expect(await newer("nix", ...flake)).toBe(await older("nix", ...flake));
  });

  it("builds them, sandboxed too, to the same bytes", async () => {
    const args = [images, "-A", "nixImage.conf.rootLayers.0.sources.0", "--no-out-link"];
    const built = await newer("nix-build", ...args);
    const sandboxed = ["--check", "--option", "sandbox", "relaxed"];
    expect(await newer("nix-build", ...args, ...sandboxed)).toBe(built);
  });

  it("builds and runs what the flake has", async () => {
    const built = await newer(
      "nix",
      "build",
      ".#docker",
      "--print-out-paths",
      "--no-link",
      ...flakeOptions,
    );
    expect(built).toMatch(/-redis-webserver\.tar\.gz$/);
    const version = await newer("nix", "run", ...flakeOptions, ".#default", "--", "--version");
    expect(version).toMatch(/^\d+\.\d+\.\d+$/);
  });

  it("tells varve what an installable's closure is", async () => {
    const varve = path.join(repository, "bin/varve.mjs");
    const args = ["plan", ".#redis-webserver", "--json", "--nix-args", flakeOptions.join(" ")];
    const planned = await newer(process.execPath, varve, ...args);
    expect(planned).toContain("-redis-webserver-");
  });

  it("takes content-addressed packages", async () => {
    const expression = `
      let
        pkgs = import ${repository}/test/nixpkgs { };
        tools = import ${repository}/nix { inherit pkgs; };
        greeter = pkgs.runCommand "content-addressed" {
          __contentAddressed = true;
          outputHashMode = "recursive";
          outputHashAlgo = "sha256";
        } "mkdir -p $out/bin; ln -s \${pkgs.hello}/bin/hello $out/bin/greet";
      in
      (tools.streamLayeredImage {
        name = "content-addressed";
        tag = "1";
        layers = [ (tools.buildLayer { deps = [ greeter ]; }) ];
        copyToRoot = greeter;
        perms = [ { path = greeter; regex = "bin$"; mode = "0700"; } ];
      }).conf`;
    const experimental = ["--extra-experimental-features", "ca-derivations"];
    const conf = await newer("nix-build", "-E", expression, "--no-out-link", ...experimental);
    expect(conf).toMatch(/-content-addressed-conf\.json$/);
  });
});
