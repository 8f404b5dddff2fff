import { VarveError } from "../../errors.ts";
import type { ByteString } from "../../tar/byte-string.ts";
import { Candidate } from "./candidate.ts";
import type { Suite } from "./candidate.ts";
import { satisfies } from "./relations.ts";
import type { Relation } from "./relations.ts";
import { compareVersions } from "./version-order.ts";

const NAME = "Package: ";
const VERSION = "\nVersion: ";
const PROVIDES = "\nProvides: ";
const ESSENTIAL = "\nEssential: yes\n";

/**
 * All packages that suites offer for one architecture, by name and by what they provide. An index
 * of Debian's has 64,000 paragraphs, of which few are ever wanted: they are only found here, and
 * read later.
 */
export class PackageIndex {
  readonly architecture: string;
  readonly #byName = new Map<string, Candidate[]>();
  readonly #byProvided = new Map<string, Candidate[]>();
  readonly #essential: Candidate[] = [];
  readonly #sorted = new Set<string>();

  /** @param architecture in Debian's words: `amd64`, `arm64`, `armhf` */
  constructor(architecture: string) {
    this.architecture = architecture;
  }

  /**
   * Adds what a `Packages` file lists.
   *
   * @throws VarveError `DEBIAN_CONTROL`
   */
  add(text: ByteString, suite: Suite): void {
    let provides = text.indexOf(PROVIDES);
    let essential = text.indexOf(ESSENTIAL);
    let start = 0;
    while (start < text.length) {
      if (text.charCodeAt(start) === 0x0a) {
        start += 1;
        continue;
      }
      const blank = text.indexOf("\n\n", start);
      const end = blank === -1 ? text.length : blank + 1;
      const doesProvide = provides !== -1 && provides < end;
      const provided = doesProvide ? valueAt(text, provides, end, PROVIDES) : undefined;
      const candidate = this.#candidate(text, start, end, suite, provided);
      this.#insert(candidate);
      if (doesProvide) {
        this.#insertProvided(candidate);
        provides = text.indexOf(PROVIDES, end);
      }
      if (essential !== -1 && essential < end) {
        this.#essential.push(candidate);
        essential = text.indexOf(ESSENTIAL, end);
      }
      start = end;
    }
  }

  /**
   * Candidates of that name, the preferred one first: by pin, then by version, as apt's. A version
   * that stands in several suites is one candidate.
   */
  named(name: string): readonly Candidate[] {
    const found = this.#byName.get(name) ?? [];
    if (found.length < 2 || this.#sorted.has(name)) return found;
    const sorted = found.toSorted(
      (a, b) => b.suite.priority - a.suite.priority || compareVersions(b.version, a.version),
    );
    const versions = new Set<string>();
    const each = sorted.filter(({ version }) => versions.size < versions.add(version).size);
    this.#byName.set(name, each);
    this.#sorted.add(name);
    return each;
  }

  /** Candidates of other names that provide it, in any version. */
  providing(name: string): readonly Candidate[] {
    return this.#byProvided.get(name) ?? [];
  }

  /** Names of packages marked `Essential: yes`. */
  get essential(): string[] {
    return [...new Set(this.#essential.map(({ name }) => name))].toSorted();
  }

  /** Names that begin so, for suggestions. */
  get names(): Iterable<string> {
    return this.#byName.keys();
  }

  /**
   * What satisfies a relation, the preferred one first: packages of the name itself, then those
   * that provide it, the more important first.
   */
  satisfying(relation: Relation): Candidate[] {
    const own = this.named(relation.name).filter(
      (candidate) =>
        satisfies(candidate.version, relation.bound) && this.#fits(candidate, relation),
    );
    const others = this.providing(relation.name).filter(
      (candidate) => providesFor(candidate, relation) && this.#fits(candidate, relation),
    );
    return others.length === 0 ? own : [...own, ...others.toSorted(compareProviders)];
  }

  #fits(candidate: Candidate, { qualifier }: Relation): boolean {
    if (qualifier === undefined || qualifier === "native" || qualifier === this.architecture) {
      return true;
    }
    return qualifier === "any" && candidate.isForAny;
  }

  #candidate(
    text: ByteString,
    start: number,
    end: number,
    suite: Suite,
    provided: string | undefined,
  ): Candidate {
    const name = valueAt(text, start, end, NAME);
    const version = valueAt(text, start, end, VERSION);
    if (name === undefined || version === undefined) {
      const beginning = text.slice(start, Math.min(end, start + 60)).split("\n", 1)[0];
      throw new VarveError(
        "DEBIAN_CONTROL",
        `the index of ${suite.name} has a paragraph without Package or Version: "${beginning}"`,
      );
    }
    return new Candidate({
      name,
      version,
      suite,
      architecture: this.architecture,
      provides: provided,
      text: () => text.slice(start, end),
    });
  }

  #insert(candidate: Candidate): void {
    const same = this.#byName.get(candidate.name);
    if (same === undefined) this.#byName.set(candidate.name, [candidate]);
    else {
      same.push(candidate);
      this.#sorted.delete(candidate.name);
    }
  }

  #insertProvided(candidate: Candidate): void {
    for (const { name } of candidate.provides) {
      if (name === candidate.name) continue;
      const same = this.#byProvided.get(name);
      if (same === undefined) this.#byProvided.set(name, [candidate]);
      else if (!same.includes(candidate)) same.push(candidate);
    }
  }
}

/** Whether a candidate's Provides satisfies the relation; only a version given there counts. */
export function providesFor(candidate: Candidate, { name, bound }: Relation): boolean {
  return candidate.provides.some(
    (provided) =>
      provided.name === name &&
      (bound === undefined ||
        (provided.bound?.operator === "=" && satisfies(provided.bound.version, bound))),
  );
}

function compareProviders(a: Candidate, b: Candidate): number {
  return (
    b.suite.priority - a.suite.priority ||
    a.rank - b.rank ||
    (a.name < b.name ? -1 : a.name > b.name ? 1 : compareVersions(b.version, a.version))
  );
}

/** A field's value inside a paragraph; Package need not come first, but does in every index. */
function valueAt(text: string, start: number, end: number, field: string): string | undefined {
  const isFirst = !field.startsWith("\n") && text.startsWith(field, start);
  const at = isFirst ? start : text.indexOf(field.startsWith("\n") ? field : `\n${field}`, start);
  if (at === -1 || at >= end) return undefined;
  const from = text.indexOf(": ", at) + 2;
  const to = text.indexOf("\n", from);
  return text.slice(from, to === -1 ? end : Math.min(to, end)).trim();
}
