import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import path from "node:path";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { digestOf, hexOf } from "../../src/image/digest.ts";
import { MEDIA_TYPE } from "../../src/image/media-types.ts";
import { OciLayout } from "../../src/oci-layout/oci-layout.ts";
import { markOf } from "../../src/io/process-mark.ts";
import { errorOf, failureOf } from "../support/failures.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { arbitraryContent, lay, put } from "./support/content.ts";
import type { Laid } from "./support/content.ts";

const IMAGE = lay({
  kind: "image",
  config: Buffer.from("{}"),
  layers: [Buffer.from("bottom"), Buffer.from("top")],
});
const OTHER = lay({ kind: "image", config: Buffer.from("{ }"), layers: [Buffer.from("bottom")] });

function freshLayout(): OciLayout {
  return OciLayout.create(path.join(temporaryFolder(), "layout"));
}

function blobFile({ folder }: OciLayout, digest: string): string {
  return path.join(folder, "blobs", "sha256", hexOf(digest));
}

async function read(layout: OciLayout, bytes: Buffer): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  const blob = { digest: digestOf(bytes), size: bytes.length };
  for await (const chunk of layout.openBlob(blob)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** Every file, but none that is being written. */
function filesOf({ folder }: OciLayout): string[] {
  return fs
    .readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => fs.statSync(path.join(folder, name)).isFile())
    .toSorted();
}

describe("what is put into a layout", () => {
  it("is read back as it was", async () => {
    await fc.assert(
      fc.asyncProperty(arbitraryContent, async (content) => {
        const layout = freshLayout();
        const laid = lay(content);
        await put(layout, "1.0", laid);
        const again = OciLayout.open(layout.folder);
        for (const version of ["1.0", "", laid.manifest.digest]) {
          expect(await again.readManifest(version)).toEqual(laid.manifest);
        }
        for (const inner of laid.inner) {
          expect(await again.readManifest(inner.digest)).toEqual(inner);
        }
        for (const blob of laid.blobs) {
          expect(await again.readBlob(digestOf(blob))).toEqual(blob);
          expect(await read(again, blob)).toEqual(blob);
        }
        expect(await again.removeUnused()).toBe(0);
      }),
      { numRuns: 12 },
    );
  });

  it("leaves nothing beside it", async () => {
    const layout = freshLayout();
    await put(layout, "1.0", IMAGE);
    const digests = [...IMAGE.blobs.map(digestOf), IMAGE.manifest.digest];
    expect(filesOf(layout)).toEqual(
      [
        "index.json",
        "oci-layout",
        ...digests.map((digest) => `blobs/sha256/${hexOf(digest)}`),
      ].toSorted(),
    );
  });

  it("is not written again", async () => {
    const layout = freshLayout();
    expect(await layout.putBlob(Buffer.from("x"))).toBe("sent");
    const file = blobFile(layout, digestOf(Buffer.from("x")));
    const { ino } = fs.statSync(file);
    expect(await layout.putBlob(Buffer.from("x"))).toBe("present");
    expect(fs.statSync(file).ino).toBe(ino);
  });

  it("replaces a blob that is cut short", async () => {
    const layout = freshLayout();
    const bytes = Buffer.from("whole");
    fs.writeFileSync(blobFile(layout, digestOf(bytes)), "who");
    expect(await layout.putBlob(bytes)).toBe("sent");
    expect(await read(layout, bytes)).toEqual(bytes);
  });
});

function entry({ manifest }: Laid, architecture: string): object {
  return {
    mediaType: manifest.mediaType,
    digest: manifest.digest,
    size: manifest.bytes.length,
    platform: { os: "linux", architecture },
  };
}

describe("names", () => {
  it("a tag moves to what it was given last, and others stay", async () => {
    const layout = freshLayout();
    await put(layout, "1.0", IMAGE);
    await put(layout, "2.0", IMAGE);
    await put(layout, "1.0", OTHER);
    expect(layout.names().toSorted()).toEqual(["1.0", "2.0"]);
    expect((await layout.readManifest("1.0"))?.digest).toBe(OTHER.manifest.digest);
    expect((await layout.readManifest("2.0"))?.digest).toBe(IMAGE.manifest.digest);
    await layout.removeName("1.0");
    expect(await layout.readManifest("1.0")).toBeUndefined();
  });

  it("no name means the only image; of several it tells the names", async () => {
    const layout = freshLayout();
    expect(await layout.readManifest("")).toBeUndefined();
    await put(layout, "1.0", IMAGE);
    expect((await layout.readManifest(""))?.digest).toBe(IMAGE.manifest.digest);
    await put(layout, "stable", IMAGE);
    expect((await layout.readManifest(""))?.digest).toBe(IMAGE.manifest.digest);
    await put(layout, "2.0", OTHER);
    const error = await failureOf(layout.readManifest(""));
    expect(error.code).toBe("IMAGE_AMBIGUOUS");
    expect(error.hint).toContain("stable, 2.0");
  });

  it("an image without a name is replaced by the next one", async () => {
    const layout = freshLayout();
    await put(layout, "", IMAGE);
    await put(layout, "", OTHER);
    expect(layout.entries()).toHaveLength(1);
    expect((await layout.readManifest(""))?.digest).toBe(OTHER.manifest.digest);
  });

  it("a full name is found in each of its spellings", async () => {
    const layout = freshLayout();
    const { bytes, mediaType, digest } = IMAGE.manifest;
    await put(layout, "", IMAGE);
    await layout.putManifest("1.0", bytes, mediaType, "docker.io/library/app:1.0");
    for (const name of ["1.0", "app:1.0", "docker.io/library/app:1.0", "localhost/app:1.0"]) {
      expect((await layout.readManifest(name))?.digest).toBe(digest);
    }
    expect(await layout.readManifest("other:1.0")).toBeUndefined();
  });

  it("that no layout may have are refused before anything is written", async () => {
    const layout = freshLayout();
    const { bytes, mediaType } = IMAGE.manifest;
    const error = await failureOf(layout.putManifest("a b", bytes, mediaType));
    expect(error.exitCode).toBe(2);
    expect(await layout.hasBlob(IMAGE.manifest.digest)).toBe(false);
  });

  it("of platforms in the index itself are one image of several platforms", async () => {
    const layout = freshLayout();
    await put(layout, IMAGE.manifest.digest, IMAGE);
    await put(layout, OTHER.manifest.digest, OTHER);
    const manifests = [entry(IMAGE, "amd64"), entry(OTHER, "arm64")];
    fs.writeFileSync(
      path.join(layout.folder, "index.json"),
      JSON.stringify({ schemaVersion: 2, manifests }),
    );
    const found = await layout.readManifest("");
    expect(found?.mediaType).toBe(MEDIA_TYPE.index);
    expect(JSON.parse(found!.bytes.toString())).toMatchObject({ manifests });
  });

  it("keep what other tools wrote beside them", async () => {
    const layout = freshLayout();
    await put(layout, "1.0", IMAGE);
    const file = path.join(layout.folder, "index.json");
    const index = JSON.parse(fs.readFileSync(file, "utf8")) as { manifests: object[] };
    const foreign = { ...index, annotations: { a: "b" }, "x-own": 1 };
    Object.assign(foreign.manifests[0]!, {
      urls: ["https://x.example/"],
      platform: { os: "linux", architecture: "s390x", variant: "z" },
    });
    fs.writeFileSync(file, JSON.stringify(foreign));
    await put(layout, "2.0", OTHER);
    const after = JSON.parse(fs.readFileSync(file, "utf8")) as { manifests: object[] };
    expect(after).toMatchObject({ annotations: { a: "b" }, "x-own": 1 });
    expect(after.manifests[0]).toEqual(foreign.manifests[0]);
  });
});

describe("a blob of another layout", () => {
  it("is shared, not copied", async () => {
    const from = freshLayout();
    const to = freshLayout();
    const bytes = Buffer.from("shared");
    const blob = { digest: digestOf(bytes), size: bytes.length };
    await from.putBlob(bytes);
    let sent = 0;
    const onSent = (count: number): void => {
      sent += count;
    };
    expect(await to.takeBlob(blob, from, onSent)).toBe("mounted");
    expect(await to.takeBlob(blob, from, onSent)).toBe("present");
    expect(sent).toBe(0);
    expect(await read(to, bytes)).toEqual(bytes);
  });

  it("of another file system is copied", async ({ skip }) => {
    const from = freshLayout();
    const elsewhere = fs.mkdtempSync("/dev/shm/varve-test-");
    try {
      if (fs.statSync(elsewhere).dev === fs.statSync(from.folder).dev) skip();
      const to = OciLayout.create(path.join(elsewhere, "layout"));
      const bytes = Buffer.from("copied");
      await from.putBlob(bytes);
      const blob = { digest: digestOf(bytes), size: bytes.length };
      expect(await to.takeBlob(blob, from)).toBe("sent");
      expect(await read(to, bytes)).toEqual(bytes);
    } finally {
      fs.rmSync(elsewhere, { recursive: true });
    }
  });

  it("that is damaged is not taken over", async () => {
    const from = freshLayout();
    const to = freshLayout();
    const bytes = Buffer.from("right");
    const blob = { digest: digestOf(bytes), size: bytes.length };
    fs.writeFileSync(blobFile(from, blob.digest), "wrong");
    expect((await failureOf(to.takeBlob(blob, from))).message).toContain(blob.digest);
    expect(await to.hasBlob(blob.digest)).toBe(false);
    expect(fs.readdirSync(path.join(to.folder, "blobs"))).toEqual(["sha256"]);
  });
});

describe("what comes otherwise than announced", () => {
  it.each([
    ["too long", "longer than that"],
    ["too short", "x"],
    ["of other bytes", "wrong"],
  ])("%s is refused, and nothing is kept", async (_, came) => {
    const layout = freshLayout();
    const blob = { digest: digestOf(Buffer.from("right")), size: 5 };
    const source = {
      ...unreadable(),
      async *openBlob() {
        yield Buffer.from(came);
      },
    };
    const error = await failureOf(layout.takeBlob(blob, source));
    expect(error.code).toBe("BLOB_DIFFERS");
    expect(filesOf(layout)).toEqual(["index.json", "oci-layout"]);
  });

  it("breaks off: nothing is kept, and the failure is told", async () => {
    const layout = freshLayout();
    const source = {
      ...unreadable(),
      async *openBlob() {
        yield Buffer.from("ri");
        throw new Error("the cable was cut");
      },
    };
    const blob = { digest: digestOf(Buffer.from("right")), size: 5 };
    await expect(layout.takeBlob(blob, source)).rejects.toThrow("the cable was cut");
    expect(filesOf(layout)).toEqual(["index.json", "oci-layout"]);
  });
});

function never(): never {
  throw new Error("nobody asks");
}

function unreadable(): {
  fullName: string;
  readManifest: () => never;
  hasBlob: () => never;
  readBlob: () => never;
} {
  return { fullName: "test", readManifest: never, hasBlob: never, readBlob: never };
}

describe("unused blobs", () => {
  it("go, and nothing else", async () => {
    await fc.assert(
      fc.asyncProperty(arbitraryContent, arbitraryContent, async (one, other) => {
        const layout = freshLayout();
        const [kept, gone] = [lay(one), lay(other)];
        await put(layout, "gone", gone);
        await put(layout, "kept", kept);
        await layout.removeName("gone");
        await layout.removeUnused();
        const clean = freshLayout();
        await put(clean, "kept", kept);
        expect(filesOf(layout)).toEqual(filesOf(clean));
      }),
      { numRuns: 8 },
    );
  });
});

describe("a folder", () => {
  it("that does not exist, or is empty, becomes a layout", () => {
    const folder = temporaryFolder();
    expect(OciLayout.create(folder).names()).toEqual([]);
    expect(OciLayout.create(path.join(folder, "deep", "er")).names()).toEqual([]);
    expect(OciLayout.open(folder).names()).toEqual([]);
  });

  it("whose making was interrupted is gone on with", () => {
    const folder = temporaryFolder();
    fs.mkdirSync(path.join(folder, "blobs"));
    fs.writeFileSync(path.join(folder, ".index.json.12ab.partial"), "{");
    expect(OciLayout.create(folder).names()).toEqual([]);
  });

  it("is rid of what killed processes left in it, and of nothing else", () => {
    const { folder } = freshLayout();
    const dead = markOf(spawnSync("true").pid);
    const at = (name: string): string => path.join(folder, "blobs", name);
    const left = [`.${dead}.1a.partial`, `.${markOf()}.2b.partial`, ".0123456789ab-1.3c.partial"];
    for (const name of left) fs.writeFileSync(at(name), "half");
    OciLayout.create(folder);
    expect(fs.readdirSync(path.join(folder, "blobs")).toSorted()).toEqual(
      [...left.slice(1), "sha256"].toSorted(),
    );
    for (const name of left.slice(1)) fs.utimesSync(at(name), new Date(0), new Date(0));
    OciLayout.create(folder);
    expect(fs.readdirSync(path.join(folder, "blobs"))).toEqual(["sha256"]);
  });

  it("of other things is not written into", () => {
    const folder = temporaryFolder();
    fs.writeFileSync(path.join(folder, "photo.jpg"), "");
    expect(errorOf(() => OciLayout.create(folder)).code).toBe("LAYOUT_FOREIGN");
    expect(errorOf(() => OciLayout.check(folder)).code).toBe("LAYOUT_FOREIGN");
    expect(fs.readdirSync(folder)).toEqual(["photo.jpg"]);
    OciLayout.check(path.join(folder, "new"));
    expect(fs.readdirSync(folder)).toEqual(["photo.jpg"]);
  });

  it("that is a file, or is not there, is no layout", () => {
    const file = path.join(temporaryFolder(), "file");
    expect(errorOf(() => OciLayout.open(file)).message).toContain("does not exist");
    fs.writeFileSync(file, "");
    expect(errorOf(() => OciLayout.open(file)).message).toContain("not a folder");
    expect(errorOf(() => OciLayout.create(file)).code).toBe("LAYOUT_FOREIGN");
    expect(errorOf(() => OciLayout.open(temporaryFolder())).message).toContain("no oci-layout");
  });

  it("of a later version is not understood", () => {
    const layout = freshLayout();
    fs.writeFileSync(path.join(layout.folder, "oci-layout"), '{"imageLayoutVersion":"2.0.0"}');
    expect(errorOf(() => OciLayout.open(layout.folder)).code).toBe("LAYOUT_FOREIGN");
  });

  it.skipIf(process.getuid?.() !== 0)("where this user may not write says so", () => {
    const folder = temporaryFolder();
    fs.chmodSync(folder, 0o755);
    const layout = OciLayout.create(path.join(folder, "layout")).folder;
    const module = path.join(import.meta.dirname, "../../src/oci-layout/oci-layout.ts");
    const script = `
      import { OciLayout } from ${JSON.stringify(module)};
      process.setuid(65534);
      const tell = ({ code, message }) => console.log(code, message);
      await OciLayout.open(${JSON.stringify(layout)}).putBlob(Buffer.from("x")).catch(tell);
      try { OciLayout.create(${JSON.stringify(`${folder}/other`)}) } catch (error) { tell(error) }
    `;
    const { stdout } = spawnSync(process.execPath, ["--input-type=module", "-e", script], {
      encoding: "utf8",
    });
    const [first, second] = stdout.split("\n");
    expect(first).toMatch(/^LAYOUT_UNWRITABLE .*layout.* cannot be written: permission denied$/);
    expect(second).toMatch(/^LAYOUT_UNWRITABLE .*other cannot be written: permission denied$/);
  });
});

describe("damage", () => {
  it.each([
    ["not JSON", "{", "not JSON"],
    ["a list", "[]", "manifests"],
    ["without a digest", '{"manifests":[{"size":1}]}', "manifests.0.digest"],
    [
      "a path for a digest",
      '{"manifests":[{"size":1,"digest":"sha256:../../../etc/passwd"}]}',
      "sha256",
    ],
    ["a negative size", `{"manifests":[{"size":-1,"digest":"sha256:${"0".repeat(64)}"}]}`, "size"],
  ])("an index.json that is %s", (_, text, told) => {
    const layout = freshLayout();
    fs.writeFileSync(path.join(layout.folder, "index.json"), text);
    const error = errorOf(() => OciLayout.open(layout.folder));
    expect(error.code).toBe("LAYOUT_DAMAGED");
    expect(error.message).toContain(told);
  });

  it("a manifest that is named and not there", async () => {
    const layout = freshLayout();
    await put(layout, "1.0", IMAGE);
    fs.rmSync(blobFile(layout, IMAGE.manifest.digest));
    expect((await failureOf(layout.readManifest("1.0"))).code).toBe("LAYOUT_DAMAGED");
  });

  it("a blob that is cut short, or has other bytes", async () => {
    const layout = freshLayout();
    await put(layout, "1.0", IMAGE);
    const layer = IMAGE.blobs[1]!;
    const file = blobFile(layout, digestOf(layer));
    fs.writeFileSync(file, layer.subarray(1));
    expect((await failureOf(read(layout, layer))).message).toContain("5 bytes long, not 6");
    fs.writeFileSync(file, "mottob");
    expect((await failureOf(read(layout, layer))).message).toContain(digestOf(layer));
    expect((await failureOf(layout.readBlob(digestOf(layer)))).code).toBe("LAYOUT_DAMAGED");
    fs.rmSync(file);
    expect((await failureOf(read(layout, layer))).message).toContain("it has no");
    expect(await layout.readBlob(digestOf(layer))).toBeUndefined();
  });

  it("a digest that is a path is never one", async () => {
    const layout = freshLayout();
    const error = await failureOf(layout.readBlob("sha256:../../index.json"));
    expect(error.code).toBe("DIGEST_UNKNOWN");
  });
});
