import { describe, expect, it } from "vitest";
import { digestOf } from "../../src/image/digest.ts";
import { describe as descriptorOf, indexOf, manifestOf } from "../../src/image/manifest.ts";
import { MEDIA_TYPE } from "../../src/image/media-types.ts";

describe("a manifest", () => {
  it("names config and layers by digest and size (OCI image-spec, manifest.md)", () => {
    const config = Buffer.from('{"é":1}');
    const layers = [
      { diffId: "sha256:aa", size: 10_240, remembered: true },
      { diffId: "sha256:bb", size: 2 ** 40, remembered: false },
    ];
    expect(manifestOf(config, layers).toString("utf8")).toBe(
      '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json",' +
        '"config":{"mediaType":"application/vnd.oci.image.config.v1+json",' +
        `"digest":"${digestOf(config)}","size":8},` +
        '"layers":[{"mediaType":"application/vnd.oci.image.layer.v1.tar","digest":"sha256:aa","size":10240},' +
        '{"mediaType":"application/vnd.oci.image.layer.v1.tar","digest":"sha256:bb","size":1099511627776}]}',
    );
  });
});

describe("an index", () => {
  it("lists manifests with what is said of them", () => {
    const manifest = descriptorOf(MEDIA_TYPE.manifest, Buffer.from("{}"));
    const annotations = { "org.opencontainers.image.ref.name": "1" };
    expect(JSON.parse(indexOf([{ ...manifest, annotations }]).toString("utf8"))).toEqual({
      schemaVersion: 2,
      mediaType: "application/vnd.oci.image.index.v1+json",
      manifests: [
        {
          mediaType: "application/vnd.oci.image.manifest.v1+json",
          digest: digestOf(Buffer.from("{}")),
          size: 2,
          annotations,
        },
      ],
    });
  });
});
