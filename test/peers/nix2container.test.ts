import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { absent } from "./support/absent.ts";
import { readDockerStream, storePathsOf } from "./support/docker-archive.ts";
import type { ReadImage } from "./support/docker-archive.ts";
import { buildAttributes, evaluateImage, nixAbsent, nixFailure } from "./support/nix.ts";
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
  "capable",
  "fromFiles",
] as const;
type ImageName = (typeof IMAGES)[number];

/*
 * nix2container's own tests (reference: peer-tests, section 3), with its functions as varve has
 * them, in podman.
 */
describe.skipIf(nixAbsent() ?? absent(["podman", "runc"]))("nix2container's functions", () => {
  let folder: string;
  let programs: ReadonlyMap<ImageName, string>;
  let copyTo: string;
  let facts: Readonly<Record<"hello" | "bash" | "glibc", string>> & {
    readonly references: readonly string[];
  };

  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), "varve-nix2container-"));
    const [built, known] = await Promise.all([
      buildAttributes(FILE, [...IMAGES, "copies"]),
      evaluateImage<typeof facts>("facts", FILE),
    ]);
    copyTo = `${built.at(-1)!}/bin/copy-basic`;
    facts = known;
    programs = new Map(IMAGES.map((image, index) => [image, built[index]!]));
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

  /** Whose a user's file is after the program was to give it away. */
  async function changeOwnerBy(program: string): Promise<string> {
    const options = ["--rm", "--network=none", ...LOW_LIMITS, "--tmpfs=/tmp:mode=1777"];
    const script = "echo > /tmp/file; $0 5:5 /tmp/file 2>&1; stat -c %u:%g /tmp/file";
    return podman("run", ...options, await load("capable"), "bash", "-c", script, program);
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

  it.skipIf(absent(["skopeo"]))(
    "nonRegressionIssue12: /nix is in a layer of dir:, for everybody to read",
    async () => {
      const { stdout } = await run(copyTo, [`dir:${folder}/dir`, "--quiet"]);
      expect(stdout).toMatch(/^dir:.*\/dir@sha256:[0-9a-f]{64}\n$/);
      const manifest = JSON.parse(await readFile(`${folder}/dir/manifest.json`, "utf8")) as {
        readonly layers: readonly { readonly digest: string }[];
      };
      for (const { digest } of manifest.layers) {
        const file = `${folder}/dir/${digest.replace("sha256:", "")}`;
        const listing = await run("tar", ["-tvzf", file]);
        expect(listing.stdout).toMatch(/^drwxr-xr-x .* \/?nix\/$/m);
      }
    },
  );

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

  it("capabilities: the program that has one may what the other may not, for a user", async () => {
    expect(await changeOwnerBy("able")).toBe("5:5");
    expect(await changeOwnerBy("unable")).toMatch(/Operation not permitted\n1000:1000$/);
  });

  it("permsFile and layersFile: a build says what is in which layer, and how", async () => {
    const image = await read("fromFiles");
    const paths = storePathsOf(image);
    expect(paths.slice(0, 2)).toEqual([[facts.glibc], [facts.hello]]);
    expect(paths[2]).toContain(facts.bash);
    const entries = image.layers.flatMap((layer) => layer.entries);
    expect(entries.find(({ name }) => name === "/test2.txt")).toMatchObject({
      mode: 0o600,
      uid: 7,
    });
    expect(entries.find(({ name }) => name === "/old-name")).toBeDefined();
  });

  it("imageRefUnsafe names the image", () => {
    expect(facts.references[0]).toMatch(/^basic:[a-z0-9]{32}$/);
    expect(facts.references[1]).toMatch(/^created:[a-z0-9]{32}$/);
  });

  it.each([
    ["twice", "'contents' is the old name of 'copyToRoot': give only copyToRoot"],
    ["environment", "fromImageEnv = false is not possible"],
    ["perms", "give perms or permsFile, not both"],
    ["stranger", "layersFile names what is not in the layers: /nix/store/"],
  ])("says what is wrong: %s", async (mistake, message) => {
    expect(await nixFailure(buildAttributes(FILE, [`mistakes.${mistake}`]))).toContain(message);
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
