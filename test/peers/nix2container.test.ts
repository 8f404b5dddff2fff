import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { absent } from "./support/absent.ts";
import { readDockerStream, storePathsOf } from "./support/docker-archive.ts";
import type { ReadImage } from "./support/docker-archive.ts";
import { buildAttributes, evaluateImage, nixAbsent } from "./support/nix.ts";
import { LOW_LIMITS, podmanStorage } from "./support/podman-storage.ts";

const run = promisify(execFile);
const FILE = "nix2container-images.nix";
const IMAGES = [
  "hello-image",
  "basic",
  "openbar",
  "bash-image",
  "fromImage",
  "layered",
  "nonReproducible",
  "nested",
  "ownership",
  "oneMode",
  "nix",
  "nixNested",
  "nixUser",
  "copyToRoot",
  "created",
  "duplicated",
  "metadata",
] as const;
type ImageName = (typeof IMAGES)[number];

/*
 * nix2container's own tests (reference: peer-tests, section 3), with its functions as varve has
 * them, in podman.
 */
describe.skipIf(nixAbsent() ?? absent(["podman", "runc"]))("nix2container's functions", () => {
  let folder: string;
  let programs: ReadonlyMap<ImageName, string>;
  let facts: { readonly hello: string; readonly bash: string };

  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), "varve-nix2container-"));
    const built = await buildAttributes(FILE, IMAGES);
    programs = new Map(IMAGES.map((image, index) => [image, built[index]!]));
    facts = await evaluateImage("facts", FILE);
  });
  afterAll(async () => {
    await rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  });

  const podman = async (...args: readonly string[]): Promise<string> =>
    (await run("podman", [...podmanStorage(folder), ...args])).stdout.trim();

  const loaded = new Map<ImageName, Promise<string>>();
  const load = async (image: ImageName): Promise<string> => {
    const name = loaded.get(image) ?? loadAnew(image);
    loaded.set(image, name);
    return name;
  };

  async function loadAnew(image: ImageName): Promise<string> {
    const options = podmanStorage(folder).join(" ");
    const script = `"$0" --quiet | podman ${options} load --quiet`;
    const { stdout } = await run("sh", ["-c", script, programs.get(image)!]);
    return stdout.trim().replace("Loaded image: ", "");
  }

  async function runImage(image: ImageName, ...args: readonly string[]): Promise<string> {
    const name = await load(image);
    return podman("run", "--rm", "--network=none", ...LOW_LIMITS, name, ...args);
  }

  const read = async (image: ImageName): Promise<ReadImage> =>
    readDockerStream(programs.get(image)!);

  it.each<[ImageName, readonly string[], RegExp]>([
    ["hello-image", [], /dying/],
    ["basic", [], /Hello, world/],
    ["openbar", [], /^drwxrwxrwx.*tmp$/m],
    ["bash-image", ["bash", "--version"], /^GNU bash, version/m],
    ["bash-image", ["ls"], /^bin$/m],
    ["fromImage", [], /\/etc\/alpine-release$/],
    ["layered", [], /Hello, world/],
    ["nonReproducible", [], /A non reproducible image built the \d+/],
    ["nested", [], /Hello, world/],
    ["ownership", [], /^-r--r--r-- +1 1001 1001 .* test1\.txt$/m],
    ["ownership", [], /^-r--r--r-- +1 +0 +0 .* test2\.txt$/m],
    ["copyToRoot", [], /Hello, world!/],
  ])("%s %j", async (image, args, said) => {
    expect(await runImage(image, ...args)).toMatch(said);
  });

  it("nonRegressionIssue45: a pattern leaves other files alone", async () => {
    const listing = await runImage("oneMode");
    expect(listing).toMatch(/^-rwxr-xr-x .* test1\.txt$/m);
    expect(listing).toMatch(/^-r--r--r-- .* test2\.txt$/m);
  });

  it("nix, nixNested: the database knows what is in the image, in any layer", async () => {
    expect(await runImage("nix", "nix-store", "-qR", facts.bash)).toContain(facts.bash);
    expect(await runImage("nixNested", "nix-store", "-qR", facts.hello)).toContain(facts.hello);
    const verify = ["nix-store", "--verify", "--check-contents"];
    const verified = await runImage("nixNested", ...verify);
    expect(verified).not.toMatch(/modified|disappeared|error/);
  });

  it("nix-user: somebody else owns the store", async () => {
    const said = await runImage("nixUser", "bash", "-c", "nix doctor 2>&1; ls -ldn /nix/store");
    expect(said.match(/^\[PASS\]/gm)).toHaveLength(3);
    expect(said).toMatch(/^drwxr-xr-x +\d+ 1000 1000 .* \/nix\/store$/m);
  });

  it("nonRegressionIssue12: /nix is in the layer, for everybody to read", async () => {
    const { layers } = await read("basic");
    for (const layer of layers) {
      expect(layer.entries.find(({ name }) => name === "/nix")).toMatchObject({
        type: "directory",
        mode: 0o755,
      });
    }
  });

  it("created: the date is the image's", async () => {
    const inspected = await podman("image", "inspect", "-f", "{{.Created}}", await load("created"));
    expect(inspected).toMatch(/^2024-05-13 09:31:10 /);
  });

  it("duplicated (#186): layers that are the same are one", async () => {
    expect((await read("duplicated")).layers).toHaveLength(2);
  });

  it("metadata: the history says who made a layer", async () => {
    const name = await load("metadata");
    const [image] = JSON.parse(await podman("image", "inspect", name)) as [{ History: unknown[] }];
    expect(image.History[0]).toMatchObject({
      created_by: "test created_by",
      author: "test author",
      comment: "test comment",
    });
  });

  it("has as many layers as asked for, and every path once", async () => {
    const layered = await read("layered");
    expect(layered.layers).toHaveLength(3);
    const paths = storePathsOf(layered).flat();
    expect(new Set(paths).size).toBe(paths.length);
    expect(paths).toContain(facts.hello);
  });

  it("puts no path into a layer that lies in a lower one", async () => {
    const nested = await read("nested");
    const paths = storePathsOf(nested).flat();
    expect(nested.layers).toHaveLength(3);
    expect(new Set(paths).size).toBe(paths.length);
  });

  it("reads configs as Go does, whatever the keys' case", async () => {
    expect((await read("basic")).config.config.Entrypoint).toEqual([`${facts.hello}/bin/hello`]);
  });
});
