import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { dockerdAbsent, startDockerd } from "../support/dockerd.ts";
import type { TestDockerd } from "../support/dockerd.ts";
import { buildImages, complaintOf, DockerUser, evaluateImages } from "../support/dockertools.ts";
import { nixAbsent } from "../support/nix.ts";
import { isShortRun } from "../support/short-run.ts";

const NAMES = [
  "shellBasic",
  "shellHook",
  "shellRun",
  "shellCommand",
  "shellHome",
  "shellBuild",
] as const;

/* What nixpkgs tests of its nix-shell images (reference: peer-tests, section 2), through varve's overlay. */
describe.skipIf(isShortRun() || (nixAbsent() ?? dockerdAbsent()))(
  "nix-shell's images of varve",
  () => {
    let engine: TestDockerd;
    let docker: DockerUser;
    let tags: Record<string, string>;
    let built: Record<(typeof NAMES)[number], string>;

    beforeAll(async () => {
      [engine, built, { tags }] = await Promise.all([
        startDockerd(),
        buildImages(NAMES),
        evaluateImages<{ tags: typeof tags }>("facts"),
      ]);
      docker = new DockerUser(engine);
    });
    afterAll(async () => engine.stop());

    const load = async (name: (typeof NAMES)[number]): Promise<string> =>
      (await docker.load(built[name], name === "shellRun" ? "archive" : "stream"))[0] ?? "";

    /** What a shell that reads the image's start-up file says to a command. */
    const inShell = async (image: string, command: string): Promise<string> =>
      engine.docker(
        "run",
        "--rm",
        "--network=none",
        image,
        "bash",
        "-c",
        `${await startUp(image)}; ${command}`,
      );

    const startUp = async (image: string): Promise<string> => {
      const text = await engine.docker(
        "image",
        "inspect",
        "--format",
        "{{json .Config.Cmd}}",
        image,
      );
      return `source ${(JSON.parse(text) as string[]).at(-1)}`;
    };

    it("the Nix database is there, and the inputs are on PATH", async () => {
      const name = await load("shellBasic");
      const references = await inShell(
        name,
        "nix-store -q --references /bin/sh; nix-store --version",
      );
      expect(references).toMatch(/-glibc$/m);
      expect(references).toMatch(/^nix-store \(Nix\)/m);
    });

    it("shellHook runs, in an interactive shell as well", async () => {
      const name = await load("shellHook");
      expect(await inShell(name, "hello")).toBe("the hook runs\nHello, world!");
      const said = await docker.runWith(["--interactive"], name, "bash", "-c", await startUp(name));
      expect(said).toBe("the hook runs");
    });

    it("passAsFile works, run is not interactive", async () => {
      const name = await load("shellRun");
      expect(name).toBe(`nix-shell-run:${tags["shellRun"]}`);
      expect(await docker.run(name)).toBe(
        "the hook runs\nnot interactive\nHello, world!\nas a file",
      );
    });

    it("command is interactive", async () => {
      const name = await load("shellCommand");
      expect(await docker.runWith(["--tty", "--network=none"], name)).toMatch(
        /the hook runs\r?\ninteractive/,
      );
    });

    it("the home folder is writable, by default and where it was not before", async () => {
      expect(await docker.run(await load("shellHome"))).toContain("1001:1002");
      expect(
        await inShell(await load("shellBasic"), "touch $HOME/x && stat -c %u:%g $HOME/x"),
      ).toBe("1000:1000");
    });

    it("buildDerivation builds, by hand and through run", async () => {
      expect(await docker.run(await load("shellBuild"))).toBe(
        "the hook runs\nHello, world!\nas a file",
      );
      const name = await load("shellHook");
      expect(await docker.run(name, "bash", "-c", "buildDerivation && echo $out")).toMatch(
        /^\/nix\/store\/[a-z0-9]{32}-to-build$/,
      );
    });

    it("has dockerTools' arguments, and says what is wrong", async () => {
      const { arguments: taken, shellNames } = await evaluateImages<{
        arguments: Record<string, readonly string[]>;
        shellNames: readonly string[];
      }>("facts");
      expect(shellNames).toEqual(["nix-shell-run.tar", "to-build-env.tar.gz"]);
      const expected = "command drv gid homeDirectory name run shell tag uid".split(" ");
      expect(taken["streamNixShellImage"]).toEqual(expected);
      expect(taken["buildNixShellImage"]).toEqual([...expected, "compressor"].toSorted());
      expect(await complaintOf("mistakes.shellBoth", "nix-instantiate")).toContain("not both");
      expect(await complaintOf("mistakes.shellStructured", "nix-instantiate")).toContain(
        "does not work with the derivation 'structured', since it uses __structuredAttrs",
      );
    });
  },
);
