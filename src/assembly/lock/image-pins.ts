import { VarveError } from "../../errors.ts";
import { readLockFile, writeLockFile } from "./lock-file.ts";
import type { ImageLock } from "./lock-file.ts";
import { pinChanges, saysTheSame } from "./pin-changes.ts";
import type { PinChange } from "./pin-changes.ts";

/**
 * `use`: what the lock says, and what it lacks is looked up and written there. `update`: everything
 * is looked up anew. `locked`: only what the lock says.
 */
export type LockMode = "use" | "update" | "locked";

/** What pins one image for one platform, kept in a lock file. */
export class ImagePins {
  readonly file: string;
  readonly mode: LockMode;
  readonly #image: string;
  readonly #platform: string;
  readonly #before: ImageLock;
  #now: ImageLock;

  /** @throws VarveError `LOCK_INVALID`, `LOCK_UNREADABLE` */
  constructor(file: string, image: string, platform: string, mode: LockMode) {
    this.file = file;
    this.mode = mode;
    this.#image = image;
    this.#platform = platform;
    this.#before = readLockFile(file)[image]?.[platform] ?? {};
    this.#now = {};
  }

  /**
   * What is pinned, or is looked up now.
   *
   * @param stale says why a pin does not fit what is wanted; undefined when it does
   * @throws VarveError `LOCK_STALE` when it would have to be looked up and may not be
   */
  async pin<Kind extends keyof ImageLock>(
    kind: Kind,
    stale: (pinned: NonNullable<ImageLock[Kind]>) => string | undefined,
    lookUp: () => Promise<NonNullable<ImageLock[Kind]>>,
  ): Promise<NonNullable<ImageLock[Kind]>> {
    const before = this.#before[kind];
    const why = before === undefined ? "it is not in there" : stale(before);
    if (before !== undefined && why === undefined && this.mode !== "update") {
      this.#now = { ...this.#now, [kind]: before };
      return before;
    }
    if (this.mode === "locked") {
      throw new VarveError("LOCK_STALE", `${this.file} does not pin ${WHAT[kind]}: ${why}`, {
        hint: "run varve lock, and commit the file",
      });
    }
    const found = await lookUp();
    // A suite that is younger and has nothing new for us is no reason to change the file.
    const isNew = before === undefined || !saysTheSame(before, found);
    const pinned = isNew ? found : before;
    this.#now = { ...this.#now, [kind]: pinned };
    return pinned;
  }

  /** What the lock file says otherwise, or does not say yet. */
  changes(): PinChange[] {
    return pinChanges(this.#before, this.#now);
  }

  /** Whether the lock file says all of this already. */
  get isSaved(): boolean {
    return JSON.stringify(inOrder(this.#now)) === JSON.stringify(inOrder(this.#before));
  }

  /**
   * Writes the lock file if it would change.
   *
   * @returns whether it was written
   * @throws VarveError `LOCK_UNWRITABLE`
   */
  save(): boolean {
    if (this.isSaved) return false;
    // Another process may have pinned another image meanwhile.
    const images = readLockFile(this.file);
    const platforms = { ...images[this.#image], [this.#platform]: inOrder(this.#now) };
    writeLockFile(this.file, { ...images, [this.#image]: platforms });
    return true;
  }
}

const WHAT: Readonly<Record<keyof ImageLock, string>> = {
  debian: "Debian's packages",
  node: "Node",
};

function inOrder({ debian, node }: ImageLock): ImageLock {
  return {
    ...(debian === undefined ? {} : { debian }),
    ...(node === undefined ? {} : { node }),
  };
}
