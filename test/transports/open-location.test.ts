import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import path from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { digestOf, hexOf } from "../../src/image/digest.ts";
import { OciLayout } from "../../src/oci-layout/oci-layout.ts";
import { openLocation } from "../../src/transports/open-location.ts";
import type { OpenLocationOptions } from "../../src/transports/open-location.ts";
import { parseLocation } from "../../src/transports/location.ts";
import { archiveOf, configOf, LAYERS, manifestJson } from "../archives/support/archives.ts";
import { writeArchiveOf } from "../assembly/support/base-archive.ts";
import { scriptedEngine } from "../engine/support/scripted-engine.ts";
import { lay, put } from "../oci-layout/support/content.ts";
import { FaultRegistry } from "../registry/support/fault-registry.ts";
import { failureOf } from "../support/failures.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

async function open(text: string, options?: OpenLocationOptions): ReturnType<typeof openLocation> {
  const opened = await openLocation(parseLocation(text), options);
  onTestFinished(opened.close);
  return opened;
}

/** A blob as a member of an OCI archive. */
function blob(content: Buffer): [name: string, content: Buffer] {
  return [`blobs/sha256/${hexOf(digestOf(content))}`, content];
}

describe("opening a location", () => {
  it("in a registry", async () => {
    const registry = await FaultRegistry.start();
    onTestFinished(() => {
      registry.close();
    });
    const digest = registry.put("team/app", Buffer.from("{}"));
    const opened = await open(`docker://${registry.host}/team/app:1`);
    if (opened.kind !== "content") throw new Error("it has content");
    expect(opened).toMatchObject({ version: "1", name: `${registry.host}/team/app:1` });
    expect(opened.source.fullName).toBe(`${registry.host}/team/app`);
    expect(await opened.source.readBlob(digest)).toEqual(Buffer.from("{}"));
    expect(await opened.source.readManifest("1")).toBeUndefined();
  });

  it.each(["", "docker-archive:"])("in a Docker archive (%s)", async (prefix) => {
    const file = writeArchiveOf(temporaryFolder(), { layers: 2 });
    const opened = await open(`${prefix}${file}`);
    if (opened.kind !== "archived") throw new Error("it has no content");
    expect(opened.archived.repoTags).toEqual(["base:1"]);
    expect(opened.archived.layers).toHaveLength(2);
    expect(await open(`${prefix}${file}:docker.io/library/base:1`)).toMatchObject({
      kind: "archived",
    });
    const { code, hint } = await failureOf(open(`${prefix}${file}:base:2`));
    expect(code).toBe("IMAGE_UNKNOWN");
    expect(hint).toContain("base:1");
  });

  it("in a Docker engine", async () => {
    const file = writeArchiveOf(temporaryFolder(), {});
    const bytes = fs.readFileSync(file);
    const { socket } = await scriptedEngine((_, response) => response.end(bytes));
    const engine = { host: `unix://${socket}`, env: {} };
    const opened = await open("docker-daemon:base:1", { engine });
    if (opened.kind !== "archived") throw new Error("it has no content");
    expect(digestOf(opened.archived.configBytes)).toMatch(/^sha256:/);
    expect(opened.name).toBe("docker-daemon:base:1");
    for await (const chunk of opened.archived.layers[0]!.stream()) {
      expect(chunk.length).toBe(10_240);
    }
  });

  it("that is not there", async () => {
    expect((await failureOf(open("/nonexistent/base.tar"))).message).toContain(
      "/nonexistent/base.tar cannot be read: there is no such file",
    );
  });
});

describe("opening an OCI layout", () => {
  it.each(["", "oci:"])("in a folder (%s)", async (prefix) => {
    const folder = path.join(temporaryFolder(), "layout");
    const layout = OciLayout.create(folder);
    await layout.putBlob(Buffer.from("{}"));
    const opened = await open(`${prefix}${folder}:1.0`);
    expect(opened).toMatchObject({ kind: "content", version: "1.0", name: `oci:${folder}:1.0` });
    if (opened.kind === "content") {
      expect(await opened.source.hasBlob(digestOf(Buffer.from("{}")))).toBe(true);
      expect(await opened.source.readManifest("1.0")).toBeUndefined();
    }
  });

  it.each(["", "oci-archive:"])("in an archive, also a hybrid one (%s)", async (prefix) => {
    const folder = temporaryFolder();
    const layout = OciLayout.create(path.join(folder, "layout"));
    await put(layout, "1.0", lay({ kind: "image", config: Buffer.from("{}"), layers: LAYERS }));
    fs.writeFileSync(path.join(folder, "layout/manifest.json"), "[]");
    const file = path.join(folder, "image.tar.gz");
    execFileSync("tar", ["-C", path.join(folder, "layout"), "-czf", file, "."]);
    const opened = await open(`${prefix}${file}`);
    expect(opened).toMatchObject({ kind: "content", version: "" });
    if (opened.kind === "content") {
      expect(await opened.source.readBlob(digestOf(Buffer.from("{}")))).toEqual(Buffer.from("{}"));
    }
  });

  it("in an archive whose OCI layout has no layers, as Docker 25.0.0 wrote it", async () => {
    const config = configOf(LAYERS);
    const { manifest } = lay({ kind: "image", config, layers: [] });
    const { digest, mediaType, bytes } = manifest;
    const entry = { mediaType, digest, size: bytes.length };
    const file = path.join(temporaryFolder(), "image.tar");
    const blobs = [config, bytes, ...LAYERS].map(blob);
    const layers = LAYERS.map((layer) => blob(layer)[0]);
    const index = JSON.stringify({ schemaVersion: 2, manifests: [entry] });
    fs.writeFileSync(
      file,
      archiveOf(...blobs, ["index.json", index], manifestJson(blob(config)[0], layers)),
    );
    const opened = await open(file);
    if (opened.kind !== "archived") throw new Error("its layout has no layers");
    expect(opened.archived.layers).toHaveLength(LAYERS.length);
  });

  it("that is none", async () => {
    const folder = temporaryFolder();
    fs.writeFileSync(path.join(folder, "image"), "no archive");
    expect((await failureOf(open(`oci:${folder}`))).code).toBe("LAYOUT_FOREIGN");
    const { code, hint } = await failureOf(open(path.join(folder, "image")));
    expect(code).toBe("ARCHIVE_FOREIGN");
    expect(hint).toContain("give an image archive");
  });
});
