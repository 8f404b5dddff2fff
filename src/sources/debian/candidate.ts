import { VarveError } from "../../errors.ts";
import { onlyParagraph, requiredField } from "./deb822.ts";
import type { Paragraph } from "./deb822.ts";
import { parseRelations } from "./relations.ts";
import type { Alternatives, Relation } from "./relations.ts";

/** A suite of a mirror from which packages may come. */
export interface Suite {
  /** As it is asked for: `bookworm`, `bookworm-security`. */
  readonly name: string;
  /** apt's pin: 500, or less for suites that only give what is asked of them (apt_preferences(5)). */
  readonly priority: number;
}

/** What a mirror says of one binary package in one version. Its fields are read when wanted. */
export class Candidate {
  readonly name: string;
  readonly version: string;
  readonly suite: Suite;
  readonly #architecture: string;
  readonly #text: () => string;
  readonly #providesText: string | undefined;
  #fields: Paragraph | undefined;
  #depends: readonly Alternatives[] | undefined;
  #provides: readonly Relation[] | undefined;

  /**
   * @param architecture the image's, which is what `all` stands for
   * @param provides its Provides, which all packages are asked for
   * @param text the paragraph in the index
   */
  constructor(input: {
    readonly name: string;
    readonly version: string;
    readonly suite: Suite;
    readonly architecture: string;
    readonly provides: string | undefined;
    readonly text: () => string;
  }) {
    this.name = input.name;
    this.version = input.version;
    this.suite = input.suite;
    this.#architecture = input.architecture;
    this.#providesText = input.provides;
    this.#text = input.text;
  }

  /** `libc6 2.36-9+deb12u9`, for people. */
  get label(): string {
    return `${this.name} ${this.version}`;
  }

  /** `amd64` or `all`. */
  get architecture(): string {
    return this.#required("Architecture");
  }

  /** Path of the `.deb` below the mirror's URL. */
  get path(): string {
    const path = this.#required("Filename").replace(/^\.\//, "");
    if (path.startsWith("/") || path.split("/").includes("..")) {
      throw this.#wrong(`the path ${path} leaves the mirror`);
    }
    return path;
  }

  /** Bytes of the `.deb`. */
  get size(): number {
    return this.#number("Size", this.#required("Size"));
  }

  /** SHA-256 of the `.deb`, hexadecimal. */
  get sha256(): string {
    const digest = this.#required("SHA256").toLowerCase();
    if (!/^[0-9a-f]{64}$/.test(digest)) throw this.#wrong("SHA256 is not a SHA-256");
    return digest;
  }

  /** Bytes when installed; Installed-Size counts KiB. */
  get installedSize(): number {
    const text = this.#field("installed-size");
    return text === undefined ? this.size : this.#number("Installed-Size", text) * 1024;
  }

  /** The source package, which is often of another name. */
  get source(): string {
    return this.#field("source")?.replace(/\s.*$/, "") ?? this.name;
  }

  get isEssential(): boolean {
    return this.#field("essential") === "yes";
  }

  /** Whether `name:any` may mean it. */
  get isForAny(): boolean {
    return this.#field("multi-arch") === "allowed";
  }

  /** `required` … `extra`: 0 … 4. */
  get rank(): number {
    const rank = PRIORITIES.indexOf(this.#field("priority") ?? "optional");
    return rank === -1 ? PRIORITIES.indexOf("optional") : rank;
  }

  /** Pre-Depends and Depends: no script runs, so that their difference is none. */
  get depends(): readonly Alternatives[] {
    this.#depends ??= [...this.#relations("pre-depends"), ...this.#relations("depends")];
    return this.#depends;
  }

  get recommends(): readonly Alternatives[] {
    return this.#relations("recommends");
  }

  /** Conflicts and Breaks: both keep packages apart. */
  get conflicts(): readonly Relation[] {
    return [...this.#relations("conflicts"), ...this.#relations("breaks")].flat();
  }

  get provides(): readonly Relation[] {
    this.#provides ??= this.#parsed("provides", this.#providesText).flat();
    return this.#provides;
  }

  #relations(field: string): Alternatives[] {
    return this.#parsed(field, this.#field(field));
  }

  #parsed(field: string, value: string | undefined): Alternatives[] {
    if (value === undefined) return [];
    return parseRelations(value, this.#architecture, `${this.label}, ${field}`);
  }

  #number(field: string, text: string): number {
    if (!/^\d{1,15}$/.test(text)) throw this.#wrong(`${field} is not a number`);
    return Number(text);
  }

  #required(field: string): string {
    return requiredField(this.#paragraph(), field, this.#where());
  }

  #field(name: string): string | undefined {
    return this.#paragraph().get(name);
  }

  #paragraph(): Paragraph {
    this.#fields ??= onlyParagraph(this.#text(), this.#where());
    return this.#fields;
  }

  #where(): string {
    return `the index of ${this.suite.name}, package ${this.label}`;
  }

  #wrong(what: string): VarveError {
    return new VarveError("DEBIAN_CONTROL", `${this.#where()}: ${what}`);
  }
}

const PRIORITIES = ["required", "important", "standard", "optional", "extra"];
