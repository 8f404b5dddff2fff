/** One thing that is wrong with a request. */
export interface ProblemDetail {
  /** Where it is: `body`, `query` or `path`. */
  readonly in: string;
  /** Absent when the whole of it is meant. */
  readonly field?: string;
  readonly message: string;
}

/** An answer that tells a client what went wrong. */
export class Problem extends Error {
  override readonly name = "Problem";
  readonly status: number;
  /** Stable, for programs. */
  readonly code: string;
  readonly details: readonly ProblemDetail[];
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    status: number,
    code: string,
    message: string,
    options: {
      readonly details?: readonly ProblemDetail[];
      readonly headers?: Readonly<Record<string, string>>;
      readonly cause?: unknown;
    } = {},
  ) {
    super(message, { cause: options.cause });
    this.status = status;
    this.code = code;
    this.details = options.details ?? [];
    this.headers = options.headers ?? {};
  }
}

/** The one shape in which every error is sent. */
export function problemBody(problem: Problem, requestId: string | null): object {
  const { code, message, details } = problem;
  return {
    error: {
      code,
      message,
      ...(details.length > 0 && { details }),
      ...(requestId !== null && { requestId }),
    },
  };
}
