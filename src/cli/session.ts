import { availableParallelism } from "node:os";
import { DigestStore } from "../packing/digest-store.ts";
import { Packer } from "../packing/packer.ts";
import { WorkerPool } from "../packing/workers/pool.ts";
import type { ReportProgress } from "../progress/events.ts";
import { Announcer } from "./announcer.ts";
import type { WorkFlags } from "./flags.ts";

export interface SessionOptions {
  /** `false` for work that often needs no worker: they start when the first is needed. */
  readonly warmUp?: boolean;
  /** Whether what is packed is compressed, for which most of the processors are wanted. */
  readonly compresses?: boolean;
}

/** While one worker packs, so many compress: it is several times as quick. */
const COMPRESSORS_A_PACKER = 4;

/** The workers, caches and progress of one command. */
export class Session {
  readonly packer: Packer;
  readonly announcer: Announcer;
  readonly #packPool: WorkerPool;
  readonly #measuringPool: WorkerPool;
  readonly #jobs: number | undefined;
  #codecPool: WorkerPool | undefined;

  constructor(flags: WorkFlags, options: SessionOptions = {}) {
    this.#jobs = flags.jobs;
    this.announcer = new Announcer(flags);
    if (options.compresses === true) {
      const jobs = flags.jobs ?? availableParallelism();
      this.#packPool = new WorkerPool(Math.ceil(jobs / COMPRESSORS_A_PACKER));
      this.#measuringPool = this.#packPool;
    } else {
      this.#packPool = new WorkerPool(flags.jobs);
      this.#measuringPool = new WorkerPool(1);
    }
    this.packer = new Packer({
      pool: this.#packPool,
      measuringPool: this.#measuringPool,
      digests: new DigestStore(),
      ignoreRemembered: flags.noCache,
      isEager: options.warmUp !== false,
    });
  }

  get report(): ReportProgress {
    return this.announcer.report;
  }

  /**
   * Workers that compress. They are others than those that pack: a packing worker waits until its
   * bytes are compressed, so that sharing could leave nobody to do it.
   */
  codecPool(): WorkerPool {
    this.#codecPool ??= new WorkerPool(this.#jobs);
    return this.#codecPool;
  }

  /** Starts a worker, which takes a while, beside the finding out of what there is to do. */
  expectWork(): void {
    this.#packPool.warmUp(1);
  }

  async close(): Promise<void> {
    this.announcer.finish();
    await Promise.all([
      this.#packPool.close(),
      this.#measuringPool.close(),
      this.#codecPool?.close(),
    ]);
  }
}

/** Runs a command's work in a session, which ends however the work does. */
export async function inSession<Result>(
  flags: WorkFlags,
  work: (session: Session) => Promise<Result>,
  options?: SessionOptions,
): Promise<Result> {
  const session = new Session(flags, options);
  try {
    return await work(session);
  } finally {
    await session.close();
  }
}
