import { randomBytes } from "node:crypto";
import * as fs from "node:fs";
import * as fc from "fast-check";
import { describe, expect, it, onTestFinished } from "vitest";
import { pushImage } from "../../../src/destinations/registry/push-image.ts";
import type { PushOptions } from "../../../src/destinations/registry/push-image.ts";
import { digestOf } from "../../../src/image/digest.ts";
import type { Image } from "../../../src/image/image.ts";
import type { Layer } from "../../../src/image/layer.ts";
import { parseReference, parseRemoteReference } from "../../../src/image/reference.ts";
import { BlobDigests } from "../../../src/packing/blob-digests.ts";
import { DigestStore } from "../../../src/packing/digest-store.ts";
import { Compressor } from "../../../src/packing/codec/compressor.ts";
import type { ProgressEvent } from "../../../src/progress/events.ts";
import { PATIENT } from "../../../src/registry/retry.ts";
import { FaultRegistry } from "../../registry/support/fault-registry.ts";
import type { Fault, FaultRegistryOptions } from "../../registry/support/fault-registry.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

const compressor = new Compressor(2);

/** A layer whose key is known and whose digest is not, and which counts how often it is made. */
class CountingLayer implements Layer {
  readonly name: string;
  readonly paths: readonly string[];
  readonly reason = "test";
  readonly contentKey: string | undefined;
  made = 0;
  measured = 0;
  readonly #bytes: Buffer;
  #diffId: string | undefined;

  constructor(bytes: Buffer, hasKey = true) {
    this.#bytes = bytes;
    this.name = digestOf(bytes).slice(7);
    this.paths = [`/nix/store/${this.name}`];
    this.contentKey = hasKey ? digestOf(Buffer.from(this.name)) : undefined;
  }

  async identity(): Promise<{ diffId: string; size: number; remembered: boolean }> {
    if (this.#diffId === undefined) {
      this.made += 1;
      this.#diffId = digestOf(this.#bytes);
    }
    return { diffId: this.#diffId, size: this.#bytes.length, remembered: false };
  }

  knownDiffId(): string | undefined {
    return this.#diffId;
  }

  async size(): Promise<number> {
    this.measured += 1;
    return this.#bytes.length;
  }

  adopt({ diffId }: { diffId: string }): void {
    this.#diffId ??= diffId;
  }

  async *stream(): AsyncGenerator<Uint8Array, void, undefined> {
    this.made += 1;
    for (let at = 0; at < this.#bytes.length; at += 100_000) {
      yield this.#bytes.subarray(at, at + 100_000);
    }
    this.#diffId ??= digestOf(this.#bytes);
  }
}

const CONTENTS = [randomBytes(3 << 20), Buffer.from("small".repeat(1000)), randomBytes(200_000)];

type CountingImage = Omit<Image, "layers"> & { readonly layers: readonly CountingLayer[] };

function imageOf(contents: readonly Buffer[], hasKey = true): CountingImage {
  const layers = contents.map((bytes) => new CountingLayer(bytes, hasKey));
  return {
    architecture: "amd64",
    os: "linux",
    runtime: {},
    layers,
    archiveTime: 0,
    config: async () => {
      const identities = await Promise.all(layers.map((layer) => layer.identity()));
      const rootfs = { type: "layers", diff_ids: identities.map(({ diffId }) => diffId) };
      return Buffer.from(JSON.stringify({ architecture: "amd64", os: "linux", rootfs }));
    },
  };
}

interface Setting {
  readonly registry: FaultRegistry;
  readonly events: ProgressEvent[];
  readonly push: (
    image: Image,
    names: readonly string[],
    options?: Partial<PushOptions>,
  ) => ReturnType<typeof pushImage>;
}

async function setting(options: FaultRegistryOptions = {}): Promise<Setting> {
  const registry = await FaultRegistry.start(options);
  onTestFinished(() => {
    registry.close();
  });
  const events: ProgressEvent[] = [];
  const connection = {
    policy: { ...PATIENT, sleep: async (): Promise<void> => undefined },
    find: async (): Promise<undefined> => undefined,
  };
  return {
    registry,
    events,
    push: (image, names, own = {}) =>
      pushImage(
        image,
        names.map((name) => parseReference(`${registry.host}/${name}`)),
        {
          compression: "none",
          compressor: () => compressor,
          learn: true,
          cacheFrom: [],
          connection,
          dryRun: false,
          report: (event) => events.push(event),
          ...own,
        },
      ),
  };
}

async function wrongPassword(): Promise<{ username: string; password: string }> {
  return { username: "u", password: "wrong-secret" };
}

function madeOf(image: CountingImage): number[] {
  return image.layers.map(({ made }) => made);
}

describe("pushing an image", () => {
  it.each(["none", "gzip", "zstd"] as const)("%s: a layer is made once", async (compression) => {
    const { registry, push } = await setting();
    const image = imageOf(CONTENTS);
    const pushed = await push(image, ["team/app:1"], { compression });
    expect(madeOf(image)).toEqual([1, 1, 1]);
    const manifest = registry.image("team/app", "1")!;
    const suffix = compression === "none" ? "" : `+${compression}`;
    for (const layer of manifest.layers) {
      expect(layer.mediaType).toBe(`application/vnd.oci.image.layer.v1.tar${suffix}`);
    }
    const bytes = registry.manifests.get("team/app:1")!;
    expect(pushed.digests).toEqual([`${registry.host}/team/app@${digestOf(bytes)}`]);
  });

  it("makes and sends nothing of an unchanged image, on another machine, too", async () => {
    const { registry, push, events } = await setting();
    const first = await push(imageOf(CONTENTS), ["team/app:1"], { compression: "gzip" });
    const before = registry.received;
    const image = imageOf(CONTENTS);
    const again = await push(image, ["team/app:1"], { compression: "gzip" });
    expect(madeOf(image)).toEqual([0, 0, 0]);
    expect(image.layers.map(({ measured }) => measured)).toEqual([0, 0, 0]);
    expect(registry.received).toBe(before);
    expect(again.digests).toEqual(first.digests);
    expect(again.written).toBe(0);
    expect(events.at(-1)).toMatchObject({ kind: "pushed", sentLayers: 0, written: 0 });
  });

  it("sends one layer of three when one has changed", async () => {
    const { registry, push } = await setting();
    await push(imageOf(CONTENTS), ["team/app:1"]);
    const image = imageOf([CONTENTS[0]!, CONTENTS[1]!, randomBytes(100_000)]);
    const pushed = await push(image, ["team/app:1"]);
    expect(madeOf(image)).toEqual([0, 0, 1]);
    expect(pushed.layers.map(({ way }) => way)).toEqual(["present", "present", "sent"]);
    registry.image("team/app", "1");
  });

  it("hashes a layer without a key before it sends it, when one as long is there", async () => {
    const { registry, push } = await setting();
    await push(imageOf(CONTENTS, false), ["team/app:1"]);
    const before = registry.received;
    const pushed = await push(imageOf(CONTENTS, false), ["team/app:1"]);
    expect(pushed.layers.map(({ way }) => way)).toEqual(["present", "present", "present"]);
    expect(registry.received).toBe(before);
  });

  it("mounts what another repository has, and sends it where that is not possible", async () => {
    for (const mounting of [true, false]) {
      const { registry, push } = await setting({ mounting });
      await push(imageOf(CONTENTS), ["team/base:1"]);
      const image = imageOf(CONTENTS);
      const cacheFrom = [parseRemoteReference(`${registry.host}/team/base:1`)];
      const pushed = await push(image, ["team/app:1"], { cacheFrom });
      expect(new Set(pushed.layers.map(({ way }) => way))).toEqual(
        new Set([mounting ? "mounted" : "sent"]),
      );
      registry.image("team/app", "1");
    }
  });

  it("goes to several names, the second repository by mounts", async () => {
    const { registry, push } = await setting();
    const image = imageOf(CONTENTS);
    const pushed = await push(image, ["a/app:1", "a/app:2", "b/app:1"]);
    expect(pushed.digests.length).toBe(2);
    expect(madeOf(image)).toEqual([1, 1, 1]);
    for (const [name, tag] of [
      ["a/app", "1"],
      ["a/app", "2"],
      ["b/app", "1"],
    ] as const) {
      expect(registry.image(name, tag)?.layers.length).toBe(3);
    }
  });

  it("believes nothing with learn: false", async () => {
    const { push } = await setting();
    await push(imageOf(CONTENTS), ["team/app:1"]);
    const image = imageOf(CONTENTS);
    await push(image, ["team/app:1"], { learn: false });
    expect(madeOf(image)).toEqual([1, 1, 1]);
  });

  it("remembers which blob a layer became", async () => {
    const { registry, push } = await setting();
    const blobs = new BlobDigests(new DigestStore(temporaryFolder()));
    await push(imageOf(CONTENTS), ["team/app:1"], { compression: "gzip", blobs });
    registry.manifests.clear();
    const image = imageOf(CONTENTS);
    for (const layer of image.layers) await layer.identity();
    const pushed = await push(image, ["team/app:2"], { compression: "gzip", blobs });
    expect(pushed.layers.map(({ way }) => way)).toEqual(["present", "present", "present"]);
  });

  it("uses blobs of an image that another tool has pushed", async () => {
    const { registry, push } = await setting();
    await push(imageOf(CONTENTS), ["team/app:1"]);
    const manifest = registry.image("team/app", "1")!;
    const plain = manifest.layers.map(({ mediaType, digest, size }) => ({
      mediaType,
      digest,
      size,
    }));
    registry.manifests.set(
      "team/app:1",
      Buffer.from(JSON.stringify({ ...manifest, layers: plain })),
    );
    const image = imageOf(CONTENTS);
    for (const layer of image.layers) await layer.identity();
    const pushed = await push(image, ["team/app:1"]);
    expect(pushed.written).toBe(0);
  });

  it("says what would be sent, and sends nothing", async () => {
    const { registry, push, events } = await setting();
    await push(imageOf([CONTENTS[0]!]), ["team/app:1"]);
    const before = registry.requests.length;
    const image = imageOf(CONTENTS);
    const pushed = await push(image, ["team/app:1"], { dryRun: true });
    expect(pushed).toMatchObject({ dryRun: true, digests: [], written: 0 });
    expect(madeOf(image)).toEqual([0, 0, 0]);
    const methods = registry.requests.slice(before).map(({ method }) => method);
    expect(new Set(methods)).toEqual(new Set(["GET", "HEAD"]));
    expect(events.at(-1)).toMatchObject({ kind: "pushed", sentLayers: 2, dryRun: true });
  });

  it("sends what the registry only says to have", async () => {
    let lying = true;
    const { registry, push } = await setting({
      fault: ({ method }) => (lying && method === "HEAD" ? { kind: "lie" } : undefined),
    });
    lying = false;
    await push(imageOf(CONTENTS), ["team/app:1"]);
    registry.blobs.clear();
    lying = true;
    const image = imageOf(CONTENTS);
    await push(image, ["team/app:1"]);
    expect(registry.image("team/app", "1")?.layers.length).toBe(3);
  });

  it("shows no secret, and names the scope, when it is not let in", async () => {
    const { registry, push } = await setting({ basic: { username: "u", password: "right" } });
    const pushed = push(imageOf(CONTENTS), ["team/app:1"], {
      connection: { find: wrongPassword, policy: { ...PATIENT, sleep: async () => undefined } },
    });
    await expect(pushed).rejects.toMatchObject({
      code: "REGISTRY_DENIED",
      hint: `log in with an account that has the scope repository:team/app:pull,push: varve login ${registry.host}`,
    });
    await expect(pushed).rejects.not.toThrow(/wrong-secret/);
  });

  it("leaves no file of a layer's size behind", async () => {
    const { push } = await setting();
    const folder = temporaryFolder();
    const before = process.env["TMPDIR"];
    process.env["TMPDIR"] = folder;
    onTestFinished(() => {
      if (before === undefined) delete process.env["TMPDIR"];
      else process.env["TMPDIR"] = before;
    });
    await push(imageOf(CONTENTS), ["team/app:1"], { compression: "gzip" });
    expect(fs.readdirSync(folder)).toEqual([]);
  });
});

const anyFault: fc.Arbitrary<Fault | undefined> = fc.oneof(
  { weight: 6, arbitrary: fc.constant(undefined) },
  {
    weight: 2,
    arbitrary: fc.nat({ max: 3 << 20 }).map((after): Fault => ({ kind: "cut", after })),
  },
  fc.constantFrom<Fault>(
    { kind: "cut-answer" },
    { kind: "expire" },
    { kind: "forget" },
    { kind: "damage" },
    { kind: "lie" },
  ),
  fc
    .record({
      status: fc.constantFrom(400, 401, 403, 404, 408, 413, 416, 429, 500, 502, 503),
      html: fc.boolean(),
    })
    .map(({ status, html }): Fault => ({ kind: "status", status, html })),
);

describe("whatever goes wrong", () => {
  it("a tag names a whole image, or is not there", { timeout: 60_000 }, async () => {
    let whole = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(anyFault, { maxLength: 40 }),
        fc.boolean(),
        async (faults, again) => {
          let index = -1;
          const { registry, push } = await setting({
            tokens: true,
            fault: () => {
              if (index < 0) return undefined;
              index += 1;
              return faults[index - 1];
            },
          });
          if (again) {
            await push(imageOf(CONTENTS.slice(0, 2)), ["team/app:1"]);
            if (faults.length % 2 === 0) registry.blobs.clear();
          }
          const old = registry.manifests.get("team/app:1");
          index = 0;
          try {
            await push(imageOf(CONTENTS), ["team/app:1"]);
            expect(registry.image("team/app", "1")?.layers.length).toBe(3);
            whole += 1;
          } catch (error) {
            expect((error as Error).message).toMatch(/^(?:GET|HEAD|POST|PATCH|PUT) http/);
            const now = registry.manifests.get("team/app:1");
            if (now !== old) registry.image("team/app", "1");
          } finally {
            registry.close();
          }
        },
      ),
      { numRuns: 20 },
    );
    expect(whole).toBeGreaterThan(3);
  });
});
