import path from "node:path";
import { describe, expect, it } from "vitest";
import { readRoot } from "../../../src/image/content-node.ts";
import { membersOf } from "../../../src/destinations/copy/join-index.ts";
import type { IndexMember } from "../../../src/destinations/copy/join-index.ts";
import { putIndex } from "../../../src/destinations/copy/put-index.ts";
import type { PutIndexOptions } from "../../../src/destinations/copy/put-index.ts";
import type { ContentStore } from "../../../src/image/content-store.ts";
import { MEDIA_TYPE } from "../../../src/image/media-types.ts";
import { OciLayout } from "../../../src/oci-layout/oci-layout.ts";
import { failureOf } from "../../support/failures.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";
import { putBlob, putImage, putManifest } from "./support/content.ts";

const AMD = { architecture: "amd64", os: "linux" };
const ARM = { architecture: "arm64", os: "linux", variant: "v8" };
const WINDOWS = { architecture: "amd64", os: "windows", "os.version": "10.0.20348.1" };

function layout(): OciLayout {
  return OciLayout.create(path.join(temporaryFolder(), "layout"));
}

function options(more: Partial<PutIndexOptions> = {}): PutIndexOptions {
  return {
    versions: ["all"],
    update: false,
    remove: [],
    annotations: {},
    dryRun: false,
    report: () => {},
    settleTime: 1,
    ...more,
  };
}

async function members(source: OciLayout, name: string): Promise<IndexMember[]> {
  return membersOf(source, await readRoot(source, name), `oci:${name}`);
}

/** An image for a platform, as a member of indexes. */
async function imageFor(
  platform: Readonly<Record<string, unknown>>,
  layer = JSON.stringify(platform),
): Promise<IndexMember[]> {
  const source = layout();
  await putImage(source, { layer, platform, name: "x" });
  return members(source, "x");
}

/** A store that cannot look and put in one step, as registries. */
function withoutExchange(store: OciLayout, afterPut: () => Promise<void>): ContentStore {
  return {
    fullName: store.fullName,
    readManifest: (version) => store.readManifest(version),
    hasBlob: (digest) => store.hasBlob(digest),
    readBlob: (digest) => store.readBlob(digest),
    openBlob: (blob) => store.openBlob(blob),
    takeBlob: (blob, from) => store.takeBlob(blob, from),
    putBlob: (bytes) => store.putBlob(bytes),
    putManifest: async (version, bytes, mediaType) => {
      await store.putManifest(version, bytes, mediaType);
      if (version === "all") await afterPut();
    },
  };
}

interface Index {
  readonly mediaType: string;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly manifests: ReadonlyArray<{
    readonly digest: string;
    readonly mediaType: string;
    readonly platform?: object;
    readonly annotations?: object;
  }>;
}

async function indexIn(store: ContentStore, version = "all"): Promise<Index> {
  return JSON.parse((await store.readManifest(version))!.bytes.toString("utf8")) as Index;
}

async function platformsIn(store: ContentStore, version = "all"): Promise<unknown[]> {
  return (await indexIn(store, version)).manifests.map(({ platform }) => platform);
}

describe("joining images into an index", () => {
  it("lists each with the platform of its config, whatever their order", async () => {
    const all = [...(await imageFor(WINDOWS)), ...(await imageFor(ARM)), ...(await imageFor(AMD))];
    const stores = [layout(), layout()];
    const [[put], [other]] = await Promise.all([
      putIndex(all, stores[0]!, options({ annotations: { b: "2", a: "1" } })),
      putIndex(all.toReversed(), stores[1]!, options({ annotations: { a: "1", b: "2" } })),
    ]);
    expect(put!.digest).toBe(other!.digest);
    expect(await platformsIn(stores[0]!)).toEqual([AMD, ARM, WINDOWS]);
    const index = await indexIn(stores[0]!);
    expect(index.annotations).toEqual({ a: "1", b: "2" });
    expect(index.mediaType).toBe(MEDIA_TYPE.index);
    expect(put!.platforms.map(({ platform }) => platform)).toEqual([
      "linux/amd64",
      "linux/arm64/v8",
      "windows(10.0.20348.1)/amd64",
    ]);
    for (const { digest } of index.manifests) {
      expect((await stores[0]!.readManifest(digest))?.digest).toBe(digest);
    }
  });

  it("makes an OCI index of Docker's list, flattens inner ones, and keeps attestations", async () => {
    const source = layout();
    const amd = await putImage(source, { layer: "amd", docker: true });
    const arm = await putImage(source, { layer: "arm", platform: ARM });
    const attestation = await putManifest(source, {
      mediaType: MEDIA_TYPE.manifest,
      config: await putBlob(source, MEDIA_TYPE.config, "{}"),
      layers: [await putBlob(source, "application/vnd.in-toto+json", "statement")],
    });
    const companion = {
      ...attestation,
      platform: { architecture: "unknown", os: "unknown" },
      annotations: {
        "vnd.docker.reference.digest": arm.digest,
        "vnd.docker.reference.type": "attestation-manifest",
      },
    };
    const inner = await putManifest(source, {
      mediaType: MEDIA_TYPE.index,
      manifests: [companion, { ...arm, platform: ARM, annotations: { kept: "yes" } }],
    });
    const manifests = [{ ...amd, platform: AMD }, inner];
    await putManifest(source, { mediaType: MEDIA_TYPE.dockerIndex, manifests }, "list");
    const store = layout();
    await putIndex(await members(source, "list"), store, options());
    const index = await indexIn(store);
    expect(index.mediaType).toBe(MEDIA_TYPE.index);
    expect(index.manifests).toEqual([
      { ...amd, platform: AMD },
      { ...arm, platform: ARM, annotations: { kept: "yes" } },
      companion,
    ]);
    // Without its image an attestation attests nothing.
    await putIndex([], store, options({ update: true, remove: [ARM] }));
    expect((await indexIn(store)).manifests).toEqual([{ ...amd, platform: AMD }]);
  });

  it("refuses two images for one platform, and says where they come from", async () => {
    const twins = [...(await imageFor(ARM, "one")), ...(await imageFor(ARM, "two"))];
    const failure = await failureOf(putIndex(twins, layout(), options()));
    expect(failure.code).toBe("PLATFORM_TWICE");
    expect(failure.message).toBe("two images for linux/arm64/v8 come from oci:x");
    const same = [...(await imageFor(ARM, "one")), ...(await imageFor(ARM, "one"))];
    const [put] = await putIndex(same, layout(), options());
    expect(put!.platforms).toHaveLength(1);
  });

  it("refuses what is for no platform", async () => {
    const source = layout();
    const config = await putBlob(source, "application/vnd.oci.empty.v1+json", "{}");
    const artifact = { mediaType: MEDIA_TYPE.manifest, artifactType: "x/y", config, layers: [] };
    await putManifest(source, artifact, "artifact");
    expect((await failureOf(members(source, "artifact"))).code).toBe("PLATFORM_UNKNOWN");
  });

  it("changes nothing in a dry run", async () => {
    const store = layout();
    const [put] = await putIndex(await imageFor(AMD), store, options({ dryRun: true }));
    expect(put).toMatchObject({ dryRun: true, platforms: [{ platform: "linux/amd64" }] });
    expect(store.entries()).toEqual([]);
  });
});

describe("updating an index", () => {
  it("adds platforms, replaces those there are, and keeps the rest", async () => {
    const store = layout();
    const update = options({ update: true, annotations: { first: "1" } });
    await putIndex(await imageFor(AMD, "old"), store, update);
    await putIndex(await imageFor(ARM), store, options({ update: true }));
    const before = await indexIn(store);
    await putIndex(await imageFor(AMD, "new"), store, options({ update: true }));
    const after = await indexIn(store);
    expect(await platformsIn(store)).toEqual([AMD, ARM]);
    expect(after.manifests[0]!.digest).not.toBe(before.manifests[0]!.digest);
    expect(after.manifests[1]).toEqual(before.manifests[1]);
    expect(after.annotations).toEqual({ first: "1" });
  });

  it("makes an index of the image that the name stands for", async () => {
    const store = layout();
    await putImage(store, { layer: "amd", platform: AMD, name: "all" });
    await putIndex(await imageFor(ARM), store, options({ update: true }));
    expect(await platformsIn(store)).toEqual([AMD, ARM]);
  });

  it("replaces all without it", async () => {
    const store = layout();
    await putIndex(await imageFor(AMD), store, options());
    await putIndex(await imageFor(ARM), store, options());
    expect(await platformsIn(store)).toEqual([ARM]);
  });

  it("takes platforms out, but never the last", async () => {
    const store = layout();
    const all = [...(await imageFor(AMD)), ...(await imageFor(ARM))];
    await putIndex(all, store, options());
    const absent = options({ update: true, remove: [{ os: "linux", architecture: "s390x" }] });
    expect((await failureOf(putIndex([], store, absent))).code).toBe("PLATFORM_ABSENT");
    const arm = [{ os: "linux", architecture: "arm64" }];
    await putIndex([], store, options({ update: true, remove: arm }));
    expect(await platformsIn(store)).toEqual([AMD]);
    const last = options({ update: true, remove: [AMD] });
    expect((await failureOf(putIndex([], store, last))).code).toBe("INDEX_EMPTY");
  });

  it("loses nobody's platform when many are at work together", async () => {
    const store = layout();
    const architectures = ["amd64", "arm64", "386", "s390x", "ppc64le", "riscv64"];
    await Promise.all(
      architectures.map(async (architecture) => {
        const image = await imageFor({ os: "linux", architecture });
        await putIndex(image, store, options({ update: true }));
      }),
    );
    expect(await platformsIn(store)).toEqual(
      architectures.toSorted().map((architecture) => ({ os: "linux", architecture })),
    );
  });

  it("tells the digest of the bytes that are kept, and is written in one way", async () => {
    const direct = layout();
    const all = [...(await imageFor(AMD)), ...(await imageFor(ARM)), ...(await imageFor(WINDOWS))];
    const [whole] = await putIndex(all, direct, options());
    const store = layout();
    const slow = withoutExchange(store, () => Promise.resolve());
    for (const member of all.toReversed()) {
      const [put] = await putIndex([member], slow, options({ update: true }));
      expect(put!.digest).toBe((await store.readManifest("all"))!.digest);
    }
    expect((await store.readManifest("all"))!.digest).toBe(whole!.digest);
  });

  it("begins anew when another has put theirs at the same time", async () => {
    const store = layout();
    const others = await imageFor(ARM);
    let quicker = 2;
    const contended = withoutExchange(store, async () => {
      quicker -= 1;
      if (quicker >= 0) await putIndex(others, store, options());
    });
    await putIndex(await imageFor(AMD), contended, options({ update: true }));
    expect(await platformsIn(store)).toEqual([AMD, ARM]);
    expect(quicker).toBe(-1);
  });

  it("gives up when the index is always another one", async () => {
    const store = layout();
    const others = await imageFor(ARM);
    const hostile = withoutExchange(store, async () => {
      await putIndex(others, store, options());
    });
    const image = await imageFor(AMD);
    const failure = await failureOf(putIndex(image, hostile, options({ update: true })));
    expect(failure.code).toBe("INDEX_CONTENDED");
  });
});
