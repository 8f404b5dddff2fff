import { describe, expect, it, onTestFinished } from "vitest";
import { imageAt } from "../../src/assembly/image-at.ts";
import type { FoundImage } from "../../src/assembly/image-at.ts";
import { digestOf } from "../../src/image/digest.ts";
import { hostPlatform, parsePlatform, platformText } from "../../src/image/platform.ts";
import { parseLocation } from "../../src/transports/location.ts";
import { failureOf } from "../support/failures.ts";
import { bytesOf, tarOf, TEST_REGISTRY, TestRepository } from "./support/stored-images.ts";
import type { Coding } from "./support/stored-images.ts";

async function open(name: string, platform?: string): Promise<FoundImage> {
  const found = await imageAt(parseLocation(name), {
    registry: TEST_REGISTRY,
    platform: platform === undefined ? undefined : parsePlatform(platform),
  });
  onTestFinished(found.close);
  return found;
}

const TAR = tarOf("a");

describe("an image in a registry", () => {
  it("is known by its manifest and config alone", async () => {
    const repository = await TestRepository.start();
    const config = { config: { Env: ["A=1"], Cmd: ["/a"] } };
    const layers = (["gzip", "zstd", "none"] as const).map((coding) => ({
      tar: tarOf(coding),
      coding,
    }));
    const digest = repository.put({ layers, config, annotations: { a: "b" } }, "1");
    const { image, manifest, name } = await open(`${repository.name}:1`);
    expect(name).toBe(`${repository.name}:1`);
    expect(manifest?.digest).toBe(digest);
    expect(image).toMatchObject({
      architecture: "amd64",
      os: "linux",
      runtime: { Env: ["A=1"], Cmd: ["/a"] },
      annotations: { a: "b" },
    });
    expect(image.layers.map((layer) => layer.knownDiffId())).toEqual(
      layers.map(({ tar }) => digestOf(tar)),
    );
    expect(repository.fetched()).toEqual([digestOf(await image.config())]);
    expect((await open(`${repository.name}@${digest}`)).manifest?.digest).toBe(digest);
  });

  it.each<[Coding]>([["gzip"], ["zstd"], ["none"], ["docker"]])(
    "has layers whose bytes come when they are wanted: %s",
    async (coding) => {
      const repository = await TestRepository.start();
      repository.put({ layers: [{ tar: TAR, coding }] }, "1");
      const { image } = await open(`${repository.name}:1`);
      const [layer] = image.layers;
      expect((await bytesOf(layer!.stream())).equals(TAR)).toBe(true);
      expect(repository.fetched()).toHaveLength(2);
      // The length was seen on the way.
      expect(await layer!.identity()).toEqual({
        diffId: digestOf(TAR),
        size: TAR.length,
        remembered: true,
      });
      expect(repository.fetched()).toHaveLength(2);
    },
  );

  it("fetches a layer once, even when its length is wanted first", async () => {
    const repository = await TestRepository.start();
    repository.put({ layers: [{ tar: TAR, coding: "gzip" }] }, "1");
    const [layer] = (await open(`${repository.name}:1`)).image.layers;
    expect(layer!.knownSize?.()).toBeUndefined();
    expect(await layer!.size()).toBe(TAR.length);
    expect((await bytesOf(layer!.stream())).equals(TAR)).toBe(true);
    expect((await bytesOf(layer!.stream())).equals(TAR)).toBe(true);
    expect(repository.fetched()).toHaveLength(2);
  });

  it("knows a layer's length without fetching it where it can", async () => {
    const repository = await TestRepository.start();
    const annotations = {
      "dev.varve.layer.key": "key",
      "dev.varve.layer.diff-id": digestOf(TAR),
      "dev.varve.layer.size": String(TAR.length),
    };
    const lies = { ...annotations, "dev.varve.layer.diff-id": digestOf(Buffer.from("another")) };
    const layers = [
      { tar: TAR, coding: "none" },
      { tar: TAR, coding: "gzip", annotations },
      { tar: TAR, coding: "gzip", annotations: lies },
    ] as const;
    repository.put({ layers }, "1");
    const { image } = await open(`${repository.name}:1`);
    expect(image.layers.map((layer) => layer.knownSize?.())).toEqual([
      TAR.length,
      TAR.length,
      undefined,
    ]);
    expect(image.layers.map(({ contentKey }) => contentKey)).toEqual([undefined, "key", undefined]);
    expect(repository.fetched()).toHaveLength(1);
  });

  it("remembers lengths for the next time", async () => {
    const repository = await TestRepository.start();
    repository.put({ layers: [{ tar: TAR, coding: "zstd" }] }, "1");
    const known = new Map<string, number>();
    const sizes = {
      get: (diffId: string) => known.get(diffId),
      put: (diffId: string, size: number) => void known.set(diffId, size),
    };
    for (const expected of [2, 3]) {
      const found = await imageAt(parseLocation(`${repository.name}:1`), {
        registry: TEST_REGISTRY,
        sizes,
      });
      expect(await found.image.layers[0]!.size()).toBe(TAR.length);
      found.close();
      expect(repository.fetched()).toHaveLength(expected);
    }
  });

  it("says what is in its layers, as far as its history tells", async () => {
    const repository = await TestRepository.start();
    const history = [
      { created_by: "ENV A=1", empty_layer: true },
      { comment: "store paths: ['/nix/store/a-x', '/nix/store/b-y']" },
      { created_by: "RUN make" },
    ];
    const layers = [
      { tar: TAR, coding: "gzip" },
      { tar: tarOf("b"), coding: "gzip" },
    ] as const;
    repository.put({ layers, config: { history } }, "1");
    const { image } = await open(`${repository.name}:1`);
    expect(image.layers.map(({ paths, reason }) => [paths, reason])).toEqual([
      [["/nix/store/a-x", "/nix/store/b-y"], "base image"],
      [[image.layers[1]!.blob!.descriptor.digest], "RUN make"],
    ]);
  });
});

describe("an image that cannot be used", () => {
  it("is not there", async () => {
    const repository = await TestRepository.start();
    const { code, message } = await failureOf(open(`${repository.name}:gone`));
    expect(code).toBe("IMAGE_UNKNOWN");
    expect(message).toBe(`there is no image ${repository.name}:gone`);
  });

  it("wants to know who asks", async () => {
    const repository = await TestRepository.start({
      basic: { username: "user", password: "secret-1" },
    });
    const { code, hint } = await failureOf(open(`${repository.name}:1`));
    expect(code).toBe("REGISTRY_DENIED");
    expect(hint).toContain("log in");
  });

  it.each([
    ["application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", "may not be passed on"],
    ["application/vnd.oci.image.layer.v1.tar+gzip+encrypted", "is encrypted"],
    ["application/vnd.oci.image.layer.v1.tar+lz4", "is of a type that varve does not know"],
  ])("has layers of type %s", async (mediaType, why) => {
    const repository = await TestRepository.start();
    repository.put({ layers: [{ tar: TAR, coding: "gzip", mediaType }] }, "1");
    const { code, message } = await failureOf(open(`${repository.name}:1`));
    expect(code).toBe("LAYER_FOREIGN");
    expect(message).toContain(why);
  });

  it("is no image of a container", async () => {
    const repository = await TestRepository.start();
    repository.put({ configType: "application/vnd.cncf.helm.config.v1+json" }, "1");
    const { code, message } = await failureOf(open(`${repository.name}:1`));
    expect(code).toBe("IMAGE_FOREIGN");
    expect(message).toContain("application/vnd.cncf.helm.config.v1+json");
  });

  it("has another number of layers than it says", async () => {
    const repository = await TestRepository.start();
    const config = { rootfs: { type: "layers", diff_ids: [digestOf(TAR), digestOf(TAR)] } };
    repository.put({ layers: [{ tar: TAR, coding: "gzip" }], config }, "1");
    expect((await failureOf(open(`${repository.name}:1`))).code).toBe("MANIFEST_INVALID");
  });

  it("has another layer than its config says", async () => {
    const repository = await TestRepository.start();
    const rootfs = { type: "layers", diff_ids: [digestOf(Buffer.from("x"))] };
    repository.put({ layers: [{ tar: TAR, coding: "gzip" }], config: { rootfs } }, "1");
    const { image } = await open(`${repository.name}:1`);
    const { code, message } = await failureOf(bytesOf(image.layers[0]!.stream()));
    expect(code).toBe("ARCHIVE_DAMAGED");
    expect(message).toContain("does not have the digest");
  });

  it("has a damaged layer", async () => {
    const repository = await TestRepository.start();
    repository.put({ layers: [{ tar: TAR, coding: "gzip" }] }, "1");
    const { image } = await open(`${repository.name}:1`);
    const { digest } = image.layers[0]!.blob!.descriptor;
    repository.registry.blobs.get(`${repository.path}@${digest}`)!.fill(0, 100, 200);
    const { message } = await failureOf(bytesOf(image.layers[0]!.stream()));
    expect(message).toContain(digest);
  });
});

async function indexed(): Promise<{ repository: TestRepository; digests: string[] }> {
  const repository = await TestRepository.start();
  const platforms = ["linux/amd64", "linux/arm64", "linux/arm/v6", "linux/arm/v7"];
  const digests = platforms.map((platform) =>
    repository.put({
      layers: [{ tar: tarOf(platform), coding: "gzip" }],
      architecture: platform.split("/")[1]!,
    }),
  );
  const attestation = repository.put({ configType: "application/vnd.oci.empty.v1+json" });
  repository.putIndex(
    [
      [attestation, "unknown/unknown"],
      ...platforms.map((platform, at) => [digests[at]!, platform] as const),
    ],
    "1",
  );
  return { repository, digests };
}

describe("an index", () => {
  it.each([
    ["linux/arm64", 1],
    ["linux/arm64/v8", 1],
    ["linux/arm/v6", 2],
    ["linux/arm", 3],
  ])("gives the image for %s", async (platform, index) => {
    const { repository, digests } = await indexed();
    const { manifest } = await open(`${repository.name}:1`, platform);
    expect(manifest?.digest).toBe(digests[index]);
  });

  it("gives the image for this machine's processor", async () => {
    const { repository } = await indexed();
    const { image } = await open(`${repository.name}:1`);
    expect(image.architecture).toBe(hostPlatform().architecture);
  });

  it("says which platforms it has", async () => {
    const { repository } = await indexed();
    const { code, message, hint } = await failureOf(open(`${repository.name}:1`, "linux/s390x"));
    expect(code).toBe("PLATFORM_ABSENT");
    expect(message).toBe(`${repository.name}:1 has no image for linux/s390x`);
    expect(hint).toContain("linux/amd64, linux/arm64, linux/arm/v6, linux/arm/v7");
  });

  it("of one image that says nothing is that image, if it is for the platform", async () => {
    const repository = await TestRepository.start();
    const digest = repository.put({ architecture: "arm64" });
    repository.putIndex([[digest]], "1");
    expect((await open(`${repository.name}:1`)).manifest?.digest).toBe(digest);
    const { code, message } = await failureOf(open(`${repository.name}:1`, "linux/amd64"));
    expect(code).toBe("PLATFORM_ABSENT");
    expect(message).toContain("is for linux/arm64, not for linux/amd64");
  });

  it("that lists what is not there is incomplete", async () => {
    const { repository, digests } = await indexed();
    repository.registry.manifests.delete(`${repository.path}@${digests[1]}`);
    const { code } = await failureOf(open(`${repository.name}:1`, "linux/arm64"));
    expect(code).toBe("IMAGE_INCOMPLETE");
  });

  it("is nothing for an image that is for one platform anyway", async () => {
    const repository = await TestRepository.start();
    repository.put({ architecture: "arm64" }, "1");
    expect((await open(`${repository.name}:1`)).image.architecture).toBe("arm64");
    const failure = await failureOf(open(`${repository.name}:1`, "linux/amd64"));
    expect(failure.message).toContain(`not for ${platformText(parsePlatform("linux/amd64"))}`);
  });
});
