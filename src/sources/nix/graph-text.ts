import { messageOf, VarveError } from "../../errors.ts";
import { sriOf } from "./nar-hash.ts";
import type { PathInfo } from "./path-info.ts";

/**
 * Records of `nix-store --dump-db` and of closureInfo's `registration`: path, hash, NAR size,
 * deriver, number of references, references; one value a line
 * (reference: nix-store-and-binary-cache, section 3).
 *
 * @throws VarveError `GRAPH_INVALID`, naming the line
 */
export function parseRegistration(text: string, where: string): PathInfo[] {
  const lines = new Lines(text, where);
  const infos: PathInfo[] = [];
  while (lines.more) {
    const path = lines.path();
    const narHash = lines.hash();
    const narSize = lines.number("the size of the NAR");
    lines.next("the deriver");
    infos.push({ path, references: lines.references(), narSize, narHash });
  }
  return infos;
}

/**
 * The plain form of `exportReferencesGraph`: path, deriver (empty), number of references,
 * references. It tells neither sizes nor hashes.
 *
 * @throws VarveError `GRAPH_INVALID`, naming the line
 */
export function parseReferenceGraph(text: string, where: string): PathInfo[] {
  const lines = new Lines(text, where);
  const infos: PathInfo[] = [];
  while (lines.more) {
    const path = lines.path();
    lines.next("the deriver");
    infos.push({ path, references: lines.references() });
  }
  return infos;
}

/** Reads either form: in a registration the second line is a hash. */
export function parseGraphText(text: string, where: string): PathInfo[] {
  const [, second = ""] = text.split("\n", 2);
  const plain = second === "" || second.startsWith("/");
  return plain ? parseReferenceGraph(text, where) : parseRegistration(text, where);
}

class Lines {
  readonly #lines: readonly string[];
  readonly #where: string;
  #at = 0;

  constructor(text: string, where: string) {
    this.#lines = (text.endsWith("\n") ? text.slice(0, -1) : text).split("\n");
    this.#where = where;
  }

  get more(): boolean {
    return this.#at < this.#lines.length;
  }

  next(what: string): string {
    const line = this.#lines[this.#at];
    this.#at += 1;
    if (line === undefined) throw this.#invalid(`ends where ${what} should be`);
    return line;
  }

  path(): string {
    const line = this.next("a path");
    if (line.startsWith("/")) return line;
    throw this.#invalid(`is not a path: "${line}"`);
  }

  hash(): string {
    const line = this.next("the hash of the NAR");
    try {
      return sriOf(line);
    } catch (error) {
      throw this.#invalid(messageOf(error));
    }
  }

  number(what: string): number {
    const line = this.next(what);
    const value = Number(line);
    if (/^\d+$/.test(line) && Number.isSafeInteger(value)) return value;
    throw this.#invalid(`should be ${what}, but is "${line}"`);
  }

  references(): string[] {
    const count = this.number("the number of references");
    const references: string[] = [];
    for (let read = 0; read < count; read += 1) references.push(this.path());
    return references;
  }

  #invalid(flaw: string): VarveError {
    return new VarveError("GRAPH_INVALID", `${this.#where}: line ${this.#at} ${flaw}`, {
      hint: "expected a registration file of closureInfo, or what exportReferencesGraph writes",
    });
  }
}
