import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import * as fs from "node:fs";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { inspectionTable } from "../../src/cli/tables/inspection-table.ts";
import type { Inspection } from "../../src/cli/tables/inspection-table.ts";
import { digestOf } from "../../src/image/digest.ts";
import { MEDIA_TYPE } from "../../src/image/media-types.ts";
import { OciLayout } from "../../src/oci-layout/oci-layout.ts";
import { putBlob, putManifest } from "../destinations/copy/support/content.ts";
import type { Described } from "../destinations/copy/support/content.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { APP, appStore, DATA, LIBC } from "./support/app-store.ts";
import { runHere } from "./support/run-here.ts";

beforeEach(() => {
  vi.stubEnv("VARVE_CACHE_DIR", "/dev/null/varve-cache");
});
afterEach(() => {
  vi.unstubAllEnvs();
});

async function inspected(...args: readonly string[]): Promise<Inspection> {
  const { status, stdout, stderr } = await runHere("inspect", "--json", ...args);
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  return JSON.parse(stdout) as Inspection;
}

describe("varve inspect", () => {
  it.each(["image.tar", "image.tar.gz", "image.tar.zst"])(
    "tells of %s what it tells of its sources",
    async (name) => {
      const { root, options } = appStore();
      const file = path.join(root, name);
      const args = [APP, DATA, "-t", "app:1", "-t", "registry.example/app:2", ...options];
      await runHere("build", "-o", file, ...args);
      const ofSources = await inspected(...args);
      const ofArchive = await inspected(file);
      const { layers, ...rest } = ofSources;
      expect(ofArchive).toMatchObject(rest);
      expect(ofArchive.layers.map(({ diffId, size, paths }) => ({ diffId, size, paths }))).toEqual(
        layers.map(({ diffId, size, paths }) => ({ diffId, size, paths })),
      );
    },
  );

  it("prints JSON whose shape does not change", async () => {
    const { options } = appStore();
    const inspection = await inspected(DATA, "-t", "data:1", ...options);
    expect(Object.keys(inspection)).toEqual(["references", "imageId", "config", "layers"]);
    expect(inspection).toEqual({
      references: ["data:1"],
      imageId: expect.stringMatching(/^sha256:[0-9a-f]{64}$/) as string,
      config: expect.objectContaining({ os: "linux", config: {} }) as object,
      layers: [
        {
          diffId: expect.stringMatching(/^sha256:[0-9a-f]{64}$/) as string,
          size: 10_240,
          paths: [DATA],
          reason: expect.any(String) as string,
        },
      ],
    });
    const { rootfs } = inspection.config as { rootfs: { diff_ids: string[] } };
    expect(rootfs.diff_ids).toEqual(inspection.layers.map(({ diffId }) => diffId));
  });

  it("shows an archive that others have made, by its history", async () => {
    const folder = temporaryFolder();
    const layer = Buffer.alloc(10_240);
    const diffId = `sha256:${createHash("sha256").update(layer).digest("hex")}`;
    const history = [
      { created_by: "/bin/sh -c #(nop) ADD file" },
      { created_by: "CMD sh", empty_layer: true },
      { created_by: "RUN make", comment: "buildkit" },
    ];
    const rootfs = { type: "layers", diff_ids: [diffId, diffId] };
    const config = { architecture: "arm", variant: "v7", os: "linux", rootfs, history };
    fs.writeFileSync(path.join(folder, "config.json"), JSON.stringify(config));
    fs.writeFileSync(path.join(folder, "layer.tar"), layer);
    const manifest = [
      { Config: "config.json", RepoTags: null, Layers: ["layer.tar", "layer.tar"] },
    ];
    fs.writeFileSync(path.join(folder, "manifest.json"), JSON.stringify(manifest));
    execFileSync("tar", ["cf", "image.tar", "config.json", "layer.tar", "manifest.json"], {
      cwd: folder,
    });
    const { stdout } = await runHere("inspect", path.join(folder, "image.tar"));
    const digits = diffId.slice(7, 19);
    expect(stdout.replace(/sha256:[0-9a-f]+/, "ID")).toBe(
      "name      (none)\n" +
        "image ID  ID\n" +
        "platform  linux/arm/v7\n" +
        "created   (unknown)\n" +
        "layers    2, 20.5 kB\n" +
        `    1   10.2 kB  ${digits}  /bin/sh -c #(nop) ADD file\n` +
        `    2   10.2 kB  ${digits}  RUN make\n`,
    );
  });

  it.each<[string, (folder: string) => string, RegExp]>([
    ["a text", (folder) => write(folder, "text", "text"), /text is neither an image archive, nor/],
    ["a damaged archive", (folder) => write(folder, "x.gz", "\u001f\u008b\b"), /x\.gz/],
    ["nothing", () => "./nothing", /there is no "\.\/nothing"/],
  ])("refuses %s", async (_what, argument, message) => {
    const { status, stdout, stderr } = await runHere("inspect", argument(temporaryFolder()));
    expect(stderr).toMatch(message);
    expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
  });
});

function write(folder: string, name: string, latin1: string): string {
  const file = path.join(folder, name);
  fs.writeFileSync(file, latin1, "latin1");
  return file;
}

describe("varve inspect of what is kept by digests", () => {
  const AMD = { architecture: "amd64", os: "linux" };

  async function filled(): Promise<{ at: string; image: Described; index: Described }> {
    const folder = path.join(temporaryFolder(), "layout");
    const layout = OciLayout.create(folder);
    const image = await putManifest(layout, {
      mediaType: MEDIA_TYPE.manifest,
      config: await putBlob(
        layout,
        MEDIA_TYPE.config,
        JSON.stringify({
          ...AMD,
          config: { Cmd: ["/app"] },
          rootfs: { type: "layers", diff_ids: [DIFF_ID] },
          history: [{ created_by: "COPY app /" }],
        }),
      ),
      layers: [await putBlob(layout, MEDIA_TYPE.layerGzip, "a layer")],
      annotations: { made: "here" },
    });
    const attestation = {
      ...(await putManifest(layout, { mediaType: MEDIA_TYPE.manifest, layers: [] })),
      platform: { architecture: "unknown", os: "unknown" },
      annotations: {
        "vnd.docker.reference.digest": image.digest,
        "vnd.docker.reference.type": "attestation-manifest",
      },
    };
    const manifests = [{ ...image, platform: AMD }, attestation];
    const index = await putManifest(layout, { mediaType: MEDIA_TYPE.index, manifests }, "all");
    const config = await putBlob(layout, "application/vnd.oci.empty.v1+json", "{}");
    const blob = {
      ...(await putBlob(layout, "text/plain", "words")),
      annotations: { "org.opencontainers.image.title": "words.txt" },
    };
    const artifact = { mediaType: MEDIA_TYPE.manifest, artifactType: "x/y", config };
    await putManifest(layout, { ...artifact, layers: [blob] }, "artifact");
    return { at: `oci:${folder}`, image, index };
  }

  const DIFF_ID = `sha256:${"0123456789abcdef".repeat(4)}`;

  it("lists an index' platforms, with digests that can be used", async () => {
    const { at, image, index } = await filled();
    const { stdout } = await runHere("inspect", `${at}:all`);
    const lines = stdout.split("\n");
    expect(lines.slice(0, 5)).toEqual([
      `name       ${at}:all`,
      `digest     ${index.digest}`,
      `type       ${MEDIA_TYPE.index}`,
      "manifests  2",
      `  linux/amd64      ${image.digest}`,
    ]);
    expect(lines[5]).toMatch(
      `attestation-manifest of ${image.digest.slice("sha256:".length, "sha256:".length + 12)}`,
    );
    const { stdout: json } = await runHere("inspect", `${at}:all`, "--json");
    expect(JSON.parse(json)).toMatchObject({
      manifest: { digest: index.digest },
      manifests: [
        { digest: image.digest, platform: "linux/amd64" },
        { platform: "unknown/unknown" },
      ],
    });
  });

  it("shows the image for a platform: manifest, config and blobs", async () => {
    const { at, image } = await filled();
    const { stdout } = await runHere("inspect", `${at}:all`, "--platform", "linux/amd64");
    expect(stdout.replace(/image ID .*/, "")).toBe(
      [
        `name         ${at}:all`,
        `digest       ${image.digest}`,
        "",
        "platform     linux/amd64",
        "created      (unknown)",
        'Cmd          ["/app"]',
        "annotations  made=here",
        "layers       1, 7 B as they are kept",
        "    1       7 B         ?  0123456789ab  COPY app /",
        "",
      ].join("\n"),
    );
    const inspection = await inspected(`${at}@${image.digest}`);
    expect(inspection.manifest).toMatchObject({ digest: image.digest, size: image.size });
    expect(inspection.layers).toMatchObject([{ diffId: DIFF_ID, blobSize: 7 }]);
  });

  it("prints the bytes of a manifest, no more and no less", async () => {
    const { at, image, index } = await filled();
    const all = await runHere("inspect", `${at}:all`, "--raw");
    expect(digestOf(Buffer.from(all.stdout))).toBe(index.digest);
    const one = await runHere("inspect", `${at}:all`, "--raw", "--platform", "linux/amd64");
    expect(digestOf(Buffer.from(one.stdout))).toBe(image.digest);
  });

  it("shows what is no image, too", async () => {
    const { at } = await filled();
    const { stdout } = await runHere("inspect", `${at}:artifact`);
    expect(stdout).toMatch(/^type +x\/y$/m);
    expect(stdout).toMatch(/^ {7}5 B {2}[0-9a-f]{12} {2}text\/plain {2}words\.txt$/m);
  });

  it.each([
    [["ID:all", "--raw", "--json"], 2, /say different things/],
    [["ID:all", "--platform", "linux/s390x"], 1, /hint: .* it has linux\/amd64/],
    [["ID:all", "--platform", "s390x"], 2, /is not a platform/],
    [["ID:none"], 1, /there is no image oci:/],
    [["/nowhere/x.tar"], 1, /there is no|x\.tar/],
  ])("refuses %j", async (args, expected, message) => {
    const { at } = await filled();
    const { status, stderr } = await runHere(
      "inspect",
      ...args.map((arg) => arg.replace("ID", at)),
    );
    expect(stderr).toMatch(message);
    expect(status).toBe(expected);
  });
});

describe("the table of varve inspect", () => {
  const DIFF_ID = `sha256:${"0123456789abcdef".repeat(4)}`;
  const inspection: Inspection = {
    references: ["app:1", "registry.example/app:2"],
    imageId: DIFF_ID,
    config: {
      os: "linux",
      architecture: "amd64",
      created: "1970-01-01T00:00:01+00:00",
      config: {
        Cmd: ["sh", "-c", "ls -l"],
        Entrypoint: null,
        Env: ["PATH=/bin", "A=x y"],
        ExposedPorts: { "53/udp": {}, "8000/tcp": {} },
        Healthcheck: { Test: ["NONE"] },
        Labels: { a: "b", c: "d=e" },
        OnBuild: [],
        User: "",
        Volumes: {},
        WorkingDir: "/data",
      },
    },
    layers: [
      { diffId: DIFF_ID, size: 0, paths: [LIBC], reason: "" },
      { diffId: DIFF_ID, size: 1_530_000_000, paths: [APP, LIBC, DATA, APP], reason: "" },
    ],
  };

  it("has a line for everything, names and values in columns", () => {
    expect(inspectionTable(inspection)).toBe(
      [
        "name          app:1",
        "              registry.example/app:2",
        `image ID      ${DIFF_ID}`,
        "platform      linux/amd64",
        "created       1970-01-01T00:00:01+00:00",
        'Cmd           ["sh","-c","ls -l"]',
        "Env           PATH=/bin",
        "              A=x y",
        "ExposedPorts  53/udp",
        "              8000/tcp",
        'Healthcheck   {"Test":["NONE"]}',
        "Labels        a=b",
        "              c=d=e",
        "OnBuild       []",
        "WorkingDir    /data",
        "layers        2, 1.53 GB",
        "    1       0 B  0123456789ab  libc",
        "    2   1.53 GB  0123456789ab  4 paths: app-1.0, libc, data and 1 more",
        "",
      ].join("\n"),
    );
  });

  it("cuts layers to the terminal's width, digests and values never", () => {
    const lines = inspectionTable(inspection, 40).split("\n");
    expect(lines[2]).toBe(`image ID      ${DIFF_ID}`);
    expect(lines.at(-2)).toBe("    2   1.53 GB  0123456789ab  4 paths:…");
  });
});
