import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir, userInfo } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { beforeAll, describe, expect, it } from "vitest";
import {
  customisationLayer,
  entryOf,
  readDockerArchive,
  readDockerStream,
  storePathsOf,
} from "./support/docker-archive.ts";
import type { ReadImage } from "./support/docker-archive.ts";
import { buildImage, evaluateImage, nixAbsent, nixFailure } from "./support/nix.ts";

const run = promisify(execFile);

interface Facts {
  readonly tags: Record<"streamed" | "streamedConf" | "built" | "tagged" | "overridden", string>;
  readonly names: Record<"prefixed" | "built", string>;
  readonly exe: Record<"streamed" | "builtStream", boolean>;
  readonly described: Record<"description" | "mark" | "streamMark", string>;
  readonly arguments: Record<"stream" | "build", readonly string[]>;
  readonly paths: Record<"greeter" | "bash" | "coreutils" | "accounts", string>;
  readonly program: Record<"string" | "executable" | "load", string>;
}

const streamed = async (attribute: string): Promise<ReadImage> =>
  readDockerStream(await buildImage(attribute));
const built = async (attribute: string): Promise<ReadImage> =>
  readDockerArchive(await buildImage(attribute));

const diffIds = (image: ReadImage): readonly string[] => image.layers.map(({ diffId }) => diffId);

/** Every argument that dockerTools' streamLayeredImage has (reference: dockertools-api, section 1). */
const dockerToolsArguments = [
  "name tag fromImage contents config architecture created mtime uid gid uname gname maxLayers",
  "extraCommands fakeRootCommands enableFakechroot includeStorePaths includeNixDB",
  "layeringPipeline debug passthru meta",
].flatMap((line) => line.split(" "));

describe.skipIf(nixAbsent())("the Nix functions", () => {
  let facts: Facts;
  let plain: ReadImage;

  beforeAll(async () => {
    facts = await evaluateImage<Facts>("facts");
    plain = await streamed("streamed");
  });

  describe("names, tags and results", () => {
    it("have every argument of dockerTools", () => {
      expect(facts.arguments.stream).toEqual(expect.arrayContaining(dockerToolsArguments));
      expect(facts.arguments.build).toEqual(
        expect.arrayContaining([...dockerToolsArguments, "compressor"]),
      );
    });

    it("tag an image without a tag with the hash of its conf.json", async () => {
      expect(facts.tags.streamed).toBe(facts.tags.streamedConf.slice("/nix/store/".length, 43));
      expect(plain.manifest.RepoTags).toEqual([`greeting:${facts.tags.streamed}`]);
      expect(facts.tags.built).toBe(facts.tags.streamed);
      expect((await built("built")).manifest.RepoTags).toEqual(plain.manifest.RepoTags);
    });

    it("take a tag, and another by override or at run time", async () => {
      expect((await streamed("tagged")).manifest.RepoTags).toEqual(["greeting:v1.2"]);
      expect(facts.tags.tagged).toBe("v1.2");
      expect((await streamed("overridden")).manifest.RepoTags).toEqual(["greeting:v2"]);
      expect(facts.tags.overridden).toBe("v2");
      for (const option of ["-t", "--repo_tag"]) {
        const again = await readDockerStream(await buildImage("tagged"), [option, "other:name"]);
        expect(again.manifest.RepoTags).toEqual(["other:name"]);
        expect(again.imageId).toBe(plain.imageId);
      }
    });

    it("keep a registry in the name and write it in lower case", async () => {
      const name = "registry.example.org:5000/team/greeting";
      expect(facts.names.prefixed).toBe(name);
      expect((await streamed("prefixed")).manifest.RepoTags).toEqual([`${name}:Latest`]);
    });

    it("pass on passthru and meta", () => {
      expect(facts.described).toEqual({ description: "greets", mark: "mine", streamMark: "mine" });
      expect(facts.exe).toEqual({ streamed: true, builtStream: true });
    });

    it("write a conf.json with the keys of dockerTools'", async () => {
      const conf: unknown = JSON.parse(await readFile(await buildImage("owned.conf"), "utf8"));
      expect(conf).toEqual({
        architecture: expect.stringMatching(/^(amd64|arm64)$/),
        config: { Cmd: ["/bin/greet"], User: "1000:1001" },
        os: "linux",
        store_dir: "/nix/store",
        from_image: null,
        store_layers: expect.arrayContaining([[facts.paths.greeter]]),
        customisation_layer: expect.stringMatching(/-greeting-customisation-layer$/),
        repo_tag: expect.stringMatching(/^greeting:[a-z0-9]{32}$/),
        created: "1970-01-01T00:00:01+00:00",
        mtime: "1970-01-01T00:00:01+00:00",
        uid: "1000",
        gid: "1001",
        uname: "user",
        gname: "group",
      });
    });

    it("offer the program as a file and as a folder with bin/", async () => {
      await buildImage("streamed");
      expect(facts.program.executable).toMatch(/\/bin\/stream-greeting$/);
      for (const program of [facts.program.string, facts.program.executable]) {
        expect((await readDockerStream(program)).imageId).toBe(plain.imageId);
      }
    });

    it("offer dockerTools' streamScript, which takes a conf file", async () => {
      const script = await buildImage("streamed.streamScript");
      const conf = await buildImage("streamed.conf");
      expect((await readDockerStream(script, [conf])).imageId).toBe(plain.imageId);
    });
  });

  describe("an image", () => {
    it("is the same streamed and built, by any compressor", async () => {
      for (const attribute of ["built", "uncompressed", "zstd"]) {
        const image = await built(attribute);
        expect(diffIds(image)).toEqual(diffIds(plain));
        expect(image.imageId).toBe(plain.imageId);
      }
      expect(await buildImage("built")).toMatch(/-greeting\.tar\.gz$/);
      expect(await buildImage("uncompressed")).toMatch(/-greeting\.tar$/);
      expect(await buildImage("zstd")).toMatch(/-greeting\.tar\.zst$/);
    });

    it("promises the digests that its layers have", () => {
      expect(plain.config.rootfs.diff_ids).toEqual(diffIds(plain));
      expect(plain.manifest.Config).toContain(plain.imageId.slice("sha256:".length));
    });

    it("holds the closure, every path once, and links to contents on top", async () => {
      const closure = await run("nix-store", ["-qR", facts.paths.greeter]);
      const paths = storePathsOf(plain).flat();
      expect(paths.toSorted()).toEqual(closure.stdout.trim().split("\n").toSorted());
      const link = entryOf(customisationLayer(plain), "./bin/greet");
      expect(link).toMatchObject({ type: "link", link: `${facts.paths.greeter}/bin/greet` });
    });

    it("has /nix and /nix/store for everybody to read in each store layer", () => {
      for (const layer of plain.layers.slice(0, -1)) {
        for (const name of ["/nix", "/nix/store"]) {
          expect(entryOf(layer, name)).toMatchObject({ mode: 0o755, uid: 0, uname: "root" });
        }
      }
    });

    it("has a customisation layer as GNU tar makes it", () => {
      for (const entry of customisationLayer(plain).entries) {
        expect(entry).toMatchObject({ uid: 0, gid: 0, uname: "", gname: "", mtime: 315532800 });
      }
      expect(customisationLayer(plain).entries[0]).toMatchObject({ name: ".", mode: 0o755 });
    });

    it("takes dates of the image and of its files apart", async () => {
      const image = await streamed("dated");
      expect(image.config.created).toBe("2023-01-02T01:04:05+00:00");
      const dates = new Set(
        image.layers.slice(0, -1).flatMap(({ entries }) => entries.map(({ mtime }) => mtime)),
      );
      expect([...dates]).toEqual([Date.UTC(2024, 1, 3, 4, 5, 6) / 1000]);
      expect(plain.config.created).toBe("1970-01-01T00:00:01+00:00");
    });

    it("is of now if asked", async () => {
      const { created } = (await streamed("now")).config;
      expect(Math.abs(Date.now() - Date.parse(created))).toBeLessThan(600_000);
    });

    it("takes the owner of store paths, not of the customisation layer", async () => {
      const image = await streamed("owned");
      for (const entry of image.layers.slice(0, -1).flatMap(({ entries }) => entries)) {
        expect(entry).toMatchObject({ uid: 1000, gid: 1001, uname: "user", gname: "group" });
      }
      expect(entryOf(customisationLayer(image), "./bin")).toMatchObject({ uid: 0, gid: 0 });
    });

    it("takes another architecture", async () => {
      expect((await streamed("foreign")).config.architecture).toBe("arm64");
    });
  });

  describe("layers", () => {
    it("are two with maxLayers = 2, the lower one with every path", async () => {
      const image = await streamed("twoLayers");
      expect(image.layers).toHaveLength(2);
      expect(storePathsOf(image)[0]?.toSorted()).toEqual(storePathsOf(plain).flat().toSorted());
    });

    it("are planned by the strategy", async () => {
      const byAuto = await streamed("threeLayers");
      const byPopularity = await streamed("popular");
      for (const image of [byAuto, byPopularity]) {
        expect(image.layers).toHaveLength(3);
        expect(storePathsOf(image).flat().toSorted()).toEqual(
          storePathsOf(plain).flat().toSorted(),
        );
      }
      expect(storePathsOf(byPopularity)[0]).toHaveLength(1);
      expect(storePathsOf(byAuto)).not.toEqual(storePathsOf(byPopularity));
    });

    it("follow a layeringPipeline, given as a list or as a file", async () => {
      const image = await streamed("pipeline");
      const [bashAndBelow, ...rest] = storePathsOf(image);
      const bashClosure = await run("nix-store", ["-qR", facts.paths.bash]);
      expect(bashAndBelow?.toSorted()).toEqual(bashClosure.stdout.trim().split("\n").toSorted());
      expect(rest.slice(0, -1)).toHaveLength(2);
      expect(rest[0]).toHaveLength(1);
      expect(diffIds(await streamed("pipelineFile"))).toEqual(diffIds(image));
    });

    it("are left out with includeStorePaths = false", async () => {
      for (const attribute of ["linksOnly", "linksOnlyChroot"]) {
        const image = await streamed(attribute);
        expect(image.layers).toHaveLength(1);
        const names = customisationLayer(image).entries.map(({ name }) => name);
        expect(names).toContain("./bin/greet");
        expect(names.filter((name) => name.includes("nix/store"))).toEqual([]);
      }
    });

    it("hold only what extraCommands' result refers to without contents", async () => {
      const paths = storePathsOf(await streamed("noContents")).flat();
      expect(paths).toEqual([expect.stringMatching(/-nss-cacert-|-cacert/)]);
    });

    it("hold what only fakeRootCommands' result refers to", async () => {
      expect(storePathsOf(await streamed("referred")).flat()).toContain(facts.paths.greeter);
    });

    it("keep a store path that is a link as a link", async () => {
      const layers = (await streamed("linkPath")).layers;
      const link = layers
        .flatMap(({ entries }) => entries)
        .find(({ name }) => /^\/nix\/store\/[^/]+-link$/.test(name));
      expect(link).toMatchObject({ type: "link", link: "greet-target" });
    });
  });

  describe("a base image", () => {
    it("lies below, counts as layers and gives its environment", async () => {
      const base = await built("base");
      const image = await streamed("stacked");
      expect(base.layers).toHaveLength(2);
      expect(image.layers).toHaveLength(4);
      expect(diffIds(image).slice(0, 2)).toEqual(diffIds(base));
      expect(image.config.config.Env?.toSorted()).toEqual([
        "FROM_CHILD=true",
        "FROM_PARENT=true",
        "LAST_LAYER=child",
      ]);
    });

    it("may be compressed with zstd", async () => {
      expect((await streamed("stackedOnZstd")).imageId).toBe((await streamed("stacked")).imageId);
    });

    it("that leaves no layer is refused with the number that is needed", async () => {
      const failure = await nixFailure(buildImage("stackedTooHigh"));
      expect(failure).toContain(
        "varve: image 'stacked': maxLayers = 3 leaves no layer for store paths: 1 is the customisation layer and 2 come from fromImage. Set maxLayers to 4 or more.",
      );
    });

    it("that is a program is refused", async () => {
      expect(await nixFailure(buildImage("stackedOnProgram"))).toContain("use buildLayeredImage");
    });
  });

  describe("commands", () => {
    it("run in the image's root, the last ones as fakeroot's root", async () => {
      const top = customisationLayer(await streamed("commands"));
      const { uid } = userInfo();
      expect(entryOf(top, "./extra").text).toBe(`from extraCommands, as ${uid}\n`);
      expect(entryOf(top, "./copied").text).toBe(entryOf(top, "./extra").text);
      expect(entryOf(top, "./fake").text).toBe("from fakeRootCommands, as 0\n");
      expect(entryOf(top, "./home/alice")).toMatchObject({ uid: 1000, gid: 1000, mode: 0o700 });
      expect(entryOf(top, "./null")).toMatchObject({ type: "device" });
    });

    it("fail the build when they fail", async () => {
      for (const attribute of ["failingExtraCommands", "failingFakeRootCommands"]) {
        const failure = await nixFailure(buildImage(attribute));
        expect(failure).toContain("reached the first");
        expect(failure).not.toContain("reached the last");
      }
    });

    it("see the image's root as / with enableFakechroot", async () => {
      const top = customisationLayer(await streamed("chroot"));
      expect(entryOf(top, "./data/file")).toMatchObject({
        uid: 12345,
        gid: 12345,
        text: "absolute\n",
      });
      const topNames = top.entries
        .map(({ name }) => name.split("/")[1])
        .filter((name) => name !== undefined);
      expect([...new Set(topNames)].toSorted()).toEqual(["bin", "data", "nix"]);
    });
  });

  describe("contents", () => {
    it("may be a bare path", async () => {
      const link = entryOf(customisationLayer(await streamed("barePath")), "./srv/hello.txt");
      expect(link).toMatchObject({
        type: "link",
        link: expect.stringMatching(/^\/nix\/store\/.*bare-path\/srv\/hello\.txt$/) as string,
      });
    });

    it("of caCertificates lie where programs look for them", async () => {
      const top = customisationLayer(await streamed("certificates"));
      for (const name of [
        "./etc/ssl/certs/ca-bundle.crt",
        "./etc/ssl/certs/ca-certificates.crt",
        "./etc/pki/tls/certs/ca-bundle.crt",
      ]) {
        expect(entryOf(top, name).type).toBe("link");
      }
    });

    it("make regular files of passwd and its like, and links of all else", async () => {
      for (const attribute of ["withAccounts", "withLinkedEtc"]) {
        const top = customisationLayer(await streamed(attribute));
        for (const file of ["passwd", "group", "nsswitch.conf"]) {
          const source = await readFile(`${facts.paths.accounts}/etc/${file}`, "utf8");
          expect(entryOf(top, `./etc/${file}`)).toMatchObject({
            type: "file",
            mode: 0o644,
            uid: 0,
            gid: 0,
            text: source,
          });
        }
        for (const file of ["shadow", "gshadow"]) {
          expect(entryOf(top, `./etc/${file}`)).toMatchObject({ type: "file", mode: 0o640 });
        }
        expect(entryOf(top, "./etc/motd").type).toBe("link");
      }
    });

    it("follow absolute links inside the image and leave relative and broken ones", async () => {
      const top = customisationLayer(await streamed("withAwkwardAccounts"));
      expect(entryOf(top, "./etc/passwd")).toMatchObject({ type: "file", text: "inside\n" });
      expect(entryOf(top, "./etc/group")).toMatchObject({ type: "link", link: "../real/passwd" });
      expect(entryOf(top, "./etc/nsswitch.conf")).toMatchObject({ type: "link" });
      expect(entryOf(top, "./etc/gshadow")).toMatchObject({ type: "file", mode: 0o640 });
    });
  });

  describe("a Nix database", () => {
    it("registers the closure of contents and depends on no clock or folder", async () => {
      const top = customisationLayer(await streamed("nixDatabase"));
      expect(entryOf(top, "./nix/var/nix/db/db.sqlite").type).toBe("file");
      expect(entryOf(top, "./nix/var/nix/gcroots/profiles").link).toBe("/nix/var/nix/profiles");
      const greeter = facts.paths.greeter.slice("/nix/store/".length);
      expect(entryOf(top, `./nix/var/nix/gcroots/docker/${greeter}`).link).toBe(
        facts.paths.greeter,
      );
      expect(
        customisationLayer(await built("withNixDb")).entries.map(({ name }) => name),
      ).toContain("./nix/var/nix/db/db.sqlite");
    });
  });

  describe("reproducibility", () => {
    it.each([
      "chroot.conf.customisationLayer",
      "nixDatabase.conf.customisationLayer",
      "withAccounts.conf",
      "built",
    ])("of %s: in a sandbox, elsewhere, in another time zone", async (attribute) => {
      const output = await buildImage(attribute);
      const folder = await mkdtemp(path.join(tmpdir(), "varve-rebuild-"));
      try {
        for (const sandbox of ["relaxed", "false"]) {
          // Fails if the output is not the same to the byte.
          const again = await buildImage(attribute, ["--check", "--option", "sandbox", sandbox], {
            TMPDIR: folder,
            TZ: "Asia/Tokyo",
          });
          expect(again).toBe(output);
        }
      } finally {
        await rm(folder, { recursive: true });
      }
    });
  });

  describe("mistakes", () => {
    it.each([
      ["layers", "maxLayers must be 2 or more, but is 1"],
      [
        "argument",
        "streamLayeredImage has no argument 'maxLayer' (image 'greeting'); did you mean 'maxLayers'?",
      ],
      [
        "buildArgument",
        "buildLayeredImage has no argument 'compresor' (image 'greeting'); did you mean 'compressor'?",
      ],
      ["strange", "buildLayeredImage has no argument 'frobnicate' (image 'greeting'); it takes"],
      ["compressor", "compressor 'xz' is not one of gz, none, zstd"],
      ["tag", "tag 'a b' is not valid"],
      ["missing", "buildLayeredImage needs the argument 'name'"],
      ["notASet", "streamLayeredImage takes a set of arguments, not a package"],
      ["number", `'maxLayers' of image 'greeting' is the string "3", but must be an integer`],
      ["truth", `'includeNixDB' of image 'greeting' is the string "no", but must be true or false`],
      ["member", "'contents' of image 'greeting' has a function, but must be a package"],
      ["member", "a call needs parentheses: [ (f x) ]"],
      [
        "base",
        `is the string "debian:12", but must be an image's archive, such as pullImage's result`,
      ],
      ["strategy", `is the string "auto", but must be "auto-layer" or "popularity-contest"`],
      ["date", 'created = "yesterday-ish" is neither an ISO 8601 date nor "now"'],
    ])("in %s are told", async (attribute, message) => {
      expect(await nixFailure(buildImage(`mistakes.${attribute}`))).toContain(message);
    });
  });
});
