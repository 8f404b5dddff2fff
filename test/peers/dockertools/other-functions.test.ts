import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { VARVE } from "../../support/run-varve.ts";
import { dockerdAbsent, startDockerd } from "../support/dockerd.ts";
import type { TestDockerd } from "../support/dockerd.ts";
import { registryMissing, startDockerRegistry } from "../support/docker-registry.ts";
import type { DockerRegistry } from "../support/docker-registry.ts";
import { buildImages, complaintOf, DockerUser, evaluateImages } from "../support/dockertools.ts";
import { nixAbsent, nixEnvironment } from "../support/nix.ts";

const run = promisify(execFile);

interface Prefetched {
  readonly imageName: string;
  readonly imageDigest: string;
  readonly hash: string;
  readonly finalImageName: string;
  readonly finalImageTag: string;
}

/*
 * The assertions of nixpkgs' own test of dockerTools that concern its other functions (reference: peer-tests, section 1;
 * numbers as there), through varve's overlay.
 */
describe.skipIf(nixAbsent() ?? dockerdAbsent() ?? registryMissing())(
  "pullImage, mergeImages and exportImage of varve",
  () => {
    let engine: TestDockerd;
    let registry: DockerRegistry;
    let docker: DockerUser;
    let tags: Record<string, string>;
    let built: Record<
      | "merged"
      | "mergedVaried"
      | "fromMerged"
      | "exported"
      | "exportedOrder"
      | "exportedRemoved"
      | "onForms"
      | "mergedForms"
      | "unpackOrder"
      | "pulledBase",
      string
    >;

    beforeAll(async () => {
      [engine, registry, { tags }, built] = await Promise.all([
        startDockerd(),
        startDockerRegistry(),
        evaluateImages<{ tags: typeof tags }>("facts"),
        buildImages([
          "merged",
          "mergedVaried",
          "fromMerged",
          "exported",
          "exportedOrder",
          "exportedRemoved",
          "onForms",
          "mergedForms",
          "unpackOrder",
          "pulledBase",
        ]),
      ]);
      docker = new DockerUser(engine);
    });
    afterAll(async () => Promise.all([engine.stop(), registry.stop()]));

    describe("pullImage", () => {
      let prefetched: Prefetched;
      let options: string[];

      beforeAll(async () => {
        const image = `${registry.host}/team/base`;
        await run(VARVE, ["copy", `docker-archive:${built.pulledBase}`, `docker://${image}:v1`]);
        const asked = [`${image}:v1`, "--final-image-name", "pulled", "--final-image-tag", "1.0"];
        const { stdout } = await run(VARVE, ["prefetch", ...asked, "--json", "--quiet"]);
        prefetched = JSON.parse(stdout) as Prefetched;
        options = Object.entries({
          pulledName: prefetched.imageName,
          pulledDigest: prefetched.imageDigest,
          pulledHash: prefetched.hash,
        }).flatMap(([name, value]) => ["--argstr", name, value]);
      });

      it("23: what varve prefetch tells of is pulled, loads and runs", async () => {
        const { pulled } = await buildImages(["pulled"], options);
        expect(pulled).toMatch(/-docker-image-pulled-1\.0\.tar$/);
        const [name = ""] = await docker.load(pulled);
        expect(name).toBe("pulled:1.0");
        expect(
          await docker.run(name, "/bin/sh", "-c", "read -r line </etc/from-base; echo $line $BASE"),
        ).toBe("base yes");
      });

      it("has the bytes of skopeo's archive, so hashes stay as they are", async () => {
        const { pulled } = await buildImages(["pulled"], options);
        const { imageName, imageDigest } = prefetched;
        const file = `${engine.folder}/skopeo.tar`;
        const source = `docker://${imageName}@${imageDigest}`;
        const plain = ["--src-tls-verify=false", source, `docker-archive:${file}:pulled:1.0`];
        await run("skopeo", ["--insecure-policy", "copy", ...plain]);
        await run("cmp", [file, pulled]);
      });

      it("--store leaves the archive where pullImage would put it, by NIX_HASH_ALGO's hash", async () => {
        const { imageName, imageDigest } = prefetched;
        const asked = [imageName, imageDigest, "--final-image-tag", "stored"];
        const { stdout, stderr } = await run(VARVE, ["prefetch", ...asked, "--json", "--store"], {
          env: { ...nixEnvironment, NIX_HASH_ALGO: "sha512" },
        });
        const { hash, finalImageTag } = JSON.parse(stdout) as Prefetched;
        const stored = /the archive is (\/nix\/store\/\S+)$/m.exec(stderr)?.[1] ?? "";
        expect(finalImageTag).toBe("stored");
        const digest = createHash("sha512")
          .update(await readFile(stored))
          .digest("base64");
        expect(hash).toBe(`sha512-${digest}`);
        // Nothing is fetched, then: the registry that is named does not answer.
        const pulling = Object.entries({
          imageName: "127.0.0.1:1/base",
          imageDigest,
          hash,
          finalImageName: imageName,
          finalImageTag,
        }).flatMap(([name, value]) => ["--argstr", name, value]);
        const { pulledAs } = await buildImages(["pulledAs"], pulling);
        expect(pulledAs).toBe(stored);
      });

      it("25: a buildImage on top of it runs", async () => {
        const { onTopOfPulled } = await buildImages(["onTopOfPulled"], options);
        const [name = ""] = await docker.load(onTopOfPulled);
        expect(await docker.run(name)).toBe("Hello, world!");
        expect((await docker.inspect(name)).Config.Env).toContain("BASE=yes");
      });

      it("of an image for several platforms, varve prefetch tells of the one that is asked for", async () => {
        const image = `${registry.host}/team/base`;
        const multi = `${registry.host}/team/multi:v1`;
        const { arm } = await buildImages(["arm"]);
        const copied = await run(VARVE, ["copy", `docker-archive:${arm}`, `docker://${image}:arm`]);
        await run(VARVE, ["index", "-t", multi, `${image}:v1`, `${image}:arm`]);
        const { stdout } = await run(VARVE, ["prefetch", multi, "--arch", "arm64"]);
        const value = (name: string): string =>
          new RegExp(`^  ${name} = "(.*)";$`, "m").exec(stdout)?.[1] ?? stdout;
        expect(copied.stdout.trim()).toBe(`${image}@${value("imageDigest")}`);
        const file = `${engine.folder}/arm.tar`;
        const way = [`docker://${multi}`, `docker-archive:${file}:${multi}`];
        const armCopy = ["--insecure-policy", "--override-arch", "arm64", "copy"];
        await run("skopeo", [...armCopy, "--src-tls-verify=false", ...way]);
        const digest = createHash("sha256")
          .update(await readFile(file))
          .digest("base64");
        expect(value("hash")).toBe(`sha256-${digest}`);
      });

      it("has dockerTools' arguments, and says what is wrong", async () => {
        const { arguments: taken } = await evaluateImages<{
          arguments: Record<string, readonly string[]>;
        }>("facts");
        expect(taken["pullImage"]).toEqual(
          [
            "arch finalImageName finalImageTag hash imageDigest imageName name os",
            "outputHash outputHashAlgo sha256 tlsVerify variant",
          ].flatMap((line) => line.split(" ")),
        );
        expect(await complaintOf("mistakes.pullHash", "nix-instantiate")).toContain(
          "varve: pullImage of 'busybox' needs a hash: run `varve prefetch busybox@sha256:0000",
        );
        expect(await complaintOf("mistakes.pullDigest", "nix-instantiate")).toContain(
          "imageDigest '1.36' is not sha256: and 64 hexadecimal digits",
        );
      });
    });

    describe("mergeImages", () => {
      it("50, 51: all images load with their names and run, with a tag or without", async () => {
        const names = await docker.load(built.merged);
        expect(names.toSorted()).toEqual([
          `bash-no-tag:${tags["bashNoTag"]}`,
          "bash:latest",
          "l3:latest",
        ]);
        expect(await docker.run("bash:latest")).toContain("GNU bash");
        expect(await docker.run("l3:latest", "cat", "/tmp/layer2")).toBe("layer2");
      });

      it("52, 54: takes plain, zstd and gzip together, owners kept, compressed as the last", async () => {
        const { stdout } = await run("head", ["-c", "2", built.mergedVaried], {
          encoding: "latin1",
        });
        expect(stdout).toBe("\x1f\x8b");
        const names = await docker.load(built.mergedVaried);
        expect(names).toHaveLength(3);
        expect(await docker.run("owned:latest", "stat", "-c", "%u:%g", "/mine")).toBe("1000:1001");
      });

      it("of the merged ones, one may be a base", async () => {
        const [name = ""] = await docker.load(built.fromMerged);
        expect(await docker.run(name, "/bin/cat", "/tmp/layer2")).toBe("layer2");
      });

      it("takes OCI's layouts and archives, with the names that they have", async () => {
        const names = await docker.load(built.mergedForms);
        expect(names.toSorted()).toEqual([
          "form-base:latest",
          "from-layout:latest",
          "from-oci-archive:latest",
          "l1:latest",
        ]);
      });

      it("says what is wrong", async () => {
        expect(await complaintOf("mistakes.mergeStream", "nix-instantiate")).toContain(
          "mergeImages takes archives, but stream-hello is a program that writes one",
        );
        expect(await complaintOf("mistakes.mergeNothing", "nix-instantiate")).toContain(
          "mergeImages needs at least one image",
        );
      });
    });

    const said = async (way: string): Promise<string> =>
      (await readFile(`${built.onForms}/${way}`, "utf8")).trim();

    it("a base is taken by all functions, whatever its form", async () => {
      for (const form of ["gz", "zstd", "none", "ociLayout", "ociArchive"]) {
        expect(await said(`${form}-single`), form).toBe("base own BASE=yes null");
        expect(await said(`${form}-layered`), form).toBe("base own BASE=yes null");
      }
      expect(await said("ociLayout-asRoot")).toBe("base base own BASE=yes null");
      expect(await said("ociLayout-inheriting")).toBe("base own BASE=yes /etc");
      expect(await said("ociLayout-exported")).toBe("base");
      expect(await said("ociArchive-exported")).toBe("base");
    });

    describe("exportImage", () => {
      it("55: has the files at their places", async () => {
        const { stdout } = await run("tar", ["-tvf", built.exported], { maxBuffer: 1 << 28 });
        expect(stdout).toMatch(/ 1980-01-01 00:00 \.\/bin\/bash -> \/nix\/store\//);
        expect(stdout).toMatch(/^dr-xr-xr-x .* \.\/nix\/store\/[^/]+-glibc\/lib\/$/m);
        expect(new Set(stdout.match(/ \d{4}-\d\d-\d\d /g))).toEqual(new Set([" 1980-01-01 "]));
      });

      it("applies layers, of the image that is named", async () => {
        const { stdout } = await run("tar", [
          "-xOf",
          built.exportedOrder,
          "./tmp/layer1",
          "./tmp/layer2",
          "./tmp/layer3",
        ]);
        expect(stdout.trim().split("\n").toSorted()).toEqual(["layer1", "layer2", "layer3"]);
      });

      it("has what docker export has, owners, modes, sizes and links", async () => {
        const [name = ""] = await docker.load(built.unpackOrder);
        const container = await engine.docker("create", name);
        const file = `${engine.folder}/exported.tar`;
        await engine.docker("export", "-o", file, container);
        const own = await listing(built.exportedRemoved);
        expect(own.length).toBeGreaterThan(100);
        expect(own).toEqual(await listing(file));
      });

      it("leaves out what a layer removes", async () => {
        const { stdout } = await run("tar", ["-tf", built.exportedRemoved], { maxBuffer: 1 << 28 });
        expect(stdout).toContain("./letters\n");
        expect(stdout).not.toMatch(/\.wh\.|gone|folder/);
      });
    });
  },
);

/** What a tar of a root has: mode, owner, size, path and link of each; not what an engine adds to a container. */
async function listing(file: string): Promise<string[]> {
  const { stdout } = await run("tar", ["--numeric-owner", "-tvf", file], { maxBuffer: 1 << 28 });
  return stdout
    .trim()
    .split("\n")
    .map((line) => line.replace(/ \d{4}-\d\d-\d\d \d\d:\d\d (?:\.\/)?/, " "))
    .filter(
      (line) =>
        !/ (?:$|\.dockerenv$|dev\/|proc\/|sys\/|etc\/(?:$|hostname|hosts|resolv|mtab))/.test(line),
    )
    .toSorted();
}
