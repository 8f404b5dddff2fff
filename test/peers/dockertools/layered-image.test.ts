import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { VARVE } from "../../support/run-varve.ts";
import { readDockerArchive, readDockerStream } from "../support/docker-archive.ts";
import { dockerdAbsent, startDockerd } from "../support/dockerd.ts";
import type { TestDockerd } from "../support/dockerd.ts";
import { buildImages, DockerUser, evaluateImages } from "../support/dockertools.ts";
import { nixAbsent } from "../support/nix.ts";
import { isShortRun } from "../support/short-run.ts";

const run = promisify(execFile);

const NAMES = [
  "helloOnRoot",
  "helloOnRootNoStore",
  "helloOnRootNoStoreFakechroot",
  "bashLayered",
  "bashLayeredStream",
  "nixLayered",
  "nonRoot",
  "web",
  "environmentLayered",
  "withoutContents",
  "layeredNixDb",
  "linkToLink",
  "storeOwner",
  "etcActivation",
] as const;

/*
 * What nixpkgs' own test of dockerTools asserts of layered images (reference: peer-tests, section 1; numbers as there)
 * and nix-docker.test.ts does not, through varve's overlay.
 */
describe.skipIf(isShortRun() || (nixAbsent() ?? dockerdAbsent()))(
  "dockerTools' layered images of varve",
  () => {
    let engine: TestDockerd;
    let docker: DockerUser;
    let built: Record<(typeof NAMES)[number], string>;
    let tags: Record<string, string>;
    let paths: Record<"hello" | "nix", string>;

    beforeAll(async () => {
      [engine, built, { tags, paths }] = await Promise.all([
        startDockerd(),
        buildImages(NAMES),
        evaluateImages<{ tags: typeof tags; paths: typeof paths }>("facts"),
      ]);
      docker = new DockerUser(engine);
    });
    afterAll(async () => engine.stop());

    const loadArchive = async (name: (typeof NAMES)[number]): Promise<string> =>
      (await docker.load(built[name]))[0] ?? "";
    const loadStream = async (name: (typeof NAMES)[number]): Promise<string> =>
      (await docker.load(built[name], "stream"))[0] ?? "";

    it("1: streams, loads, runs, can be removed", async () => {
      const name = await loadStream("helloOnRoot");
      expect(name).toBe("hello:latest");
      expect(await docker.run(name)).toBe("Hello, world!");
      await engine.docker("rmi", name);
      await expect(docker.inspect(name)).rejects.toThrow(/No such image/);
    });

    it("4, 5: without store paths its root has none", async () => {
      for (const name of ["helloOnRootNoStore", "helloOnRootNoStoreFakechroot"] as const) {
        const script = '"$0" > "$2/image.tar" && "$1" export "$2/image.tar" | tar -t';
        const { stdout } = await run("bash", ["-c", script, built[name], VARVE, engine.folder]);
        expect(stdout).toContain("./bin/hello\n");
        expect(stdout).not.toContain("nix/store/");
      }
    });

    it("12, 13, 14: loads under its imageTag", async () => {
      expect(await loadArchive("bashLayered")).toBe(`bash-layered:${tags["bashLayered"]}`);
      expect(await loadStream("bashLayeredStream")).toBe(
        `bash-layered-stream:${tags["bashLayeredStream"]}`,
      );
      expect(await loadArchive("nixLayered")).toBe(`nix-layered:${tags["nixLayered"]}`);
    });

    it("20: lets a user who is not root into the store", async () => {
      const name = await loadStream("nonRoot");
      expect(await docker.run(name, "stat", "-c", "%a", "/nix", "/nix/store")).toBe("755\n755");
      expect(await docker.run(name)).toBe("Hello, world!");
    });

    it("22: keeps the link nix-daemon → nix of a store path", async () => {
      const name = await loadArchive("nixLayered");
      expect(await docker.run(name, "readlink", `${paths.nix}/bin/nix-daemon`)).toBe("nix");
    });

    it("24: a web server answers", async () => {
      const name = await loadArchive("web");
      const page = await docker.ask(name, 8080, "/index.html", async (container) => {
        const made = await engine.docker(
          "exec",
          container,
          "/bin/ls",
          "-d",
          "/tmp/web_client_body",
        );
        expect(made).toBe("/tmp/web_client_body");
      });
      expect(page).toBe("<p>served</p>\n");
    });

    it("37, 38: inherits the environment, each variable once", async () => {
      const expected = ["FROM_CHILD=true", "FROM_PARENT=true", "LAST_LAYER=child", "PATH=/bin"];
      const { config } = (await readDockerArchive(built.environmentLayered)).config;
      expect(config.Env?.toSorted()).toEqual(expected);
      const { Config } = await docker.inspect(await loadArchive("environmentLayered"));
      expect(Config.Env.toSorted()).toEqual(expected);
    });

    it("42: without contents holds what extraCommands' result refers to", async () => {
      const name = await loadStream("withoutContents");
      expect((await docker.run(name, "ls", "/")).split("\n")).toEqual(
        expect.arrayContaining(["bin", "nix"]),
      );
      expect((await docker.run(name, "ls", "/nix/store")).split("\n")).toEqual([
        expect.stringMatching(/-busybox$/),
      ]);
    });

    it("43, 44: a Nix database that the contents agree with, a store path that is a file", async () => {
      const name = await loadArchive("layeredNixDb");
      expect(await docker.run(name, "nix-store", "--verify", "--check-contents")).not.toMatch(
        /modified|disappeared|error/,
      );
      expect(await docker.run(name, "read-store-file")).toBe("text of a store file");
    });

    it("46: a store path that is a link stays one", async () => {
      expect(await docker.run(await loadStream("linkToLink"))).toBe(
        `${paths.hello}/bin/hello\nHello, world!`,
      );
    });

    it("61: what activating NixOS' /etc makes is there, accounts as regular files", async () => {
      expect(await docker.run(await loadStream("etcActivation"))).toBe(
        [
          "127.0.0.1 localhost",
          "127.0.0.1 localhost",
          "secret",
          "4711 440 regular file",
          "0 644 regular file",
          "0 777 symbolic link",
        ].join("\n"),
      );
    });

    it("64: the store belongs to another user", async () => {
      const image = await readDockerStream(built.storeOwner);
      const owners = image.layers.slice(0, -1).flatMap(({ entries }) => entries);
      expect(new Set(owners.map(({ uid, gid, uname }) => `${uid}:${gid} ${uname}`))).toEqual(
        new Set(["1000:1000 user"]),
      );
      const name = await loadStream("storeOwner");
      expect(await docker.run(name, "stat", "-c", "%u:%g", "/nix/store")).toBe("1000:1000");
    });
  },
);
