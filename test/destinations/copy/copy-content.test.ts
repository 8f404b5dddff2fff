import * as fs from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { copyContent } from "../../../src/destinations/copy/copy-content.ts";
import type { CopyOptions } from "../../../src/destinations/copy/copy-content.ts";
import { MEDIA_TYPE } from "../../../src/image/media-types.ts";
import { OciLayout } from "../../../src/oci-layout/oci-layout.ts";
import type { ProgressEvent } from "../../../src/progress/events.ts";
import { failureOf } from "../../support/failures.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";
import { putBlob, putImage, putManifest } from "./support/content.ts";

function layout(): OciLayout {
  return OciLayout.create(path.join(temporaryFolder(), "layout"));
}

function options(more: Partial<CopyOptions> = {}): CopyOptions & { events: ProgressEvent[] } {
  const events: ProgressEvent[] = [];
  return { versions: ["copy"], report: (event) => events.push(event), events, ...more };
}

function blobsOf({ folder }: OciLayout): string[] {
  return fs.readdirSync(path.join(folder, "blobs/sha256")).toSorted();
}

const ARM = { architecture: "arm64", os: "linux", variant: "v8" };
const AMD = { architecture: "amd64", os: "linux" };

/** An index of an image each for two platforms, an attestation, an index and a plain blob. */
async function putEverything(source: OciLayout): Promise<string> {
  const amd = await putImage(source, { layer: "amd" });
  const arm = await putImage(source, { layer: "arm", platform: ARM });
  const attestation = await putManifest(source, {
    mediaType: MEDIA_TYPE.manifest,
    config: await putBlob(source, MEDIA_TYPE.config, "{}"),
    layers: [await putBlob(source, "application/vnd.in-toto+json", "statement")],
    subject: amd,
  });
  const artifact = await putManifest(source, {
    mediaType: "application/vnd.oci.artifact.manifest.v1+json",
    artifactType: "application/x-thing",
    blobs: [await putBlob(source, "application/x-thing", "thing")],
  });
  const inner = await putManifest(source, { mediaType: MEDIA_TYPE.index, manifests: [artifact] });
  const { digest } = await putManifest(
    source,
    {
      mediaType: MEDIA_TYPE.index,
      manifests: [
        { ...amd, platform: AMD },
        { ...arm, platform: ARM },
        { ...attestation, platform: { os: "unknown", architecture: "unknown" } },
        inner,
        await putBlob(source, "application/x-blob", "listed as it is"),
      ],
    },
    "all",
  );
  return digest;
}

describe("copying content", () => {
  it("copies an index with all that it leads to, byte for byte, and names it", async () => {
    const [source, store] = [layout(), layout()];
    const digest = await putEverything(source);
    const given = options();
    const copied = await copyContent(source, "all", store, given);
    expect(copied).toMatchObject({ digest, versions: ["copy"], dryRun: false });
    expect(blobsOf(store)).toEqual(blobsOf(source));
    expect(store.names()).toEqual(["copy"]);
    expect((await store.readManifest("copy"))?.digest).toBe(digest);
    expect(copied.manifests.map((each) => each.digest).at(-1)).toBe(digest);
    expect(copied.manifests).toHaveLength(6);
    const told = given.events.filter(({ kind }) => kind === "blob");
    expect(told).toHaveLength(copied.blobs.length);
    expect(given.events.at(-1)).toMatchObject({ kind: "copied", digest, manifests: 6 });
  });

  it("takes nothing that is there", async () => {
    const [source, store] = [layout(), layout()];
    await putEverything(source);
    await copyContent(source, "all", store, options());
    const again = await copyContent(source, "all", store, options({ versions: ["again"] }));
    expect(new Set(again.blobs.map(({ way }) => way))).toEqual(new Set(["present"]));
    expect(again.written).toBe(0);
    expect(store.names().toSorted()).toEqual(["again", "copy"]);
  });

  it.each([
    ["linux/arm64", { os: "linux", architecture: "arm64" }, "arm"],
    ["linux/amd64/v1", { os: "linux", architecture: "amd64", variant: "v1" }, "amd"],
  ])("takes %s alone", async (_name, platform, layer) => {
    const [source, store] = [layout(), layout()];
    await putEverything(source);
    const { digest, blobs } = await copyContent(source, "all", store, options({ platform }));
    const manifest = JSON.parse((await store.readManifest("copy"))!.bytes.toString("utf8")) as {
      layers: Array<{ digest: string }>;
    };
    expect((await store.readBlob(manifest.layers[0]!.digest))!.toString("utf8")).toBe(layer);
    expect(blobs).toHaveLength(2);
    expect((await store.readManifest(""))?.digest).toBe(digest);
  });

  it("says which platforms there are", async () => {
    const source = layout();
    await putEverything(source);
    const platform = { os: "windows", architecture: "amd64" };
    const failure = await failureOf(copyContent(source, "all", layout(), options({ platform })));
    expect(failure.code).toBe("PLATFORM_ABSENT");
    expect(failure.hint).toBe("choose with --platform; it has linux/amd64, linux/arm64/v8");
    await putImage(source, { layer: "one", name: "one" });
    const other = await failureOf(copyContent(source, "one", layout(), options({ platform })));
    expect(other.hint).toBe("name another image, or give --platform linux/amd64");
  });

  it("leaves foreign layers where they are", async () => {
    const [source, store] = [layout(), layout()];
    const layer = {
      mediaType: "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
      digest: `sha256:${"a".repeat(64)}`,
      size: 10,
      urls: ["https://elsewhere.example/layer"],
    };
    const config = await putBlob(source, MEDIA_TYPE.dockerConfig, "{}");
    await putManifest(
      source,
      { mediaType: MEDIA_TYPE.dockerManifest, config, layers: [layer] },
      "windows",
    );
    const copied = await copyContent(source, "windows", store, options());
    expect(copied.blobs.map(({ way }) => way)).toEqual(["mounted", "foreign"]);
    expect(blobsOf(store)).toHaveLength(2);
  });

  it("takes a blob out of its descriptor", async () => {
    const [source, store] = [layout(), layout()];
    const config = await putBlob(source, "application/vnd.oci.empty.v1+json", "{}");
    fs.rmSync(path.join(source.folder, "blobs/sha256", config.digest.slice(7)));
    const inline = { ...config, data: "e30=" };
    await putManifest(
      source,
      { mediaType: MEDIA_TYPE.manifest, artifactType: "x/y", config: inline, layers: [] },
      "inline",
    );
    await copyContent(source, "inline", store, options());
    expect((await store.readBlob(config.digest))?.toString("utf8")).toBe("{}");
  });

  it("copies nothing in a dry run, and says what it would", async () => {
    const [source, store] = [layout(), layout()];
    await putEverything(source);
    const given = options({ dryRun: true });
    const { blobs } = await copyContent(source, "all", store, given);
    expect(new Set(blobs.map(({ way, sent }) => `${way} ${sent}`))).toEqual(
      new Set(["sent undefined"]),
    );
    expect(blobsOf(store)).toEqual([]);
    expect(store.names()).toEqual([]);
  });

  it("gives no name to what lacks a blob or a manifest", async () => {
    const source = layout();
    await putEverything(source);
    const lacking = blobsOf(source);
    for (const blob of lacking) {
      const store = layout();
      const file = path.join(source.folder, "blobs/sha256", blob);
      fs.renameSync(file, `${source.folder}/kept`);
      const failure = await failureOf(copyContent(source, "all", store, options()));
      expect(["LAYOUT_DAMAGED", "IMAGE_INCOMPLETE"]).toContain(failure.code);
      expect(store.names()).toEqual([]);
      fs.renameSync(`${source.folder}/kept`, file);
      await copyContent(source, "all", store, options());
      expect(blobsOf(store)).toEqual(lacking);
    }
  });

  it.each([
    ["is not there", "absent", /there is no image oci:.*:absent/, "IMAGE_UNKNOWN"],
    ["is of schema 1", "old", /schema 1/, "MANIFEST_OUTDATED"],
    ["is no JSON", "text", /makes no sense/, "MANIFEST_INVALID"],
    [
      "has digests that are none",
      "strange",
      /config\.digest: it is not a sha256/,
      "MANIFEST_INVALID",
    ],
  ])("refuses what %s", async (_what, name, message, code) => {
    const source = layout();
    await putManifest(source, { schemaVersion: 1, fsLayers: [] }, "old");
    await source.putManifest("text", Buffer.from("hello"), MEDIA_TYPE.manifest);
    const config = { mediaType: "x", digest: "sha256:../../etc", size: 1 };
    await putManifest(source, { mediaType: MEDIA_TYPE.manifest, config, layers: [] }, "strange");
    const failure = await failureOf(copyContent(source, name, layout(), options()));
    expect(failure.message).toMatch(message);
    expect(failure.code).toBe(code);
  });

  it("puts only under the digest that it has", async () => {
    const [source, store] = [layout(), layout()];
    const { digest } = await putImage(source, { layer: "x", name: "x" });
    const versions = [`sha256:${"0".repeat(64)}`];
    const failure = await failureOf(copyContent(source, "x", store, options({ versions })));
    expect(failure.code).toBe("DIGEST_OTHER");
    await copyContent(source, "x", store, options({ versions: [digest] }));
    expect((await store.readManifest(digest))?.digest).toBe(digest);
    expect(store.names()).toEqual([]);
  });
});
