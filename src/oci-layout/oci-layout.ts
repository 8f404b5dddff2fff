import { randomInt } from "node:crypto";
import * as fs from "node:fs";
import path from "node:path";
import { fileReasonOf, systemCodeOf, VarveError } from "../errors.ts";
import type {
  BlobWay,
  ContentSource,
  ContentStore,
  StoredManifest,
} from "../image/content-store.ts";
import type { Descriptor } from "../image/descriptor.ts";
import { digestOf, isDigest } from "../image/digest.ts";
import { verifiedBytes } from "../archives/verified-bytes.ts";
import { fileBytes } from "../io/file-bytes.ts";
import { removeQuietly } from "../io/unfinished-files.ts";
import { attempt } from "./attempt.ts";
import { BlobFolder } from "./blob-folder.ts";
import { withLock } from "./index-lock.ts";
import { LAYOUT_FILE } from "./layout-file.ts";
import { checkLayoutName, LayoutIndex } from "./layout-index.ts";
import type { EntryNames, IndexEntry } from "./layout-index.ts";
import { reachableFrom } from "./reachable.ts";
import { readManifestOf } from "./read-manifest.ts";

/** What a layout consists of, and what is there while it is written. */
const OWN_FILES = /^(?:oci-layout|index\.json|blobs|\.index\.json\.lock|\..+\.partial)$/;
/** Manifests, indexes and configs: what is read whole. */
const LARGEST_SMALL_BLOB = 64 << 20;

/**
 * An OCI image layout in a folder (OCI image-spec, image-layout.md).
 *
 * A blob is written beside its place and renamed when its digest is right; `index.json` is replaced
 * in one step, last, under a lock. So a layout is whole at any moment, however a process ends, and
 * processes at work together lose nothing of each other's.
 */
export class OciLayout implements ContentStore {
  readonly isLocal = true;
  readonly folder: string;
  readonly #blobs: BlobFolder;

  private constructor(folder: string) {
    this.folder = folder;
    this.#blobs = new BlobFolder(folder);
  }

  /**
   * Opens a layout that exists.
   *
   * @throws VarveError `LAYOUT_FOREIGN`, `LAYOUT_UNREADABLE`, `LAYOUT_DAMAGED`
   */
  static open(folder: string): OciLayout {
    if (!isLayout(folder)) {
      throw new VarveError("LAYOUT_FOREIGN", `${folder} is not an OCI layout: ${whyNot(folder)}`, {
        hint: "give a folder that holds oci-layout, index.json and blobs",
      });
    }
    const layout = new OciLayout(folder);
    checkVersion(folder);
    layout.#index();
    return layout;
  }

  /**
   * Opens a layout, or makes an empty one where there is nothing yet.
   *
   * @throws VarveError `LAYOUT_FOREIGN` for a folder that holds other things, `LAYOUT_UNWRITABLE`
   */
  static create(folder: string): OciLayout {
    if (!isLayout(folder)) {
      checkUnused(folder);
      attempt(folder, "written", () => {
        fs.mkdirSync(path.join(folder, "blobs", "sha256"), { recursive: true });
        writeIfAbsent(path.join(folder, "index.json"), new LayoutIndex(folder, []).bytes());
        writeIfAbsent(path.join(folder, "oci-layout"), Buffer.from(LAYOUT_FILE));
      });
    }
    const layout = OciLayout.open(folder);
    attempt(folder, "written", () => {
      fs.mkdirSync(path.join(folder, "blobs", "sha256"), { recursive: true });
    });
    layout.#blobs.removeAbandoned();
    return layout;
  }

  /**
   * Refuses a folder that `create` would refuse, and changes nothing.
   *
   * @throws VarveError `LAYOUT_FOREIGN`, `LAYOUT_UNREADABLE`, `LAYOUT_DAMAGED`
   */
  static check(folder: string): void {
    if (isLayout(folder)) OciLayout.open(folder);
    else checkUnused(folder);
  }

  get fullName(): string {
    return `oci:${this.folder}`;
  }

  /** Every name that stands for an image here. */
  names(): string[] {
    return this.#index().names();
  }

  /** What `index.json` lists, as it lists it. */
  entries(): readonly IndexEntry[] {
    return this.#index().entries;
  }

  /**
   * The manifest or index of a tag, a full name or a digest; of the only image for an empty
   * version.
   *
   * @throws VarveError `IMAGE_AMBIGUOUS` with the names there are, `LAYOUT_DAMAGED`
   */
  async readManifest(version: string): Promise<StoredManifest | undefined> {
    return readManifestOf(this.#index(), version, this);
  }

  /** Whether a blob is there in its full length. */
  hasWhole({ digest, size }: Pick<Descriptor, "digest" | "size">): boolean {
    return this.#blobs.sizeOf(digest) === size;
  }

  async hasBlob(digest: string): Promise<boolean> {
    return this.#blobs.sizeOf(digest) !== undefined;
  }

  async readBlob(digest: string): Promise<Buffer | undefined> {
    const size = this.#blobs.sizeOf(digest);
    if (size === undefined) return undefined;
    if (size > LARGEST_SMALL_BLOB) this.#damaged(`${digest} is too large for what it shall be`);
    const file = this.#blobs.fileOf(digest);
    const bytes = attempt(file, "read", () => fs.readFileSync(file));
    return digestOf(bytes) === digest ? bytes : this.#damaged(`${digest} has other bytes`);
  }

  async *openBlob({
    digest,
    size,
  }: Pick<Descriptor, "digest" | "size">): AsyncGenerator<Uint8Array, void, undefined> {
    const length = this.#blobs.sizeOf(digest);
    if (length === undefined) this.#damaged(`it has no ${digest}`);
    if (length !== size) this.#damaged(`${digest} is ${length} bytes long, not ${size}`);
    const file = this.#blobs.fileOf(digest);
    const fd = attempt(file, "read", () => fs.openSync(file, "r"));
    try {
      const what = `${this.fullName} is damaged: the blob`;
      yield* verifiedBytes(fileBytes(fd, 0, length), digest, what);
    } finally {
      fs.closeSync(fd);
    }
  }

  /** From another layout of the same file system the file is cloned or linked, once it is checked. */
  async takeBlob(
    blob: Pick<Descriptor, "digest" | "size">,
    from: ContentSource,
    onSent: (bytes: number) => void = () => undefined,
  ): Promise<BlobWay> {
    const { digest, size } = blob;
    if (this.#blobs.sizeOf(digest) === size) return "present";
    if (from instanceof OciLayout) {
      for await (const _ of from.openBlob(blob));
      if (this.#blobs.adopt(from.#blobs.fileOf(digest), digest)) return "mounted";
    }
    const written = await this.#blobs.write(from.openBlob(blob), { digest, size }, onSent);
    return written.present ? "present" : "sent";
  }

  async putBlob(
    bytes: Uint8Array,
    onSent: (bytes: number) => void = () => undefined,
  ): Promise<BlobWay> {
    const digest = digestOf(bytes);
    const size = bytes.length;
    if (this.#blobs.sizeOf(digest) === size) return "present";
    const { present } = await this.#blobs.write(onlyChunk(bytes), { digest, size }, onSent);
    return present ? "present" : "sent";
  }

  /** Keeps whatever bytes come; their digest is found on the way. */
  async writeBlob(
    chunks: AsyncIterable<Uint8Array>,
    onSent: (bytes: number) => void = () => undefined,
  ): Promise<{ digest: string; size: number; present: boolean }> {
    return this.#blobs.write(chunks, undefined, onSent);
  }

  /**
   * Keeps a blob that `make` writes to a file descriptor.
   *
   * @param make returns what it wrote, which is believed
   */
  async writeBlobTo(
    make: (fd: number) => Promise<{ digest: string; size: number }>,
  ): Promise<{ digest: string; size: number; present: boolean }> {
    return this.#blobs.place(make);
  }

  /**
   * Puts a manifest or index under a name. Under a digest it is kept as part of another image,
   * which is named later; under an empty version it is the layout's image without a name.
   *
   * @param fullName `docker.io/library/app:1.0`, for containerd, Docker and podman
   */
  async putManifest(
    version: string,
    bytes: Buffer,
    mediaType: string,
    fullName?: string,
  ): Promise<void> {
    if (!isDigest(version)) checkLayoutName(version);
    await this.putBlob(bytes);
    if (isDigest(version)) return;
    const descriptor = { mediaType, digest: digestOf(bytes), size: bytes.length };
    await this.setNames(descriptor, [{ name: version, fullName }]);
  }

  /** Puts a manifest or index under a name that stands for what is expected, under the lock. */
  async exchangeManifest(
    version: string,
    bytes: Buffer,
    mediaType: string,
    expected: string | undefined,
  ): Promise<boolean> {
    checkLayoutName(version);
    await this.putBlob(bytes);
    const descriptor = { mediaType, digest: digestOf(bytes), size: bytes.length };
    let isExpected = false;
    await this.#change((index) => {
      const found = index.find(version);
      const there = found?.kind === "index" ? digestOf(found.bytes) : found?.entry.digest;
      isExpected = there === expected;
      return isExpected ? index.with(descriptor, { name: version }) : index;
    });
    return isExpected;
  }

  /** Names a manifest or index that is here already. */
  async setNames(descriptor: Descriptor, names: readonly EntryNames[]): Promise<void> {
    for (const { name } of names) checkLayoutName(name);
    await this.#change((index) => {
      let changed = index;
      for (const each of names) changed = changed.with(descriptor, each);
      return changed;
    });
  }

  /** Takes a name away. What it stood for stays until `removeUnused`. */
  async removeName(name: string): Promise<void> {
    await this.#change((index) => index.without(name));
  }

  /**
   * Removes blobs that no image of the layout needs. Not while others write to the layout: their
   * blobs are not named yet.
   *
   * @returns bytes removed
   */
  async removeUnused(): Promise<number> {
    const used = await reachableFrom(this, this.entries());
    let removed = 0;
    for (const digest of this.#blobs.list()) {
      if (used.has(digest)) continue;
      removed += this.#blobs.sizeOf(digest) ?? 0;
      const file = this.#blobs.fileOf(digest);
      attempt(file, "written", () => {
        fs.rmSync(file, { force: true });
      });
    }
    return removed;
  }

  async #change(change: (index: LayoutIndex) => LayoutIndex): Promise<void> {
    const file = path.join(this.folder, "index.json");
    await withLock(path.join(this.folder, ".index.json.lock"), () => {
      replace(file, change(this.#index()).bytes());
    });
  }

  #index(): LayoutIndex {
    const file = path.join(this.folder, "index.json");
    return LayoutIndex.parse(
      this.fullName,
      attempt(file, "read", () => fs.readFileSync(file)),
    );
  }

  #damaged(what: string): never {
    throw new VarveError("LAYOUT_DAMAGED", `${this.fullName} is damaged: ${what}`, {
      hint: "get it again, or build it anew",
    });
  }
}

function isLayout(folder: string): boolean {
  return ["oci-layout", "index.json"].every((name) => fs.existsSync(path.join(folder, name)));
}

function whyNot(folder: string): string {
  const stats = fs.statSync(folder, { throwIfNoEntry: false });
  if (stats === undefined) return "it does not exist";
  if (!stats.isDirectory()) return "it is not a folder";
  const missing = ["oci-layout", "index.json"].find(
    (name) => !fs.existsSync(path.join(folder, name)),
  );
  return `it has no ${missing}`;
}

function checkVersion(folder: string): void {
  const file = path.join(folder, "oci-layout");
  const text = attempt(file, "read", () => fs.readFileSync(file, "utf8"));
  if (/"imageLayoutVersion"\s*:\s*"1\./.test(text)) return;
  throw new VarveError("LAYOUT_FOREIGN", `${folder} is not an OCI layout of version 1`, {
    hint: 'its file oci-layout must hold {"imageLayoutVersion":"1.0.0"}',
  });
}

/** A folder of something else is not written into. */
function checkUnused(folder: string): void {
  let names: string[];
  try {
    names = fs.readdirSync(folder);
  } catch (error) {
    if (fs.statSync(folder, { throwIfNoEntry: false }) === undefined) return;
    throw new VarveError("LAYOUT_FOREIGN", `${folder} cannot be a layout: ${reason(error)}`, {
      cause: error,
      hint: "give a folder for the layout",
    });
  }
  // What an interrupted beginning has left is gone on with.
  if (names.every((name) => OWN_FILES.test(name))) return;
  throw new VarveError("LAYOUT_FOREIGN", `${folder} holds other things than an OCI layout`, {
    hint: "give an empty folder, or one that does not exist yet",
  });
}

function reason(error: unknown): string {
  const why = fileReasonOf(error);
  return why === "there is no such file" ? "it is not a folder" : why;
}

/** Does not touch what another process has just put there. */
function writeIfAbsent(file: string, bytes: Buffer): void {
  const beside = besideOf(file);
  try {
    fs.writeFileSync(beside, bytes, { flag: "wx" });
    if (!fs.existsSync(file)) linkOrRename(beside, file);
  } catch (error) {
    if (!fs.existsSync(file)) throw error;
  } finally {
    removeQuietly(beside);
  }
}

/** Linking replaces nothing; some file systems have no links. */
function linkOrRename(from: string, to: string): void {
  try {
    fs.linkSync(from, to);
  } catch (error) {
    if (systemCodeOf(error) === "EEXIST") throw error;
    fs.renameSync(from, to);
  }
}

function replace(file: string, bytes: Buffer): void {
  const beside = besideOf(file);
  try {
    attempt(file, "written", () => {
      fs.writeFileSync(beside, bytes, { flag: "wx", flush: true });
      fs.renameSync(beside, file);
    });
  } catch (error) {
    removeQuietly(beside);
    throw error;
  }
}

function besideOf(file: string): string {
  const { dir, base } = path.parse(file);
  return path.join(dir, `.${base}.${randomInt(2 ** 47).toString(16)}.partial`);
}

async function* onlyChunk(bytes: Uint8Array): AsyncGenerator<Uint8Array, void, undefined> {
  yield bytes;
}
