import { STATUS_CODES } from "node:http";
import type { IncomingHttpHeaders } from "node:http";
import * as v from "valibot";
import { VarveError } from "../errors.ts";
import type { VarveErrorOptions } from "../errors.ts";
import { shownUrl } from "./redact.ts";
import { retryAfterOf } from "./retry.ts";

/** Statuses that may be another one next time (reference: registry-protocol, section 10). */
const TEMPORARY = new Set([408, 425, 429, 499, 500, 502, 503, 504, 522, 524]);
/** Characters of a body that is not a registry's: a proxy's page, most often. */
const EXCERPT_LENGTH = 120;

const errorsSchema = v.object({
  errors: v.pipe(
    v.array(
      v.object({
        code: v.optional(v.string(), "UNKNOWN"),
        message: v.optional(v.nullable(v.string())),
        detail: v.optional(v.unknown()),
      }),
    ),
    v.minLength(1),
  ),
});

/** One entry of a registry's error body (OCI distribution-spec, "Error Codes"). */
interface RegistryComplaint {
  readonly code: string;
  readonly message?: string | null | undefined;
  readonly detail?: unknown;
}

interface RegistryErrorOptions extends VarveErrorOptions {
  /** HTTP status; undefined when there was no answer. */
  readonly status?: number;
  readonly complaints?: readonly RegistryComplaint[];
  readonly temporary: boolean;
  /** Milliseconds that the registry asks to wait. */
  readonly retryAfter?: number | undefined;
}

/** A registry said no, or said nothing. Knows by itself whether trying again makes sense. */
export class RegistryError extends VarveError {
  readonly status: number | undefined;
  readonly complaints: readonly RegistryComplaint[];
  readonly temporary: boolean;
  readonly retryAfter: number | undefined;

  constructor(code: string, message: string, options: RegistryErrorOptions) {
    super(code, message, options);
    this.status = options.status;
    this.complaints = options.complaints ?? [];
    this.temporary = options.temporary;
    this.retryAfter = options.retryAfter;
  }

  /** The same, but worth another try. */
  asTemporary(): RegistryError {
    const { code, message, cause, hint, status, complaints, retryAfter } = this;
    const told = hint === undefined ? {} : { hint };
    const known = status === undefined ? {} : { status };
    const options = { cause, complaints, retryAfter, temporary: true, ...told, ...known };
    return new RegistryError(code, message, options);
  }

  /** Whether the registry named this code of the distribution-spec. */
  says(code: string): boolean {
    return this.complaints.some((complaint) => complaint.code === code);
  }
}

/** Sent elsewhere with a body that cannot go again by itself. */
export class Redirected extends RegistryError {
  readonly target: URL;

  constructor(target: URL, status: number) {
    super("REGISTRY_REFUSED", `redirected to ${shownUrl(target)}`, { status, temporary: false });
    this.target = target;
  }
}

/** What was asked, and what came back. */
export interface Refusal {
  readonly method: string;
  readonly url: URL;
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

/** The error for an answer that is no success: `PUT https://host/v2/…: DENIED: message; detail`. */
export function refusalError(refusal: Refusal, hint?: string): RegistryError {
  const { method, url, status, text, headers } = refusal;
  const complaints = complaintsOf(text);
  const why =
    complaints.length === 0
      ? `HTTP ${[status, STATUS_CODES[status]].join(" ").trim()}${excerptOf(text)}`
      : complaints.map(complaintText).join("; ");
  return new RegistryError(codeOf(status), `${method} ${shownUrl(url)}: ${why}`, {
    status,
    complaints,
    temporary: TEMPORARY.has(status),
    retryAfter: retryAfterOf(headers["retry-after"]),
    ...optionalHint(hint ?? usualHint(status, complaints)),
  });
}

function optionalHint(hint: string | undefined): { hint?: string } {
  return hint === undefined ? {} : { hint };
}

function codeOf(status: number): string {
  if (status === 401 || status === 403) return "REGISTRY_DENIED";
  return status === 404 ? "REGISTRY_UNKNOWN" : "REGISTRY_REFUSED";
}

function complaintsOf(text: string): readonly RegistryComplaint[] {
  try {
    return v.parse(errorsSchema, JSON.parse(text)).errors;
  } catch {
    return [];
  }
}

function complaintText({ code, message, detail }: RegistryComplaint): string {
  const told = message === undefined || message === null || message === "" ? "" : `: ${message}`;
  return `${code}${told}${detailText(detail)}`;
}

function detailText(detail: unknown): string {
  if (detail === undefined || detail === null || detail === "") return "";
  const text = typeof detail === "string" ? detail : JSON.stringify(detail);
  return text === "{}" || text === "[]" ? "" : `; ${cut(text)}`;
}

/** What a page says in words, its tags left out. */
function excerptOf(text: string): string {
  const words = text
    .replace(/<(style|script)\b.*?<\/\1>/gis, " ")
    .replace(/<[^>]*>/g, " ")
    .replace(/[\s\p{C}]+/gu, " ")
    .trim();
  return words === "" ? "" : `: ${cut(words)}`;
}

function cut(text: string): string {
  return text.length > EXCERPT_LENGTH ? `${text.slice(0, EXCERPT_LENGTH)}…` : text;
}

function usualHint(status: number, complaints: readonly RegistryComplaint[]): string | undefined {
  const says = (code: string): boolean => complaints.some((complaint) => complaint.code === code);
  if (says("NAME_UNKNOWN")) return "some registries want the repository to be created first";
  switch (status) {
    case 413:
      return "a proxy before the registry limits the length of a request";
    case 429:
      return "the registry limits how often it is asked; wait, or log in for a higher limit";
    default:
      return undefined;
  }
}
