import { createHash } from "node:crypto";
import * as fs from "node:fs";
import path from "node:path";
import * as v from "valibot";
import type { EngineInfo } from "../../engine/info.ts";
import { cacheFolder } from "../../packing/digest-store.ts";

/** An image that was loaded into an engine. */
export interface RememberedImage {
  /** The engine's own ID for it: a digest from which its layers follow. */
  readonly id: string;
  /** From the bottom up. */
  readonly diffIds: readonly string[];
}

/** Images remembered of an engine: as many as somebody works on at a time. */
const MOST_REMEMBERED = 32;

/** The folder's version: of another form of its files. */
const FOLDER = "engines-1";
const KEY_LENGTH = 32;

/** Digests are only ever compared, so that their form need not be checked: there are thousands. */
const memorySchema = v.object({
  images: v.pipe(
    v.array(v.object({ id: v.string(), diffIds: v.array(v.string()) })),
    v.maxLength(MOST_REMEMBERED),
  ),
});

/**
 * What was loaded into one engine lately, in the cache folder. It only says where to look: an image
 * counts when the engine says that it has this ID. Written beside and renamed, so that processes
 * at work together do no harm; what cannot be read or written is as if it were not there.
 */
export class EngineMemory {
  readonly images: readonly RememberedImage[];
  readonly #file: string | undefined;

  private constructor(file: string | undefined) {
    this.#file = file;
    this.images = read(file);
  }

  /**
   * @param address where the engine is. Its own ID is not enough: engines of Docker 20.10 on one
   *   machine share it
   */
  static of(
    address: string,
    info: Pick<EngineInfo, "product" | "id" | "driver">,
    folder: string | undefined = cacheFolder(),
  ): EngineMemory {
    // podman makes up a new ID each time.
    const id = info.product === "podman" ? "" : info.id;
    const key = createHash("sha256").update([address, id, info.driver].join("\n")).digest("hex");
    const name = `${key.slice(0, KEY_LENGTH)}.json`;
    return new EngineMemory(folder === undefined ? undefined : path.join(folder, FOLDER, name));
  }

  /** The layers of the image with this ID, if it is remembered. */
  get(id: string): readonly string[] | undefined {
    return this.images.find((image) => image.id === id)?.diffIds;
  }

  put(image: RememberedImage): void {
    const file = this.#file;
    if (file === undefined || this.images[0]?.id === image.id) return;
    // Read again: another process may have written meanwhile.
    const others = read(file).filter(({ id }) => id !== image.id);
    const images = [image, ...others].slice(0, MOST_REMEMBERED);
    const beside = `${file}.${process.pid}.tmp`;
    try {
      fs.mkdirSync(path.dirname(file), { recursive: true });
      fs.writeFileSync(beside, JSON.stringify({ images }));
      fs.renameSync(beside, file);
    } catch {
      // Nothing is remembered then, and what was written beside is of no use to anybody.
      removeQuietly(beside);
    }
  }
}

function read(file: string | undefined): readonly RememberedImage[] {
  if (file === undefined) return [];
  try {
    return v.parse(memorySchema, JSON.parse(fs.readFileSync(file, "utf8"))).images;
  } catch {
    return [];
  }
}

function removeQuietly(file: string): void {
  try {
    fs.rmSync(file, { force: true });
  } catch {
    // Nor can it have been written.
  }
}
