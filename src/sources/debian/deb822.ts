import { VarveError } from "../../errors.ts";
import type { ByteString } from "../../tar/byte-string.ts";

/**
 * A paragraph of a control file (deb822(5)): field names in lower case → values. The lines of a
 * folded value are joined by newlines, without the blank that each begins with.
 */
export type Paragraph = ReadonlyMap<string, ByteString>;

/**
 * The paragraphs of a control file, comments left out.
 *
 * @param where the file, for errors
 * @throws VarveError `DEBIAN_CONTROL`, with the line
 */
export function* paragraphs(
  text: ByteString,
  where: string,
): Generator<Paragraph, void, undefined> {
  let fields = new Map<string, string>();
  let current: string | undefined;
  let number = 0;
  for (const line of lines(text)) {
    number += 1;
    if (line.startsWith("#")) continue;
    if (/^[ \t]*$/.test(line)) {
      if (fields.size > 0) yield fields;
      fields = new Map();
      current = undefined;
    } else if (line.startsWith(" ") || line.startsWith("\t")) {
      if (current === undefined) refuse(where, number, "a continuation line without a field");
      fields.set(current, `${fields.get(current)!}\n${line.slice(1).trimEnd()}`);
    } else {
      const colon = line.indexOf(":");
      if (colon < 1 || !/^[!-9;-~]+$/.test(line.slice(0, colon))) {
        refuse(where, number, "neither a field nor a comment");
      }
      current = line.slice(0, colon).toLowerCase();
      if (fields.has(current)) refuse(where, number, `the field ${line.slice(0, colon)} again`);
      fields.set(current, line.slice(colon + 1).trim());
    }
  }
  if (fields.size > 0) yield fields;
}

/** The one paragraph of a file that must have one. @throws VarveError `DEBIAN_CONTROL` */
export function onlyParagraph(text: ByteString, where: string): Paragraph {
  const [first, ...more] = paragraphs(text, where);
  if (first !== undefined && more.length === 0) return first;
  throw new VarveError(
    "DEBIAN_CONTROL",
    `${where} has ${first === undefined ? "no paragraph" : "several paragraphs"} where one belongs`,
  );
}

/** The value of a field that must be there. @throws VarveError `DEBIAN_CONTROL` */
export function requiredField(paragraph: Paragraph, field: string, where: string): string {
  const value = paragraph.get(field.toLowerCase());
  if (value !== undefined && value !== "") return value;
  throw new VarveError("DEBIAN_CONTROL", `${where}: the field ${field} is missing`);
}

/** Words of a value, separated by white space. */
export function wordsOf(value: string | undefined): string[] {
  return value?.split(/\s+/).filter((word) => word !== "") ?? [];
}

function* lines(text: string): Generator<string, void, undefined> {
  let from = 0;
  while (from < text.length) {
    const end = text.indexOf("\n", from);
    if (end === -1) {
      yield text.slice(from);
      return;
    }
    yield text.endsWith("\r", end) ? text.slice(from, end - 1) : text.slice(from, end);
    from = end + 1;
  }
}

function refuse(where: string, line: number, what: string): never {
  throw new VarveError("DEBIAN_CONTROL", `${where}, line ${line}: ${what}`);
}
