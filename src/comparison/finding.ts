import { VarveError } from "../errors.ts";

/** Something that is wrong with an image. */
export interface Finding {
  /** Where: `manifest sha256:…`, `config`, `layer 3 sha256:…`. */
  readonly place: string;
  /** What is wrong, one sentence without its subject. */
  readonly problem: string;
}

const DIGITS_SHOWN = 12;

/** A digest as short as people can compare it. */
export function shortDigest(digest: string): string {
  const [algorithm, hex] = digest.split(":", 2);
  return hex === undefined ? digest : `${algorithm}:${hex.slice(0, DIGITS_SHOWN)}`;
}

/** Whether an error says that what was read is damaged, rather than that it could not be read. */
export function isDamage(error: unknown): error is VarveError {
  return (
    error instanceof VarveError && /_(?:DAMAGED|DIFFERS|DIGEST|FOREIGN|LENGTH)$/.test(error.code)
  );
}
