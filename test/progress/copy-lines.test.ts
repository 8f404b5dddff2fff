import { describe, expect, it } from "vitest";
import { copyLine } from "../../src/progress/copy-lines.ts";

const DIGEST = `sha256:${"0123456789abcdef".repeat(4)}`;
const BLOB = {
  kind: "blob",
  index: 1,
  of: 12,
  digest: DIGEST,
  mediaType: "application/vnd.oci.image.layer.v1.tar+gzip",
  size: 30_000_000,
  seconds: 2,
} as const;

const COPIED = {
  kind: "copied",
  to: "registry.example/app",
  digest: DIGEST,
  manifests: 3,
  blobs: 12,
  sentBlobs: 2,
  size: 100_000_000,
  written: 40_000_000,
  seconds: 4,
  dryRun: false,
} as const;

describe("lines of a copy", () => {
  it("say where from and where to", () => {
    expect(
      copyLine({ kind: "copying", from: "oci:./a", to: "ghcr.io/b", manifests: 1, blobs: 12 }),
    ).toBe("oci:./a → ghcr.io/b: 1 manifest, 12 blobs");
  });

  it.each([
    [{ way: "present", sent: 0 }, undefined],
    [{ way: "sent", sent: 30_000_000 }, "   2/12  30.0 MB  0123456789ab  sent, 15.0 MB/s"],
    [{ way: "mounted", sent: 0 }, "   2/12  30.0 MB  0123456789ab  mounted"],
    [{ way: "foreign", sent: 0 }, "   2/12  30.0 MB  0123456789ab  stays at its own place"],
    [{ way: "sent", sent: undefined }, "   2/12  30.0 MB  0123456789ab  would be sent"],
  ] as const)("say of a blob that is %j", (outcome, line) => {
    expect(copyLine({ ...BLOB, ...outcome })).toBe(line);
  });

  it.each([
    [{}, "3 manifests, 12 blobs, 100 MB; 2 blobs sent, 40.0 MB, in 4.00 s"],
    [{ manifests: 1, sentBlobs: 0 }, "12 blobs, 100 MB; none sent, in 4.00 s"],
    [{ dryRun: true }, "3 manifests, 12 blobs, 100 MB; 2 blobs would be sent"],
  ])("sum up %j", (more, text) => {
    expect(copyLine({ ...COPIED, ...more })).toBe(`registry.example/app: ${text}`);
  });
});
