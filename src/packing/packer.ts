import { VarveError } from "../errors.ts";
import type { StreamOptions } from "../image/layer.ts";
import { displayText } from "../tar/byte-string.ts";
import type { DigestStore } from "./digest-store.ts";
import type { LayerDigest, LayerSpec } from "./layer-spec.ts";
import { RecentWalks } from "./recent-walks.ts";
import { createRing, RingReader } from "./workers/ring.ts";
import type { WorkerPool } from "./workers/pool.ts";
import { abandonRing, createSharedRing } from "./workers/shared-ring.ts";

export interface PackerOptions {
  readonly pool: WorkerPool;
  /** Workers that find lengths, beside those that are busy with content; `pool` if absent. */
  readonly measuringPool?: WorkerPool | undefined;
  /** Where digests are remembered; none means they are made anew each time. */
  readonly digests?: DigestStore | undefined;
  /** Do not believe remembered digests (they are still written). */
  readonly ignoreRemembered?: boolean;
  /** Layers' bytes are wanted for certain: workers start as soon as it is known how many. */
  readonly isEager?: boolean;
}

/** A layer that is written; its digest is about to be known. */
export interface Hashing {
  readonly digest: Promise<LayerDigest>;
}

/** Two workers at one layer. */
interface Pair<Output> {
  /** The length of what one has made; undefined when the other has failed. */
  readonly made: Promise<number | undefined>;
  /** What the other has found. */
  readonly taken: Promise<Output>;
}

/** Makes the bytes of layers, and their digests, on worker threads. */
export class Packer {
  readonly #pool: WorkerPool;
  readonly #measuringPool: WorkerPool;
  readonly #digests: DigestStore | undefined;
  readonly #ignoreRemembered: boolean;
  readonly #isEager: boolean;
  /** What was found when lengths were. */
  readonly #walks = new RecentWalks();
  /** Settled when the next pair of workers may begin. */
  #nextPair: Promise<unknown> = Promise.resolve();
  #lastTaken: Promise<unknown> = Promise.resolve();
  /** Between pairs, at most two: used again, since fresh memory costs as much as hashing. */
  readonly #rings: SharedArrayBuffer[] = [];
  /** The same between streams. */
  readonly #streamRings: SharedArrayBuffer[] = [];

  constructor(options: PackerOptions) {
    this.#pool = options.pool;
    this.#measuringPool = options.measuringPool ?? options.pool;
    this.#digests = options.digests;
    this.#ignoreRemembered = options.ignoreRemembered ?? false;
    this.#isEager = options.isEager ?? false;
    if (this.#isEager) this.#pool.warmUp(2);
  }

  /** Whether digests that somebody has found before count. */
  get believes(): boolean {
    return !this.#ignoreRemembered;
  }

  /** What is remembered of a layer with this content key. */
  remembered(contentKey: string | undefined): LayerDigest | undefined {
    const known =
      contentKey === undefined || this.#ignoreRemembered
        ? undefined
        : this.#digests?.get(contentKey);
    if (known === undefined && this.#isEager) {
      // It will be measured, and hashed while it is written.
      this.#measuringPool.warmUp(1);
      this.#pool.warmUp(2);
    }
    return known;
  }

  /** Remembers a digest for the next time. */
  remember(contentKey: string | undefined, digest: LayerDigest): void {
    if (contentKey !== undefined) this.#digests?.put(contentKey, digest);
  }

  /** The layer's diffID and size, found by packing it into nothing. */
  digest(spec: LayerSpec): Promise<LayerDigest> {
    return this.#pool.run("digest", { spec });
  }

  /** The length of the layer's tar, found without reading content. */
  async measure(spec: LayerSpec): Promise<number> {
    const { size, record } = await this.#measuringPool.run("measure", { spec });
    if (record !== undefined) this.#walks.put(spec, record);
    return size;
  }

  /**
   * Writes the layer's tar to a file descriptor, from the workers themselves: one reads and another
   * writes, so that neither the disk nor whoever reads a pipe waits for the other.
   */
  async write(spec: LayerSpec, fd: number, size: number): Promise<void> {
    if (this.#pool.parallelism < 2) {
      const input = { spec, record: this.#walks.take(spec), fd, ring: undefined };
      refuseOtherSize(spec, await this.#pool.run("write", input, { urgent: true }), size);
      return;
    }
    const { made, taken } = this.#pair(spec, undefined, (ring) =>
      this.#pool.run("put", { ring, fd }, { urgent: true }),
    );
    // Nobody may write there any more when this fails: the descriptor will be closed, and its number
    // stand for another file.
    await Promise.allSettled([made, taken]);
    const [length] = [await made, await taken];
    refuseOtherSize(spec, length, size);
  }

  /**
   * The same, and finds the diffID of what it writes: one worker writes and another hashes. It is
   * written when this is fulfilled; what is left to be hashed goes on beside the next layer.
   */
  async writeAndHash(spec: LayerSpec, fd: number, size: number): Promise<Hashing> {
    if (this.#pool.parallelism < 2) {
      const digest = await this.digest(spec);
      await this.write(spec, fd, size);
      return { digest: Promise.resolve(digest) };
    }
    const { made, taken } = this.#pair(spec, fd, (ring) =>
      this.#pool.run("hash", { ring }, { urgent: true }),
    );
    const digest = Promise.all([taken, made]).then(([hex]) => ({ diffId: `sha256:${hex}`, size }));
    digest.catch(() => undefined);
    const length = (await made) ?? (await taken.then(() => made));
    refuseOtherSize(spec, length, size);
    return { digest };
  }

  /** Two workers at one layer, when the workers are free for it: one makes, another takes. */
  #pair<Output>(
    spec: LayerSpec,
    fd: number | undefined,
    take: (ring: SharedArrayBuffer) => Promise<Output>,
  ): Pair<Output> {
    const begun = this.#nextPair.then(() => {
      const ring = this.#rings.pop() ?? createSharedRing();
      const input = { spec, record: this.#walks.take(spec), fd, ring };
      const making = this.#pool.run("write", input, { urgent: true });
      const taking = take(ring);
      // After a failure the other worker may still be at it: the next pair gets a ring of its own.
      Promise.all([making, taking]).then(
        () => this.#rings.push(ring),
        () => {
          abandonRing(ring);
        },
      );
      return { making, taking };
    });
    const made = begun.then(({ making }) => making);
    const taken = begun.then(({ taking }) => taking);
    // One makes at a time, since two could each wait for the other's worker; and one is ahead.
    this.#nextPair = Promise.allSettled([made, this.#lastTaken]);
    this.#lastTaken = Promise.allSettled([taken]);
    return { made, taken };
  }

  /**
   * The layer's tar as a stream of chunks; not faster than it is consumed.
   *
   * @param onDigest told the diffID of what was streamed, if it is wanted
   */
  async *stream(
    spec: LayerSpec,
    size: number,
    onDigest?: (digest: LayerDigest) => void,
    { lent = false }: StreamOptions = {},
  ): AsyncGenerator<Uint8Array, void, undefined> {
    const ring = this.#streamRings.pop() ?? createRing();
    const reader = new RingReader(ring);
    let announced = 0;
    let wake: (() => void) | undefined;
    let ended = false;
    const onChunk = (): void => {
      announced += 1;
      wake?.();
    };
    const input = { spec, record: this.#walks.take(spec), ring, hashed: onDigest !== undefined };
    const finished = this.#pool.run("stream", input, { urgent: true, onChunk }).finally(() => {
      ended = true;
      wake?.();
    });
    finished.catch(() => undefined);
    try {
      for (;;) {
        while (announced > 0) {
          announced -= 1;
          if (lent) {
            yield reader.look();
            reader.free();
          } else yield reader.take();
        }
        if (ended) break;
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      const { diffId, size: streamed } = await finished;
      // It is as new: everything was taken, and the worker is gone.
      this.#streamRings.push(ring);
      refuseOtherSize(spec, streamed, size);
      if (diffId !== undefined) onDigest?.({ diffId, size });
    } finally {
      if (!ended) {
        reader.cancel();
        await finished.catch(() => undefined);
      }
    }
  }
}

function refuseOtherSize(spec: LayerSpec, written: number | undefined, promised: number): void {
  if (written === promised) return;
  const paths = spec.trees.map(({ from }) => displayText(from)).join(", ") || "generated files";
  throw new VarveError(
    "PACK_CHANGED",
    `the layer of ${paths} came out ${written} bytes long where ${promised} were promised: its content changed`,
    { hint: "run again with --no-cache when nothing writes there" },
  );
}
