import { availableParallelism } from "node:os";
import { Compressor } from "../packing/codec/compressor.ts";
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
  #compressor: Compressor | undefined;

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

  /** What compresses: only those who do load it. */
  compressor(): Compressor {
    this.#compressor ??= new Compressor(this.#jobs);
    return this.#compressor;
  }

  /** Starts a worker, which takes a while, beside the finding out of what there is to do. */
  expectWork(): void {
    this.#packPool.warmUp(1);
  }

  async close(): Promise<void> {
    this.announcer.finish();
    await Promise.all([this.#packPool.close(), this.#measuringPool.close()]);
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
