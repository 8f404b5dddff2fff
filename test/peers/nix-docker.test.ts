import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { dockerdAbsent, startDockerd } from "./support/dockerd.ts";
import type { TestDockerd } from "./support/dockerd.ts";
import { buildImage, evaluateImage, nixAbsent } from "./support/nix.ts";

const run = promisify(execFile);

const loadedName = (said: string): string =>
  /^Loaded image: (.*)$/m.exec(said)?.[1] ?? `not loaded: ${said}`;

/*
 * The assertions of nixpkgs' own test of dockerTools that concern layered images (reference: peer-tests, section 1;
 * numbers as there), with varve's functions and a real Docker engine.
 */
describe.skipIf(nixAbsent() ?? dockerdAbsent())("images of the Nix functions in Docker", () => {
  let engine: TestDockerd;
  let paths: Record<"greeter", string>;

  beforeAll(async () => {
    engine = await startDockerd();
    paths = (await evaluateImage<{ paths: typeof paths }>("facts")).paths;
  });
  afterAll(async () => engine.stop());

  async function shell(script: string, argument: string): Promise<string> {
    return (await run("sh", ["-c", script, argument], { env: engine.env })).stdout;
  }

  /** Loads a streamed image as people do, `./result | docker load`; the loaded name. */
  async function load(attribute: string): Promise<string> {
    return loadedName(await shell('"$0" | docker load', await buildImage(attribute)));
  }

  const runImage = (name: string, ...args: string[]): Promise<string> =>
    engine.docker("run", "--rm", "--network=none", name, ...args);

  const inspect = async <Value>(name: string): Promise<Value> =>
    (JSON.parse(await engine.docker("image", "inspect", name)) as Value[])[0] as Value;

  const layersOf = async (name: string): Promise<readonly string[]> =>
    (await inspect<{ RootFS: { Layers: string[] } }>(name)).RootFS.Layers;

  it("1, 13: streams, loads under its tag, runs, can be removed", async () => {
    const name = await load("streamed");
    expect(name).toBe(`greeting:${await evaluateImage<string>("streamed.imageTag")}`);
    expect(await runImage(name)).toBe("Hello from varve");
    expect(await engine.docker("rmi", name)).toContain("Deleted: ");
  });

  it("12, 17, 18: is loaded from a file, compressed or not", async () => {
    const files = {
      built: "cat",
      uncompressed: "cat",
      // Engines before 23.0 do not know zstd.
      zstd: "zstd -dc",
    };
    for (const [attribute, read] of Object.entries(files)) {
      const file = await buildImage(attribute);
      const name = loadedName(await shell(`${read} "$0" | docker load`, file));
      expect(name).toBe(`greeting:${await evaluateImage<string>(`${attribute}.imageTag`)}`);
      expect(await runImage(name)).toBe("Hello from varve");
    }
  });

  it("2, 3, 6, 7: without store paths runs only with the host's store", async () => {
    for (const attribute of ["linksOnly", "linksOnlyChroot"]) {
      const name = await load(attribute);
      await expect(runImage(name)).rejects.toThrow(/no such file or directory/);
      expect(await engine.docker("run", "--rm", "-v", "/nix/store:/nix/store:ro", name)).toBe(
        "Hello from varve",
      );
    }
  });

  it("20: runs as a user who is not root", async () => {
    const name = await load("owned");
    expect(await runImage(name)).toBe("Hello from varve");
  });

  it("27, 28: has the date of now if asked", async () => {
    const { Created } = await inspect<{ Created: string }>(await load("now"));
    expect(Math.abs(Date.now() - Date.parse(Created))).toBeLessThan(600_000);
    const plain = await inspect<{ Created: string }>(await load("streamed"));
    expect(Date.parse(plain.Created)).toBe(1000);
  });

  it("29, 49: extraCommands' and fakeRootCommands' files are there, with their owners", async () => {
    expect(await runImage(await load("commands"))).toBe(
      "from extraCommands, as 0\nfrom fakeRootCommands, as 0\n1000:1000 700",
    );
  });

  it("32: shares layers with an image of common dependencies", async () => {
    const one = await layersOf(await load("streamed"));
    const other = await layersOf(await load("commands"));
    expect(one.filter((layer) => other.includes(layer)).length).toBeGreaterThan(1);
  });

  it("31, 37, 41: lies on a base, with exactly maxLayers layers and the base's environment", async () => {
    const name = await load("stacked");
    expect(await layersOf(name)).toHaveLength(4);
    const { Config } = await inspect<{ Config: { Env: string[] } }>(name);
    expect(Config.Env.toSorted()).toEqual([
      "FROM_CHILD=true",
      "FROM_PARENT=true",
      "LAST_LAYER=child",
    ]);
    expect(await runImage(name)).toBe("Hello from varve");
  });

  it("39, 40: with two layers holds every path", async () => {
    const name = await load("twoLayers");
    expect(await layersOf(name)).toHaveLength(2);
    expect(await runImage(name)).toBe("Hello from varve");
  });

  it("43, 44: a Nix database that the contents agree with", async () => {
    const name = await load("nixDatabase");
    expect(await runImage(name, "nix-store", "-q", "--references", paths.greeter)).toContain(
      "-bash",
    );
    expect(await runImage(name, "nix-store", "--verify", "--check-contents")).not.toMatch(
      /modified|disappeared|error/,
    );
    expect(await runImage(name, "cat", `${paths.greeter}/bin/greet`)).toContain("Hello from varve");
  });

  it("48: keeps a registry's name", async () => {
    expect(await load("prefixed")).toBe("registry.example.org:5000/team/greeting:Latest");
  });

  it("53: holds and runs what only fakeRootCommands' output refers to", async () => {
    expect(await runImage(await load("referred"))).toBe("Hello from varve");
  });

  it("56, 63: absolute paths and owners of enableFakechroot", async () => {
    expect(await runImage(await load("chroot"))).toBe("absolute\n12345:12345");
  });

  it("58: a bare path in contents", async () => {
    expect(await runImage(await load("barePath"))).toBe("from a bare path");
  });

  it("60: another architecture", async () => {
    const { Architecture } = await inspect<{ Architecture: string }>(await load("foreign"));
    expect(Architecture).toBe("arm64");
  });

  it("62: CA certificates under their three names", async () => {
    expect(await runImage(await load("certificates"))).toBe("readable\nreadable\nreadable");
  });

  it("starts by the name of a user in /etc/passwd", async () => {
    const name = await load("withAccounts");
    expect(await engine.docker("run", "--rm", "--user", "root", name)).toContain("root:x:0:0");
  });
});
