/** How often and how patiently something is tried again. */
export interface RetryPolicy {
  /** Tries altogether, without any progress between them. */
  readonly attempts: number;
  /** Milliseconds before the second try; doubles with each. */
  readonly base: number;
  /** Most milliseconds between two tries. */
  readonly most: number;
  /** Most milliseconds that a registry may ask to wait. */
  readonly mostAsked: number;
  readonly sleep: (milliseconds: number) => Promise<void>;
}

export const PATIENT: RetryPolicy = {
  attempts: 6,
  base: 250,
  most: 15_000,
  mostAsked: 300_000,
  sleep: (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds)),
};

/** An error that knows whether trying again makes sense. */
interface Temporary {
  readonly temporary: boolean;
  readonly retryAfter: number | undefined;
}

function isTemporary(error: unknown): error is Temporary {
  return error instanceof Error && "temporary" in error && error.temporary === true;
}

/** Counts failures in a row, and waits longer after each. */
export class Patience {
  readonly #policy: RetryPolicy;
  #failures = 0;

  constructor(policy: RetryPolicy) {
    this.#policy = policy;
  }

  /** Something went forward: the failures before do not count any more. */
  progressed(): void {
    this.#failures = 0;
  }

  /**
   * Waits before the next try: as long as the registry asks, else exponentially with jitter, so
   * that many clients do not come back in step.
   *
   * @throws the error itself when it is not temporary, or was the last one
   */
  async afterFailure(error: unknown): Promise<void> {
    const { attempts, base, most, mostAsked, sleep } = this.#policy;
    this.#failures += 1;
    if (!isTemporary(error) || this.#failures >= attempts) throw error;
    const asked = error.retryAfter;
    if (asked !== undefined && asked > mostAsked) throw error;
    const longest = Math.min(most, base * 2 ** (this.#failures - 1));
    await sleep(asked ?? longest * (0.5 + Math.random() / 2));
  }
}

/** Does something until it succeeds or fails for good. For what is safe to repeat only. */
export async function retrying<Result>(
  policy: RetryPolicy,
  attempt: () => Promise<Result>,
): Promise<Result> {
  const patience = new Patience(policy);
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      await patience.afterFailure(error);
    }
  }
}

/** The milliseconds of a `Retry-After` header: seconds or a date (RFC 9110, section 10.2.3). */
export function retryAfterOf(header: string | undefined, now = Date.now()): number | undefined {
  if (header === undefined) return undefined;
  if (/^\s*\d+\s*$/.test(header)) return Number(header) * 1000;
  const date = Date.parse(header);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}
