const COMMENT = "store paths: ";
const ESCAPES: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t" };
/** A string of CPython's `repr`. */
const LITERAL = /'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"/gs;
const ESCAPED = /\\(?:x([0-9a-f]{2})|u([0-9a-f]{4})|U([0-9a-f]{8})|(.))/gs;

/** What a config's history tells of a layer. */
export interface LayerContents {
  /** The components in it, as dockerTools and varve write them; undefined when it does not say. */
  readonly paths: readonly string[] | undefined;
  /** What made it, as builders of Dockerfiles write it. */
  readonly createdBy: string | undefined;
}

/**
 * What is in each layer, by the history of the config; undefined when the history does not go with
 * the layers (OCI image-spec, config.md, `history`).
 */
export function contentsOf(history: unknown, layers: number): LayerContents[] | undefined {
  if (!Array.isArray(history)) return undefined;
  const told = history.filter(
    (entry): entry is Record<string, unknown> =>
      typeof entry === "object" && entry !== null && entry["empty_layer"] !== true,
  );
  if (told.length !== layers) return undefined;
  return told.map(({ comment, created_by: createdBy }) => ({
    paths: typeof comment === "string" ? pathsIn(comment) : undefined,
    createdBy: typeof createdBy === "string" ? createdBy : undefined,
  }));
}

/** `store paths: ['/nix/store/…-a', …]` (reference: dockertools-wire-format, section 4). */
function pathsIn(comment: string): string[] | undefined {
  if (!comment.startsWith(`${COMMENT}[`)) return undefined;
  return [...comment.matchAll(LITERAL)].map(([, single, double]) =>
    (single ?? double ?? "").replace(ESCAPED, (_, x, u, long, other) => {
      const digits: string | undefined = x ?? u ?? long;
      if (digits !== undefined) return String.fromCodePoint(Number.parseInt(digits, 16));
      return ESCAPES[String(other)] ?? String(other);
    }),
  );
}
