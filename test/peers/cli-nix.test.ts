import { execFileSync } from "node:child_process";
import { once } from "node:events";
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Inspection } from "../../src/cli/tables/inspection-table.ts";
import { runVarve, startVarve } from "../support/run-varve.ts";
import type { Finished } from "../support/run-varve.ts";
import { readDockerArchive, readDockerStream } from "./support/docker-archive.ts";
import { dockerdAbsent, startDockerd } from "./support/dockerd.ts";
import type { TestDockerd } from "./support/dockerd.ts";
import { nixAbsent, nixEnvironment, repository } from "./support/nix.ts";

const folder = fs.mkdtempSync(path.join(tmpdir(), "varve-cli-nix-"));
const project = path.join(folder, "project");
const store = path.join(folder, "store");

const FLAKE = `{
  # There is no such place: every test says where nixpkgs is.
  inputs.nixpkgs.url = "path:/nonexistent/nixpkgs";
  outputs =
    { self, nixpkgs }:
    let
      perSystem = make: nixpkgs.lib.genAttrs [ "x86_64-linux" "aarch64-linux" ] (system: make nixpkgs.legacyPackages.\${system});
    in
    {
      packages = perSystem (pkgs: rec {
        default = app;
        app = pkgs.writeShellScriptBin "app" ''echo "hello from app, with $*"'';
        image = (import ${repository}/nix { inherit pkgs; }).streamLayeredImage {
          name = "Team/Image";
          tag = "7";
          contents = [ app ];
          config = {
            Cmd = [ "/bin/app" "image" ];
            ExposedPorts."8000/tcp" = { };
          };
        };
        several = pkgs.runCommand "several-1.0" { outputs = [ "out" "dev" "bin" ]; } ''
          mkdir -p $bin/bin $dev/include
          echo > $dev/include/several.h
          echo $dev > $out
          ln -s \${app}/bin/app $bin/bin/several
        '';
        tools = pkgs.runCommand "tools" { } ''
          mkdir -p $out/bin
          ln -s \${app}/bin/app $out/bin/first
          ln -s \${app}/bin/app $out/bin/second
        '' // { meta.mainProgram = "second"; };
        broken = throw "this package is broken on purpose";
        failing = pkgs.runCommand "failing" { } "echo the build says no; exit 3";
        slow = pkgs.runCommand "slow-\${builtins.getEnv "SLOW"}" { } "sleep 1000";
      });
    };
}
`;

/** Quoted: the path of the repository may hold spaces, too. */
const NIX_ARGS = `--impure --no-write-lock-file --override-input nixpkgs 'path:${repository}/test/nixpkgs'`;

function varve(...args: readonly string[]): Finished {
  return runVarve(args, { cwd: project, env: nixEnvironment });
}

/** Runs a command that must succeed; its standard output. */
function said(...args: readonly string[]): string {
  const { status, stdout, stderr } = varve(...args);
  expect(stderr).toBe("");
  expect(status).toBe(0);
  return stdout.toString();
}

function inspected(...args: readonly string[]): Inspection {
  return JSON.parse(said("inspect", "--json", "--quiet", ...args)) as Inspection;
}

const withNix = (...args: readonly string[]): string[] => [...args, "--nix-args", NIX_ARGS];

function nix(program: string, ...args: readonly string[]): string {
  const options = {
    cwd: project,
    env: nixEnvironment,
    stdio: ["ignore", "pipe", "ignore"] as const,
  };
  return execFileSync(program, args, { ...options, stdio: [...options.stdio] })
    .toString()
    .trim();
}

function occurrences(text: string, part: string): number {
  return text.split(part).length - 1;
}

describe.skipIf(nixAbsent())("the command line with a real Nix", () => {
  let app: string;

  beforeAll(() => {
    fs.mkdirSync(project);
    fs.writeFileSync(path.join(project, "flake.nix"), FLAKE);
    const { config } = inspected(...withNix(".#app")).config as { config?: { Cmd: string[] } };
    app = path.dirname(path.dirname(config!.Cmd[0]!));
    nix("nix", "copy", "--no-check-sigs", "--to", store, app);
  });
  afterAll(() => {
    execFileSync("chmod", ["-R", "u+rwX", folder]);
    fs.rmSync(folder, { recursive: true });
  });

  describe("a flake's package", () => {
    it("becomes an image that runs its program", () => {
      const image = inspected(...withNix(".#app"));
      expect(image.references).toEqual(["app:latest"]);
      expect(image.config).toMatchObject({
        config: { Cmd: [`${app}/bin/app`], Env: [`PATH=${app}/bin`] },
      });
      const requisites = nix("nix-store", "-qR", app).split("\n");
      expect(image.layers.flatMap(({ paths }) => paths).toSorted()).toEqual(requisites.toSorted());
    });

    it("is the same by any name", () => {
      nix(
        "nix",
        "build",
        "--impure",
        "--no-write-lock-file",
        "-o",
        "result",
        ...overrides(),
        ".#app",
      );
      const { imageId } = inspected(...withNix(".#app"));
      for (const args of [
        withNix("."),
        withNix(".#default"),
        withNix(`path:${project}#app`),
        [app],
        ["./result"],
        ["result/bin/app"],
      ]) {
        expect(inspected(...args).imageId).toBe(imageId);
      }
    });

    it("may be an attribute of a file", () => {
      const file = path.join(project, "packages.nix");
      fs.writeFileSync(
        file,
        `{ tools.app = (import ${repository}/test/nixpkgs { }).writeShellScriptBin "filed" "exit 0"; }`,
      );
      const image = inspected("tools.app", "--nix-args", "--file packages.nix");
      expect(image.references).toEqual(["filed:latest"]);
    });

    it("has outputs, each of which can be had alone", () => {
      const all = inspected(...withNix(".#several"));
      expect(all.references).toEqual(["several:latest"]);
      expect(pathsNamed("-several-1.0", all)).toEqual(
        expect.arrayContaining([
          expect.stringMatching(/-several-1\.0$/),
          expect.stringMatching(/-several-1\.0-dev$/),
        ]),
      );
      const bin = inspected(...withNix(".#several.bin"));
      expect(bin.references).toEqual(["several:latest"]);
      expect(pathsNamed("-several-1.0", bin)).toEqual([
        expect.stringMatching(/-several-1\.0-bin$/),
      ]);
      expect(bin.config).toMatchObject({
        config: { Cmd: [expect.stringMatching(/-several-1\.0-bin\/bin\/several$/)] },
      });
    });

    it("runs the program that its description says", () => {
      expect(inspected(...withNix(".#tools")).config).toMatchObject({
        config: { Cmd: [expect.stringMatching(/-tools\/bin\/second$/)] },
      });
    });

    it("is described by a graph where there is no store to ask", () => {
      const graph = path.join(folder, "graph.json");
      fs.writeFileSync(graph, nix("nix", "path-info", "--json", "--recursive", app));
      const { imageId, layers } = inspected(app);
      expect(inspected("--graph", graph)).toMatchObject({ imageId, layers });
    });

    it("is planned, by what Nix knows of sizes", () => {
      const table = said("plan", "--quiet", ...withNix(".#app"));
      expect(table).toMatch(/^layer +size +paths +what\n +1 /);
      expect(table).toMatch(/ {2}app\n\d+ layers, \d+ paths, /);
      const plan = said("plan", "--json", "--quiet", ...withNix(".#app"));
      const file = path.join(folder, "plan.json");
      fs.writeFileSync(file, plan);
      const { layers } = JSON.parse(said("digest", "--plan", file, "--json")) as {
        layers: object[];
      };
      expect(inspected(app).layers).toMatchObject(layers);
    });
  });

  describe("a flake's image", () => {
    it("is recognised, and is the image that its own script streams", async () => {
      const image = inspected(...withNix(".#image"));
      expect(image.references).toEqual(["team/image:7"]);
      const script = path.join(folder, "script");
      nix(
        "nix",
        "build",
        "--impure",
        "--no-write-lock-file",
        "-o",
        script,
        ...overrides(),
        ".#image",
      );
      const own = await readDockerStream(script);
      expect(image.imageId).toBe(own.imageId);
      const streamed = varve("stream", "--quiet", ...withNix(".#image"));
      expect(streamed.status).toBe(0);
      const archive = path.join(folder, "image.tar");
      fs.writeFileSync(archive, streamed.stdout);
      const read = await readDockerArchive(archive);
      expect(read.imageId).toBe(own.imageId);
      expect(read.layers.map(({ diffId }) => diffId)).toEqual(
        own.layers.map(({ diffId }) => diffId),
      );
      expect(inspected(archive).imageId).toBe(own.imageId);
    });

    it("gets another name, and nothing else, by options", () => {
      const { imageId } = inspected(...withNix(".#image"));
      const renamed = inspected(...withNix(".#image", "-t", "other:8"));
      expect(renamed).toMatchObject({ imageId, references: ["other:8"] });
      const { status, stderr } = varve("inspect", "-q", ...withNix(".#image", "-e", "A=1"));
      expect(stderr).toContain("--env cannot change an image that dockerTools describes");
      expect(status).toBe(2);
      expect(varve("plan", "-q", ...withNix(".#image")).stderr).toContain("has planned this image");
    });
  });

  describe("what Nix refuses", () => {
    it.each([
      ["broken", "this package is broken on purpose", "nix eval .#broken failed"],
      ["nothing", "does not provide attribute", "nix eval .#nothing failed"],
      ["failing", "the build says no", "nix build .#failing failed"],
    ])("%s: is told in Nix' words, once", (name, words, ours) => {
      const { status, stdout, stderr } = varve("plan", ...withNix(`.#${name}`));
      expect(occurrences(stderr, words)).toBe(1);
      expect(stderr).toMatch(new RegExp(`^varve: ${ours}`, "m"));
      expect(stderr.trimEnd().split("\n").at(-1)).toBe(
        "varve: hint: Nix' own messages above say why",
      );
      expect(stderr).not.toMatch(/\n\s+at .*\.ts:/);
      expect({ status, stdout: stdout.toString() }).toEqual({ status: 1, stdout: "" });
      // Nobody is told what he does not want to hear, but of failures.
      const quiet = varve("plan", "--quiet", ...withNix(`.#${name}`));
      expect(occurrences(quiet.stderr, words)).toBe(1);
      expect(quiet.stderr).toMatch(/^varve: nix /);
    });

    it("is an event where progress is JSON", () => {
      const { stderr } = varve("plan", "--progress", "json", ...withNix(".#failing"));
      const events = stderr
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line) as { kind: string; message: string });
      expect(events.at(-1)).toMatchObject({ kind: "error", code: "NIX_FAILED" });
      expect(events.some(({ message }) => message.includes("the build says no"))).toBe(true);
    });

    it("is hinted at when a word is no flake", () => {
      const { status, stderr } = varve("plan", "app", "--nix-args", "--option flake-registry ''");
      expect(stderr).toContain("a package of the flake in this folder is .#app");
      expect(status).toBe(1);
    });
  });

  it("a flake with changes is warned of once", () => {
    const dirty = path.join(folder, "dirty");
    fs.mkdirSync(dirty);
    fs.writeFileSync(path.join(dirty, "flake.nix"), FLAKE);
    nix("git", "init", "-q", dirty);
    nix("git", "-C", dirty, "add", "flake.nix");
    const env = {
      ...nixEnvironment,
      NIX_CONFIG: nixEnvironment["NIX_CONFIG"]!.replace(/^warn-dirty.*$/m, ""),
    };
    const args = ["plan", ...withNix(".#app")];
    const { status, stderr } = runVarve(args, { cwd: dirty, env });
    expect(status).toBe(0);
    expect(occurrences(stderr, "is dirty")).toBe(1);
  });

  describe("a store elsewhere", () => {
    it("makes the same image, by every command", async () => {
      const here = inspected(app);
      const there = ["--store-root", store];
      expect(inspected(app, ...there)).toEqual(here);
      const plan = said("plan", app, "--json", "--quiet");
      expect(said("plan", app, "--json", "--quiet", ...there)).toBe(plan);
      const file = path.join(folder, "plan-there.json");
      fs.writeFileSync(file, plan);
      expect(said("digest", "--plan", file, ...there)).toBe(said("digest", "--plan", file));
      const archive = path.join(folder, "there.tar.gz");
      said("build", app, "-o", archive, "--quiet", ...there);
      expect((await readDockerArchive(archive)).imageId).toBe(here.imageId);
      fs.writeFileSync(archive, varve("stream", app, "-q", ...there).stdout);
      expect(inspected(archive).imageId).toBe(here.imageId);
    });

    it("is built in, and its links are followed", () => {
      const link = path.join(folder, "elsewhere");
      fs.symlinkSync(app, link);
      expect(inspected(link, "--store-root", store).imageId).toBe(inspected(app).imageId);
      expect(inspected(path.join(store, app), "--store-root", store).references).toEqual([
        "app:latest",
      ]);
    });

    it("takes what was added to it", () => {
      const file = path.join(folder, "some file");
      fs.writeFileSync(file, "content");
      fs.renameSync(file, path.join(folder, "added"));
      const added = nix("nix-store", "--store", store, "--add", path.join(folder, "added"));
      const { layers } = inspected(added, "--store-root", store);
      expect(layers.map(({ paths }) => paths)).toEqual([[added]]);
      const absent = varve("plan", added);
      expect(absent.stderr).toContain(`${added} is not valid in the Nix store`);
      expect(absent.status).toBe(1);
      fs.chmodSync(path.join(store, added), 0o644);
      fs.rmSync(path.join(store, added));
      const lost = varve("plan", added, "--store-root", store);
      expect(lost.stderr).toContain(`${added} is registered in the store, but not on disk`);
      expect(lost.status).toBe(1);
    });
  });

  it.each(["SIGINT", "SIGTERM"] as const)("%s ends what Nix builds, too", async (signal) => {
    const name = `${process.pid}-${signal}`;
    const child = startVarve(["build", ...withNix(".#slow"), "-o", path.join(folder, "slow.tar")], {
      cwd: project,
      env: { ...nixEnvironment, SLOW: name },
      stdio: ["ignore", "ignore", "pipe"],
    });
    let heard = "";
    child.stderr!.on("data", (text: Buffer) => (heard += text.toString()));
    await expect.poll(() => heard, { timeout: 60_000 }).toContain(`slow-${name}.drv`);
    await delay(300);
    child.kill(signal);
    const [status, died] = (await once(child, "exit")) as [number | null, string | null];
    expect([status, died]).toEqual([null, signal]);
    await expect.poll(() => processesWith(name), { timeout: 20_000 }).toEqual([]);
    expect(fs.readdirSync(folder).filter((file) => file.includes("slow"))).toEqual([]);
  });

  describe.skipIf(dockerdAbsent())("and a Docker engine", () => {
    let engine: TestDockerd;

    beforeAll(async () => {
      engine = await startDockerd();
    });
    afterAll(async () => engine.stop());

    it("a recipe beside the flake is built, loaded and run", async () => {
      const recipe = path.join(project, "varve.config.ts");
      fs.writeFileSync(
        recipe,
        `import { defineImage } from "varve";
        export default defineImage({
          name: "team/service",
          tag: "2",
          contents: [{ nix: ".#app" }],
          config: { Entrypoint: ["${app}/bin/app"], Cmd: ["a recipe"], User: "1000:1000" },
        });`,
      );
      const env = { ...nixEnvironment, ...engine.env };
      const args = ["load", recipe, "--quiet", "--nix-args", NIX_ARGS];
      // From another folder: the recipe's own is what counts.
      const { status, stdout, stderr } = runVarve(args, { cwd: folder, env });
      expect(stderr).toBe("");
      expect(status).toBe(0);
      expect(stdout.toString()).toContain("Run it: docker run --rm team/service:2\n");
      const output = await engine.docker("run", "--rm", "--network=none", "team/service:2");
      expect(output).toBe("hello from app, with a recipe");
    });

    it("an image is loaded as the image that its own script loads", async () => {
      const env = { ...nixEnvironment, ...engine.env };
      const { status, stdout } = runVarve(["load", ...withNix(".#image"), "-q"], {
        cwd: project,
        env,
      });
      expect(status).toBe(0);
      expect(stdout.toString()).toContain("Run it: docker run --rm -p 8000:8000 team/image:7\n");
      const id = await engine.docker("image", "inspect", "-f", "{{.Id}}", "team/image:7");
      expect(id).toBe(inspected(...withNix(".#image")).imageId);
      const output = await engine.docker("run", "--rm", "--network=none", "team/image:7");
      expect(output).toBe("hello from app, with image");
    });

    it("what docker save wrote is shown as it is", async () => {
      const file = path.join(folder, "saved.tar");
      await engine.docker("save", "-o", file, "team/image:7");
      const { imageId, references } = inspected(file);
      expect(references).toEqual(["team/image:7"]);
      expect(imageId).toBe(
        await engine.docker("image", "inspect", "-f", "{{.Id}}", "team/image:7"),
      );
    });
  });
});

function pathsNamed(part: string, { layers }: Inspection): string[] {
  return layers.flatMap(({ paths }) => paths).filter((name) => name.includes(part));
}

function overrides(): string[] {
  return ["--override-input", "nixpkgs", `path:${repository}/test/nixpkgs`];
}

/** Command lines and environments of processes that name something. */
function processesWith(name: string): string[] {
  return fs
    .readdirSync("/proc")
    .filter((pid) => /^\d+$/.test(pid) && Number(pid) !== process.pid)
    .filter((pid) => {
      try {
        const environment = fs.readFileSync(`/proc/${pid}/environ`, "latin1");
        return environment.includes(name);
      } catch {
        return false;
      }
    });
}
