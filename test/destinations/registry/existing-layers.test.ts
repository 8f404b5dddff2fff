import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { imageAt } from "../../../src/assembly/image-at.ts";
import type { FoundImage } from "../../../src/assembly/image-at.ts";
import { pushImage } from "../../../src/destinations/registry/push-image.ts";
import type { PushOptions } from "../../../src/destinations/registry/push-image.ts";
import { digestOf } from "../../../src/image/digest.ts";
import { describe as describeBytes, manifestWith } from "../../../src/image/manifest.ts";
import { MEDIA_TYPE } from "../../../src/image/media-types.ts";
import { OciLayout } from "../../../src/oci-layout/oci-layout.ts";
import { parseReference } from "../../../src/image/reference.ts";
import { Compressor } from "../../../src/packing/codec/compressor.ts";
import { parseLocation } from "../../../src/transports/location.ts";
import { tarOf, TEST_REGISTRY, TestRepository } from "../../assembly/support/stored-images.ts";
import type { Fault } from "../../registry/support/fault-registry.ts";
import { failureOf } from "../../support/failures.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

const compressor = new Compressor(1);

const TOC = { "containerd.io/snapshot/stargz/toc.digest": "sha256:x" };
const LAYERS = [
  { tar: tarOf("a"), coding: "gzip", annotations: TOC },
  { tar: tarOf("b"), coding: "zstd" },
  { tar: tarOf("c"), coding: "docker" },
  { tar: tarOf("d"), coding: "none" },
] as const;

async function open(name: string): Promise<FoundImage> {
  const found = await imageAt(parseLocation(name), { registry: TEST_REGISTRY });
  onTestFinished(found.close);
  return found;
}

function push(
  { image }: FoundImage,
  name: string,
  options: Partial<PushOptions> = {},
): ReturnType<typeof pushImage> {
  return pushImage(image, [parseReference(name)], {
    compression: "zstd",
    compressor: () => compressor,
    learn: true,
    cacheFrom: [],
    connection: TEST_REGISTRY,
    dryRun: false,
    report: () => undefined,
    ...options,
  });
}

/** Whether the layers in a pushed image are the base's own, under OCI's media types. */
function expectAsTheyWere(found: FoundImage, to: TestRepository, tag: string): void {
  const pushed = to.registry.image(to.path, tag)!.layers;
  expect(pushed.map(({ digest, size }) => ({ digest, size }))).toEqual(
    found.image.layers.map(({ blob }) => {
      const { digest, size } = blob!.descriptor;
      return { digest, size };
    }),
  );
  expect(pushed.map(({ mediaType }) => mediaType.replace(/.*\.tar/, ""))).toEqual([
    "+gzip",
    "+zstd",
    "+gzip",
    "",
  ]);
  expect(pushed[0]!.annotations).toMatchObject(TOC);
}

describe("layers that exist", () => {
  it("are mounted within a registry, then present, without a byte of theirs", async () => {
    const base = await TestRepository.start();
    base.put({ layers: LAYERS, annotations: { made: "by test" } }, "1");
    const app = new TestRepository(base.registry, "team/app");
    for (const way of ["mounted", "present"]) {
      const found = await open(`${base.name}:1`);
      const pushed = await push(found, `${app.name}:1`);
      expect(pushed.layers.map((layer) => layer.way)).toEqual([way, way, way, way]);
      expectAsTheyWere(found, app, "1");
    }
    // Only configs were read.
    expect(new Set(base.fetched()).size).toBe(1);
    const manifest = base.registry.manifests.get("team/app:1")!.toString();
    expect(JSON.parse(manifest)).toMatchObject({ annotations: { made: "by test" } });
  });

  it("go from registry to registry as they are", async () => {
    const base = await TestRepository.start();
    const app = await TestRepository.start();
    base.put({ layers: LAYERS }, "1");
    const found = await open(`${base.name}:1`);
    const dry = await push(found, `${app.name}:1`, { dryRun: true });
    expect(dry.size).toBeGreaterThan(0);
    expect(base.fetched()).toHaveLength(1);
    const pushed = await push(found, `${app.name}:1`);
    expect(pushed.layers.map(({ way }) => way)).toEqual(["sent", "sent", "sent", "sent"]);
    expectAsTheyWere(found, app, "1");
    expect(base.fetched()).toHaveLength(5);
    const again = await push(await open(`${base.name}:1`), `${app.name}:2`);
    expect(again.layers.map(({ way }) => way)).toEqual([
      "present",
      "present",
      "present",
      "present",
    ]);
    expect(base.fetched()).toHaveLength(6);
  });

  it("survive broken connections on both sides", async () => {
    let cuts = 0;
    const cutOften = ({ method, path }: { method: string; path: string }): Fault | undefined => {
      const isBlob = path.includes("/blobs/") && method !== "HEAD";
      cuts += isBlob ? 1 : 0;
      return isBlob && cuts % 2 === 1 ? { kind: "cut-answer" } : undefined;
    };
    const base = await TestRepository.start({ fault: cutOften });
    const app = await TestRepository.start({ fault: cutOften });
    base.put({ layers: LAYERS }, "1");
    const found = await open(`${base.name}:1`);
    await push(found, `${app.name}:1`);
    expectAsTheyWere(found, app, "1");
    expect(cuts).toBeGreaterThan(8);
  });

  it("are sent when a registry only says to have them", async () => {
    const base = await TestRepository.start();
    const app = await TestRepository.start({
      fault: ({ method, path }) =>
        method === "HEAD" && path.includes("/blobs/") ? { kind: "lie" } : undefined,
    });
    base.put({ layers: LAYERS }, "1");
    const found = await open(`${base.name}:1`);
    await push(found, `${app.name}:1`);
    expectAsTheyWere(found, app, "1");
  });

  it("that are damaged where they are become no image", async () => {
    const base = await TestRepository.start();
    const app = await TestRepository.start();
    base.put({ layers: LAYERS }, "1");
    const found = await open(`${base.name}:1`);
    const { digest } = found.image.layers[1]!.blob!.descriptor;
    base.registry.blobs.get(`${base.path}@${digest}`)!.fill(0, 100, 200);
    const { code, message } = await failureOf(push(found, `${app.name}:1`));
    expect(code).toBe("REGISTRY_DIGEST");
    expect(message).toContain(`GET http://${base.registry.host}`);
    expect(app.registry.image(app.path, "1")).toBeUndefined();
  });
});

describe("a plain layer in a file", () => {
  it("is compressed before it travels, unless nothing is to be", async () => {
    const folder = join(temporaryFolder(), "layout");
    const layout = OciLayout.create(folder);
    const tar = tarOf("plain", Buffer.alloc(200_000, "x"));
    const config = Buffer.from(
      JSON.stringify({ architecture: "amd64", os: "linux", rootfs: { diff_ids: [digestOf(tar)] } }),
    );
    await layout.putBlob(tar);
    await layout.putBlob(config);
    const manifest = manifestWith(config, [describeBytes(MEDIA_TYPE.layer, tar)]);
    await layout.putManifest("1", manifest, MEDIA_TYPE.manifest);
    const app = await TestRepository.start();
    for (const [compression, ending] of [
      ["gzip", ".tar+gzip"],
      ["none", ".tar"],
    ] as const) {
      const found = await open(`oci:${folder}`);
      await push(found, `${app.name}:${compression}`, { compression });
      const [layer] = app.registry.image(app.path, compression)!.layers;
      expect(layer!.mediaType.endsWith(ending)).toBe(true);
      expect(layer!.size === tar.length).toBe(compression === "none");
      expect(layer!.annotations).toMatchObject({ "dev.varve.layer.size": String(tar.length) });
    }
  });
});
