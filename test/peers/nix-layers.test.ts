import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import * as fs from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { absent } from "./support/absent.ts";
import { entryOf, readDockerStream, storePathsOf } from "./support/docker-archive.ts";
import type { ReadImage, ReadLayer } from "./support/docker-archive.ts";
import { startDockerRegistry } from "./support/docker-registry.ts";
import { buildAttributes, evaluateImage, nixAbsent, nixFailure } from "./support/nix.ts";

const run = promisify(execFile);
const FILE = "layer-images.nix";
const ATTRIBUTES = [
  "layered",
  "chained",
  "moved",
  "withFrozen",
  "nixImage",
  "inheriting",
  "onLayout",
  "rootsOnTop",
  "described.push",
  "described.copyTo",
  "index",
  "index.push",
  "index.ociArchive",
  "annotated.ociLayout",
  "plain.push",
] as const;
type Attribute = (typeof ATTRIBUTES)[number];

interface Manifest {
  readonly annotations?: Readonly<Record<string, string>>;
  readonly layers: ReadonlyArray<{ readonly mediaType: string; readonly digest: string }>;
}
interface Index {
  readonly annotations?: Readonly<Record<string, string>>;
  readonly manifests: ReadonlyArray<{
    readonly digest: string;
    readonly platform?: { readonly architecture: string };
  }>;
}

const diffIds = ({ layers }: ReadImage): string[] => layers.map(({ diffId }) => diffId);

describe.skipIf(nixAbsent() ?? absent(["docker-registry", "strace"]))("layers in Nix", () => {
  let folder: string;
  let built: ReadonlyMap<Attribute, string>;
  let paths: Readonly<Record<"greeter" | "root" | "bash" | "cacert" | "coreutils", string>>;

  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), "varve-layers-"));
    const results = await buildAttributes(FILE, ATTRIBUTES);
    built = new Map(ATTRIBUTES.map((attribute, index) => [attribute, results[index]!]));
    paths = (await evaluateImage<{ paths: typeof paths }>("facts", FILE)).paths;
  });
  afterAll(async () => rm(folder, { recursive: true, force: true }));

  const read = async (attribute: Attribute): Promise<ReadImage> =>
    readDockerStream(built.get(attribute)!);

  /** Runs a program of an image; its standard output. */
  async function program(
    attribute: Attribute,
    args: readonly string[],
    by: readonly string[] = [],
  ): Promise<string> {
    const cache = fs.mkdtempSync(path.join(folder, "cache-"));
    const [first, ...rest] = [...by, executableIn(built.get(attribute)!), ...args];
    const env = { ...process.env, VARVE_CACHE_DIR: cache };
    return (await run(first!, rest, { env })).stdout.trim();
  }

  it("that are given lie below, and nothing of them is packed again", async () => {
    const image = await read("layered");
    const [bash, greeter] = storePathsOf(image);
    expect(bash).toContain(paths.bash);
    expect(greeter).toEqual([paths.greeter]);
    const all = storePathsOf(image).flat();
    expect(new Set(all).size).toBe(all.length);
    expect(all).toContain(paths.cacert);
  });

  it("in a long chain of layers are each there once", async () => {
    const image = await read("chained");
    const links = storePathsOf(image).flatMap((layer) =>
      layer.filter((found) => found.includes("-link-")),
    );
    expect(links.map((link) => link.split("-link-")[1])).toEqual(
      Array.from({ length: 6 }, (_, index) => String(index)),
    );
  });

  it("move a root's files there, with the modes, owners and capabilities asked for", async () => {
    const image = await read("moved");
    const top = image.layers.at(-1) as ReadLayer;
    expect(entryOf(top, "/bin/cat")).toMatchObject({ type: "file", mode: 0o555, uid: 0 });
    expect(entryOf(top, "/tmp")).toMatchObject({ type: "directory", mode: 0o1777 });
    expect(entryOf(top, "/etc/one.txt")).toMatchObject({ mode: 0o640, uid: 1001, gid: 1001 });
    expect(entryOf(top, "/etc/two.txt")).toMatchObject({ mode: 0o444, uid: 0, gid: 0 });
    expect(entryOf(top, `${paths.greeter}/bin/greet`)).toMatchObject({ mode: 0o511 });
    const all = storePathsOf(image).flat();
    expect(all).not.toContain(paths.root);
    expect(all.filter((found) => found === paths.greeter)).toHaveLength(1);
    const archive = path.join(folder, "moved.tar");
    await run("sh", ["-c", `"$0" --quiet > "$1"`, built.get("moved")!, archive]);
    expect(fs.readFileSync(archive).includes("SCHILY.xattr.security.capability=")).toBe(true);
  });

  it("that are kept have the digests that packing would give them", async () => {
    const kept = await read("withFrozen");
    const [greeter] = diffIds(await read("layered")).slice(1, 2);
    expect(diffIds(kept)).toContain(greeter);
    expect(kept.layers).toHaveLength(3);
  });

  it("with a Nix database know all that is in the image, and whose it is", async () => {
    const image = await read("nixImage");
    const database = image.layers.at(-2) as ReadLayer;
    expect(entryOf(database, "/nix/var/nix/db/db.sqlite")).toMatchObject({
      mode: 0o644,
      uid: 1000,
    });
    expect(entryOf(database, "/nix/store")).toMatchObject({ mode: 0o755, uid: 1000, gid: 1000 });
  });

  it("with a Nix database are the same wherever and whenever they are built", async () => {
    const database = "nixImage.conf.rootLayers.0.sources.0";
    // The second fails if its output is not the same to the byte.
    const first = await buildAttributes(FILE, [database]);
    expect(await buildAttributes(FILE, [database], ["--check"])).toEqual(first);
  });

  it("are the same made in the sandbox", async () => {
    const steps = ["storeLayers", "rootLayers.0.sources.0", "rootLayers.0", "rootLayers.1"];
    const attributes = ["nixImage.conf", ...steps.map((step) => `nixImage.conf.${step}`)];
    const first = await buildAttributes(FILE, attributes);
    const sandboxed = ["--check", "--option", "sandbox", "true"];
    expect(await buildAttributes(FILE, attributes, sandboxed)).toEqual(first);
  });

  it("on a base inherit its config and have none of its paths again", async () => {
    const image = await read("inheriting");
    expect(image.config.config).toMatchObject({
      Cmd: ["/bin/greet"],
      WorkingDir: "/srv",
      Labels: { from: "base", own: "yes" },
    });
    const all = storePathsOf(image).flat();
    expect(new Set(all).size).toBe(all.length);
    expect(all).toEqual(expect.arrayContaining([paths.greeter, paths.cacert]));
    // The same base, as an OCI layout.
    expect(diffIds(await read("onLayout"))).toEqual(diffIds(image));
  });

  it("have the roots on top of all that they need, if that is asked for", async () => {
    const layers = storePathsOf(await read("rootsOnTop"));
    expect(layers.at(-2)).toEqual([paths.greeter]);
  });

  it("make OCI layouts with compressed layers and annotations", () => {
    const layout = built.get("annotated.ociLayout")!;
    const { manifests } = readIndex(layout);
    const manifest = readBlob(layout, manifests[0]!.digest) as Manifest;
    expect(manifest.annotations).toMatchObject({ "org.opencontainers.image.title": "A title" });
    for (const { mediaType } of manifest.layers) expect(mediaType).toMatch(/tar\+gzip$/);
  });

  it("make an index of several platforms, whose images are those that they are alone", async () => {
    const layout = built.get("index")!;
    const { manifests } = readIndex(layout);
    const index = readBlob(layout, manifests[0]!.digest) as Index;
    expect(index.annotations).toEqual({ "org.example.of": "two" });
    const architectures = index.manifests.map(({ platform }) => platform?.architecture);
    expect(new Set(architectures)).toEqual(new Set(["amd64", "arm64"]));
    const alone = readIndex(built.get("annotated.ociLayout")!);
    expect(index.manifests.map(({ digest }) => digest)).toContain(alone.manifests[0]!.digest);
    expect(fs.statSync(built.get("index.ociArchive")!).isFile()).toBe(true);
  });

  describe("with a registry", () => {
    let registry: Awaited<ReturnType<typeof startDockerRegistry>>;
    beforeAll(async () => {
      registry = await startDockerRegistry();
    });
    afterAll(async () => registry.stop());

    it("are pushed; a machine that has the digests from Nix reads nothing of them", async () => {
      const place = `${registry.host}/team/app`;
      const pushed = await program("described.push", [`${place}:1`]);
      expect(pushed).toMatch(/^127\.0\.0\.1:\d+\/team\/app@sha256:[0-9a-f]{64}$/);
      const trace = path.join(folder, "trace");
      const traced = ["strace", "-f", "-qq", "-e", "trace=open,openat", "-o", trace];
      // Another tag, whose image says nothing of the layers, and an empty cache.
      const again = await program("described.push", [`${place}:2`, "--quiet"], traced);
      expect(again.split("@")[1]).toBe(pushed.split("@")[1]);
      const opened = fs.readFileSync(trace, "utf8");
      expect(opened).toContain("-described-conf.json");
      expect(opened).not.toContain(`${paths.greeter}/`);
      expect(opened).not.toMatch(/customisation-layer\/layer\.tar/);
    });

    it("go to an OCI layout, too, and an index to a registry", async () => {
      const layout = path.join(folder, "layout");
      const copied = await program("described.copyTo", [`oci:${layout}:1`]);
      expect(copied).toMatch(/^oci:.*layout.*@sha256:[0-9a-f]{64}$/);
      expect(fs.existsSync(path.join(layout, "index.json"))).toBe(true);
      const pushed = await program("index.push", [`${registry.host}/team/index:1`]);
      const { manifests } = readIndex(built.get("index")!);
      expect(pushed).toContain(`/team/index@${manifests[0]!.digest}`);
    });

    it("of a base in a registry are fetched one by one, by its manifest", async () => {
      const place = `${registry.host}/team/base`;
      const pushed = await program("plain.push", [`${place}:1`]);
      const from = ["--argstr", "registry", registry.host];
      const [getManifest] = await buildAttributes(FILE, ["pulled.getManifest"], from);
      const { stdout } = await run(executableIn(getManifest!), []);
      const manifest = path.join(folder, "manifest.json");
      fs.writeFileSync(manifest, stdout);
      const [layout] = await buildAttributes(
        FILE,
        ["pulled"],
        [...from, "--arg", "manifest", manifest],
      );
      const { layers } = json(manifest) as Manifest;
      expect(fs.readlinkSync(blob(layout!, layers[0]!.digest))).toMatch(/^\/nix\/store\//);
      expect(readIndex(layout!).manifests[0]!.digest).toBe(pushed.split("@")[1]);
    });

    it("getManifest of an image for several platforms prints that of the one asked for", async () => {
      await program("index.push", [`${registry.host}/team/several:1`]);
      const from = ["--argstr", "registry", registry.host];
      const [getManifest] = await buildAttributes(FILE, ["pulledArm.getManifest"], from);
      const { stdout } = await run(executableIn(getManifest!), []);
      const layout = built.get("index")!;
      const index = readBlob(layout, readIndex(layout).manifests[0]!.digest) as Index;
      const arm = index.manifests.find(({ platform }) => platform?.architecture === "arm64");
      const digest = createHash("sha256").update(stdout).digest("hex");
      expect(`sha256:${digest}`).toBe(arm!.digest);
    });
  });

  it.each<[string, string]>([
    ["layers", "image 'wrong': layers takes results of buildLayer, not bash"],
    ["perms", "image 'wrong': perms has no 'mod'; it takes path, regex, mode"],
    ["pattern", "layers 'layer': perms names what is not in them: /nix/store/"],
    ["layout", 'layout \'upside-down\' is neither "dockerTools" nor "roots-on-top"'],
    ["nothing", "layer 'layer': nothing goes in"],
  ])("tell mistakes in %s", async (mistake, message) => {
    expect(await nixFailure(buildAttributes(FILE, [`mistakes.${mistake}`]))).toContain(message);
  });
});

const json = (file: string): unknown => JSON.parse(fs.readFileSync(file, "utf8"));
const readIndex = (layout: string): Index => json(path.join(layout, "index.json")) as Index;
const readBlob = (layout: string, digest: string): unknown => json(blob(layout, digest));

function blob(layout: string, digest: string): string {
  return path.join(layout, "blobs/sha256", digest.replace("sha256:", ""));
}

function executableIn(storePath: string): string {
  const bin = path.join(storePath, "bin");
  return path.join(bin, fs.readdirSync(bin)[0]!);
}
