import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import { VarveError } from "../../errors.ts";
import type { PlainError, Request, Response, TaskName, Tasks } from "./protocol.ts";

/** More workers than this do not help: the disk and the memory bus are shared. */
const MOST_WORKERS = 8;

/**
 * Megabytes that a worker's heap may have for what is soon forgotten, which is nearly all it has.
 * Memory that is used again stays in the processor's cache.
 */
const YOUNG_HEAP = 3;

/**
 * What a worker runs first: the compile cache is a thread's own, and with it a worker is ready in
 * half the time.
 */
const WORKER_START = `
  require("node:module").enableCompileCache?.();
  import(require("node:worker_threads").workerData);
`;

interface Job {
  readonly task: TaskName;
  readonly input: Tasks[TaskName]["input"];
  readonly transfer: readonly ArrayBuffer[];
  readonly onChunk: (() => void) | undefined;
  readonly resolve: (output: never) => void;
  readonly reject: (error: Error) => void;
}

export interface RunOptions {
  /** Goes before jobs that wait already: somebody waits for its bytes now. */
  readonly urgent?: boolean;
  /** Buffers that are handed over rather than copied. */
  readonly transfer?: readonly ArrayBuffer[];
  /** Called for each chunk that a `stream` task announces. */
  readonly onChunk?: () => void;
}

/**
 * Worker threads that pack and compress. The work in a worker is synchronous, since file calls
 * that are awaited cost 28 times as much (reference: dependencies, section 2).
 */
export class WorkerPool {
  readonly #limit: number;
  readonly #idle: Worker[] = [];
  readonly #busy = new Map<Worker, Job>();
  readonly #waiting: Job[] = [];
  readonly #urgent: Job[] = [];
  #started = 0;
  #closed = false;

  /** @param jobs how many workers at most; by default one a core */
  constructor(jobs: number = availableParallelism()) {
    this.#limit = Math.max(1, Math.min(jobs, MOST_WORKERS));
  }

  /** How many jobs run at a time. */
  get parallelism(): number {
    return this.#limit;
  }

  /**
   * Starts workers now, so that they come up while other things are done.
   *
   * @param count how many shall there be; by default as many as there may
   */
  warmUp(count: number = this.#limit): void {
    while (this.#started < Math.min(count, this.#limit)) this.#idle.push(this.#start());
  }

  /** Runs a task on the next free worker. Errors come back as the worker threw them. */
  run<Name extends TaskName>(
    task: Name,
    input: Tasks[Name]["input"],
    options: RunOptions = {},
  ): Promise<Tasks[Name]["output"]> {
    return new Promise((resolve, reject) => {
      if (this.#closed) {
        reject(new VarveError("INTERNAL", "the worker pool is closed"));
        return;
      }
      const job: Job = {
        task,
        input,
        transfer: options.transfer ?? [],
        onChunk: options.onChunk,
        resolve,
        reject,
      };
      (options.urgent === true ? this.#urgent : this.#waiting).push(job);
      this.#dispatch();
    });
  }

  /** Ends all workers, in the middle of their work if need be. Jobs that wait are rejected. */
  async close(): Promise<void> {
    this.#closed = true;
    const gone = new VarveError("INTERRUPTED", "the work was ended");
    for (const job of [...this.#urgent, ...this.#waiting]) job.reject(gone);
    this.#urgent.length = 0;
    this.#waiting.length = 0;
    const workers = [...this.#idle, ...this.#busy.keys()];
    for (const job of this.#busy.values()) job.reject(gone);
    this.#busy.clear();
    this.#idle.length = 0;
    await Promise.all(workers.map((worker) => worker.terminate()));
  }

  #dispatch(): void {
    while (this.#urgent.length + this.#waiting.length > 0) {
      const worker = this.#idle.pop() ?? (this.#started < this.#limit ? this.#start() : undefined);
      if (worker === undefined) return;
      const job = (this.#urgent.shift() ?? this.#waiting.shift())!;
      this.#busy.set(worker, job);
      worker.ref();
      const request = { task: job.task, input: job.input } as Request;
      worker.postMessage(request, job.transfer);
    }
  }

  #start(): Worker {
    this.#started += 1;
    const worker = new Worker(WORKER_START, {
      eval: true,
      workerData: workerFile().href,
      // Captured, or Node.js would open this process' standard output, which makes a pipe
      // non-blocking for everybody who shares it.
      stdout: true,
      stderr: true,
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_HEAP },
    });
    worker.on("message", (response: Response) => {
      this.#receive(worker, response);
    });
    let cause = new Error("a worker ended by itself");
    worker.on("error", (error: unknown) => {
      cause = error instanceof Error ? error : new Error(String(error));
    });
    worker.on("exit", () => {
      this.#fail(worker, cause);
    });
    worker.unref();
    return worker;
  }

  #receive(worker: Worker, response: Response): void {
    const job = this.#busy.get(worker);
    if (job === undefined) return;
    if ("chunk" in response) {
      job.onChunk?.();
      return;
    }
    this.#busy.delete(worker);
    this.#idle.push(worker);
    worker.unref();
    if ("error" in response) job.reject(errorOf(response.error));
    else job.resolve(response.output as never);
    this.#dispatch();
  }

  /** The worker itself died: its job fails, and another worker takes its place. */
  #fail(worker: Worker, error: Error): void {
    this.#started -= 1;
    const idle = this.#idle.indexOf(worker);
    if (idle !== -1) this.#idle.splice(idle, 1);
    const job = this.#busy.get(worker);
    this.#busy.delete(worker);
    job?.reject(error);
    this.#dispatch();
  }
}

/** Run from source it is TypeScript, published it is JavaScript: like this file. */
function workerFile(): URL {
  const suffix = import.meta.filename.endsWith(".ts") ? "ts" : "js";
  return new URL(`./pack-worker.${suffix}`, import.meta.url);
}

function errorOf(plain: PlainError): Error {
  if (plain.code === "INTERNAL") {
    const error = new Error(plain.message);
    if (plain.stack !== undefined) error.stack = plain.stack;
    return error;
  }
  const options = plain.hint === undefined ? {} : { hint: plain.hint };
  return new VarveError(plain.code, plain.message, options);
}
