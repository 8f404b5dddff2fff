import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { absent } from "../support/absent.ts";
import { readDockerArchive } from "../support/docker-archive.ts";
import { dockerdAbsent, startDockerd } from "../support/dockerd.ts";
import type { TestDockerd } from "../support/dockerd.ts";
import { buildImages, complaintOf, DockerUser, evaluateImages } from "../support/dockertools.ts";
import { nixAbsent } from "../support/nix.ts";
import { isShortRun } from "../support/short-run.ts";

const NAMES = [
  "bashImage",
  "bashNoTag",
  "bashZstd",
  "bashUncompressed",
  "nixImage",
  "runAsRootExtraCommands",
  "unstableDate",
  "layeredBase",
  "onTopOfLayered",
  "layersOrder",
  "unpackOrder",
  "onRepeatedLayer",
  "environment",
  "prefixed",
  "barePath",
  "arm",
  "owned",
  "rootFiles",
  "dirlinksKept",
  "dirlinksReplaced",
  "sharedWithBase",
] as const;

interface Facts {
  readonly tags: Readonly<Record<string, string>>;
  readonly hash: string;
  readonly paths: Readonly<Record<"glibc" | "nix", string>>;
  readonly buildArgs: string;
  readonly layerName: string;
  readonly arguments: Readonly<Record<"buildImage", readonly string[]>>;
}

/*
 * The assertions of nixpkgs' own test of dockerTools that concern buildImage (reference: peer-tests, section 1; numbers
 * as there), with varve's overlay and a real Docker engine.
 */
describe.skipIf(isShortRun() || (nixAbsent() ?? dockerdAbsent()))(
  "dockerTools.buildImage of varve",
  () => {
    let engine: TestDockerd;
    let docker: DockerUser;
    let built: Record<(typeof NAMES)[number], string>;
    let facts: Facts;

    beforeAll(async () => {
      [engine, built, facts] = await Promise.all([
        startDockerd(),
        buildImages(NAMES),
        evaluateImages<Facts>("facts"),
      ]);
      docker = new DockerUser(engine);
    });
    afterAll(async () => engine.stop());

    const load = async (name: (typeof NAMES)[number]): Promise<string> =>
      (await docker.load(built[name], name === "bashZstd" ? "zstd" : "archive"))[0] ?? "";

    it("8: is of the first second of 1970 unless told otherwise", async () => {
      const { Created } = await docker.inspect(await load("bashImage"));
      expect(Date.parse(Created)).toBe(1000);
    });

    it("9: runs bash", async () => {
      expect(await docker.run(await load("bashImage"))).toContain("GNU bash");
    });

    it("10, 11: loads under its imageTag, given or not", async () => {
      expect(await load("bashImage")).toBe(`bash:${facts.tags["bashImage"]}`);
      expect(await load("bashNoTag")).toBe(`bash-no-tag:${facts.tags["bashNoTag"]}`);
      expect(facts.tags["bashNoTag"]).toBe(facts.hash);
    });

    it("15, 16: loads compressed with zstd and uncompressed", async () => {
      for (const name of ["bashZstd", "bashUncompressed"] as const) {
        expect(await docker.run(await load(name), "/bin/bash", "--version")).toContain("GNU bash");
      }
      expect(built.bashImage).toMatch(/-docker-image-bash\.tar\.gz$/);
      expect(built.bashZstd).toMatch(/-docker-image-bash-no-tag\.tar\.zst$/);
      expect(built.bashUncompressed).toMatch(/-docker-image-bash-no-tag\.tar$/);
    });

    it("19: has a Nix database that nix-store reads", async () => {
      const closure = await docker.run(await load("nixImage"), "nix-store", "-qR", facts.paths.nix);
      expect(closure.split("\n")).toContain(facts.paths.nix);
      expect(closure).toContain("-glibc");
    });

    it("21: keeps the link nix-daemon → nix of a store path", async () => {
      const link = `${facts.paths.nix}/bin/nix-daemon`;
      expect(await docker.run(await load("nixImage"), "readlink", link)).toBe("nix");
    });

    it("26: has the files of runAsRoot and extraCommands, text and owners as they were given", async () => {
      const name = await load("runAsRootExtraCommands");
      expect(await docker.run(name, "cat", "runAsRoot", "extraCommands")).toBe(
        "(runAsRoot)\n(extraCommand)",
      );
      const owners = ["runAsRoot", "extraCommands", "/srv/app", "/etc/passwd"];
      expect(await docker.run(name, "stat", "-c", "%u:%g", ...owners)).toBe(
        "1234:4321\n0:0\n4711:4711\n0:0",
      );
      expect(await docker.runWith(["--user", "app"], name, "id", "-u")).toBe("4711");
    });

    it("27: is of now if asked", async () => {
      const { Created } = await docker.inspect(await load("unstableDate"));
      expect(Math.abs(Date.now() - Date.parse(Created))).toBeLessThan(3_600_000);
    });

    it("30: lies on a layered image", async () => {
      expect(await docker.run(await load("onTopOfLayered"))).toBe("Hello, world!");
    });

    it("33: three stacked images, later files over earlier ones", async () => {
      const files = ["layer1", "layer2", "layer3"].map((name) => `/tmp/${name}`);
      expect(await docker.run(await load("layersOrder"), "cat", ...files)).toBe(
        "layer1\nlayer2\nlayer3",
      );
    });

    it("34: runAsRoot sees the base's layers in their order, and what it removes is gone", async () => {
      const name = await load("unpackOrder");
      expect(await docker.run(name)).toBe("abc");
      expect(await docker.run(name, "ls", "/")).not.toMatch(/gone|folder|varve|cache/);
      expect(await docker.run(name, "stat", "-c", "%a", "/bin")).toBe("711");
      const [, , top] = (await readDockerArchive(built.unpackOrder)).layers;
      const names = top!.entries
        .map((entry) => entry.name)
        .filter((entry) => !/bin\/|nix/.test(entry));
      expect(names).toEqual(expect.arrayContaining(["./.wh.folder", "./.wh.gone", "./letters"]));
      expect(names).not.toContain("./proc");
    });

    it("35: lies on an image that lists one layer twice", async () => {
      expect(await docker.run(await load("onRepeatedLayer"))).toBe("layer1");
    });

    it("36: inherits the environment, its own values first", async () => {
      const { Config } = await docker.inspect(await load("environment"));
      expect(Config.Env.toSorted()).toEqual([
        "FROM_CHILD=true",
        "FROM_PARENT=true",
        "LAST_LAYER=child",
        "PATH=/bin",
      ]);
    });

    it("47: keeps a registry in the name", async () => {
      expect((await readDockerArchive(built.prefixed)).manifest.RepoTags).toEqual([
        "registry-1.docker.io/image:latest",
      ]);
      expect(await docker.run(await load("prefixed"))).toBe("Hello, world!");
    });

    it("57: copies a bare path to the root", async () => {
      expect(await docker.run(await load("barePath"))).toBe("from a bare path");
    });

    it("45, 59: is for another architecture", async () => {
      expect((await docker.inspect(await load("arm"))).Architecture).toBe("arm64");
    });

    it("overlay: runs as a user who is not root, too", async () => {
      const name = await load("bashImage");
      expect(await docker.runWith(["--user", "1000:1000"], name)).toContain("GNU bash");
    });

    it("uid and gid own what is copied, not the store's paths", async () => {
      const name = await load("owned");
      const paths = ["/mine", "/bin/cat", facts.paths.glibc, "/nix/store"];
      expect(await docker.run(name, "stat", "-c", "%u:%g", ...paths)).toBe(
        "1000:1001\n1000:1001\n0:0\n0:0",
      );
    });

    it("has env, sh, certificates and accounts where programs look, accounts as regular files", async () => {
      expect(await docker.run(await load("rootFiles"))).toBe("4711\n/etc/passwd");
    });

    it("replaces links to folders, or keeps them with keepContentsDirlinks", async () => {
      expect(await librariesIn(built.dirlinksKept)).toEqual([
        "./lib link",
        "./usr/lib directory",
        "./usr/lib/one file",
        "./usr/lib/two file",
      ]);
      expect(await librariesIn(built.dirlinksReplaced)).toEqual([
        "./lib directory",
        "./lib/one file",
        "./lib/two file",
        "./usr/lib directory",
        "./usr/lib/one file",
      ]);
    });

    it("does not add what the base has", async () => {
      const { layers } = await readDockerArchive(built.sharedWithBase);
      const [below, above] = layers.map(({ entries }) =>
        entries
          .map((entry) => /^\.\/nix\/store\/([^/]+)$/.exec(entry.name)?.[1])
          .filter((path) => path !== undefined),
      );
      expect(below!.some((path) => path.endsWith("-glibc"))).toBe(true);
      expect(above!.map((path) => path.slice(33))).toEqual(["hello"]);
      expect(await docker.run(await load("sharedWithBase"))).toBe("Hello, world!");
    });

    it("is the same in a sandbox and elsewhere, runAsRoot included", async () => {
      const again = await buildImages(
        ["runAsRootExtraCommands", "sharedWithBase"],
        ["--check", "--option", "sandbox", "relaxed"],
      );
      const { runAsRootExtraCommands, sharedWithBase } = built;
      expect(again).toEqual({ runAsRootExtraCommands, sharedWithBase });
      const layer = ["-A", "runAsRootExtraCommands.layer"];
      await buildImages(
        ["runAsRootExtraCommands"],
        [...layer, "--check", "--option", "sandbox", "relaxed"],
      );
    });

    it("has dockerTools' arguments, buildArgs and layer", () => {
      expect(facts.arguments.buildImage).toEqual(
        [
          "annotations architecture buildVMMemorySize compressor config contents copyToRoot created",
          "diskSize extraCommands fromImage fromImageName fromImageTag gid includeNixDB inheritConfig",
          "keepContentsDirlinks meta name runAsRoot tag uid",
        ].flatMap((line) => line.split(" ")),
      );
      expect(facts.buildArgs).toBe("bash");
      expect(facts.layerName).toBe("docker-layer-bash");
    });

    it.each([
      [
        "argument",
        "buildImage has no argument 'copyToRot' (image 'wrong'); did you mean 'copyToRoot'?",
      ],
      ["both", "'contents' is the old name of 'copyToRoot': give only copyToRoot"],
      ["tag", "tag 'a b' is not valid"],
      ["compressor", "compressor 'xz' is not one of gz, none, zstd"],
      ["baseTag", "fromImageTag needs fromImageName"],
      ["stream", "fromImage must be an archive, but is a program that writes one"],
    ])("says when it is evaluated what is wrong: %s", async (mistake, message) => {
      expect(await complaintOf(`mistakes.${mistake}`, "nix-instantiate")).toContain(message);
    });

    it("says when it is built what is wrong, and fails with the commands", async () => {
      expect(await complaintOf("mistakes.file", "nix-build")).toContain(
        "a-file' is no folder, but copyToRoot takes folders",
      );
      expect(await complaintOf("mistakes.date", "nix-build")).toContain(
        'created = "yesterday-ish" is neither an ISO 8601 date nor "now"',
      );
      const script = await complaintOf("mistakes.script", "nix-build");
      expect(script).toContain("reached the first");
      expect(script).not.toContain("reached the last");
      expect(script).toContain("varve: image 'wrong': runAsRoot has failed");
    });

    // What is traced itself may not trace.
    it.skipIf(absent(["strace"]))("says where proot is not allowed", async () => {
      const traced = ["strace", "-f", "-qq", "-e", "trace=none", "-o", "/dev/null"];
      expect(await complaintOf("mistakes.untraceable", "nix-build", traced)).toContain(
        "varve: image 'untraceable': runAsRoot needs proot, which may not trace programs here (ptrace)",
      );
      expect(await complaintOf("mistakes.untraceableChroot", "nix-build", traced)).toContain(
        "varve: image 'untraceable-chroot': enableFakechroot needs proot, which may not trace",
      );
    });

    it("warns of contents, and takes it", async () => {
      expect(await complaintOf("deprecated", "nix-instantiate")).toContain(
        "warning: varve: image 'deprecated': in buildImage, 'contents' is deprecated; it is called copyToRoot",
      );
    });
  },
);

/** What an archive has at `lib`, and of what kind. */
async function librariesIn(archive: string): Promise<string[]> {
  const { layers } = await readDockerArchive(archive);
  return layers[0]!.entries
    .filter((entry) => /^\.\/(?:usr\/)?lib/.test(entry.name))
    .map((entry) => `${entry.name} ${entry.type}`)
    .toSorted();
}
