import * as v from "valibot";
import { messageOf, UsageError, VarveError } from "../errors.ts";
import type { Descriptor } from "../image/descriptor.ts";
import { isDigest } from "../image/digest.ts";
import { indexOf } from "../image/manifest.ts";
import { isSameName } from "../image/same-name.ts";
import { listNames } from "./list-names.ts";

/** The tag, or whatever name an image has in its layout (image-spec, annotations.md). */
const REF_NAME = "org.opencontainers.image.ref.name";
/** The full name with registry, for containerd, Docker and podman. */
const FULL_NAME = "io.containerd.image.name";
/** Marks what belongs to another image: attestations of BuildKit, referrers in Docker's archives. */
const COMPANION_MARKS = ["vnd.docker.reference.type", "io.containerd.manifest.subject"];
/** Grammar of a name in a layout: image-spec, annotations.md, `org.opencontainers.image.ref.name`. */
const NAME =
  /^[A-Za-z0-9]+(?:(?:[-._:@+]|--)[A-Za-z0-9]+)*(?:\/[A-Za-z0-9]+(?:(?:[-._:@+]|--)[A-Za-z0-9]+)*)*$/;

const digestSchema = v.pipe(v.string(), v.check(isDigest, "it is not a sha256 digest"));
const platformSchema = v.looseObject({ os: v.string(), architecture: v.string() });

const entrySchema = v.looseObject({
  mediaType: v.optional(v.string(), ""),
  digest: digestSchema,
  size: v.pipe(v.number(), v.safeInteger(), v.minValue(0)),
  annotations: v.optional(v.nullable(v.record(v.string(), v.string()))),
  platform: v.optional(platformSchema),
  artifactType: v.optional(v.string()),
});

const indexSchema = v.looseObject({ manifests: v.nullable(v.array(entrySchema)) });

/** A manifest or index that `index.json` lists. Keys that varve does not know are kept. */
export type IndexEntry = v.InferOutput<typeof entrySchema>;

/** Names that an image gets in a layout. */
export interface EntryNames {
  /** A tag, or any name that the image-spec allows; empty for none. */
  readonly name: string;
  /** `docker.io/library/app:1.0`, where it is known. */
  readonly fullName?: string | undefined;
}

/** What a version stands for in a layout: an entry, or several that are one image's platforms. */
export type Found =
  | { readonly kind: "entry"; readonly entry: IndexEntry }
  | { readonly kind: "index"; readonly bytes: Buffer };

/** The `index.json` of a layout: which images it has, and how they are called (image-layout.md). */
export class LayoutIndex {
  readonly #where: string;
  readonly #rest: Readonly<Record<string, unknown>>;
  readonly entries: readonly IndexEntry[];

  /** @param where names the layout in errors */
  constructor(where: string, entries: readonly IndexEntry[], rest: Record<string, unknown> = {}) {
    this.#where = where;
    this.entries = entries;
    this.#rest = rest;
  }

  /** @throws VarveError `LAYOUT_DAMAGED` */
  static parse(where: string, bytes: Buffer): LayoutIndex {
    let value: unknown;
    try {
      value = JSON.parse(bytes.toString("utf8"));
    } catch (error) {
      return damaged(where, `index.json is not JSON: ${messageOf(error)}`);
    }
    const result = v.safeParse(indexSchema, value);
    if (!result.success) {
      const [issue] = result.issues;
      damaged(where, `index.json: ${v.getDotPath(issue) ?? "the whole"}: ${issue.message}`);
    }
    const { manifests, ...rest } = result.output;
    return new LayoutIndex(where, manifests ?? [], rest);
  }

  bytes(): Buffer {
    const rest = { schemaVersion: 2, ...this.#rest };
    return Buffer.from(`${JSON.stringify({ ...rest, manifests: this.entries })}\n`, "utf8");
  }

  /** Every name, in the order of the index: tags, or full names where there is no tag. */
  names(): string[] {
    return [...new Set(this.entries.flatMap((entry) => shownName(entry) ?? []))];
  }

  /**
   * What a tag, a full name, a digest, or nothing stands for. Nothing means the only image.
   *
   * @throws VarveError `IMAGE_AMBIGUOUS` when it could mean several
   */
  find(version: string): Found | undefined {
    if (isDigest(version)) return one(this.entries.filter(({ digest }) => digest === version));
    const named =
      version === "" ? this.#images() : (this.#byTag(version) ?? this.#byFullName(version));
    const found = distinct(named);
    if (found.length <= 1 || coversPlatforms(found)) return one(found);
    const what = version === "" ? "several images" : `several images called ${version}`;
    throw new VarveError("IMAGE_AMBIGUOUS", `${this.#where} has ${what}`, {
      hint: `name one of them: ${listNames(choices(found))}`,
    });
  }

  /**
   * The index with an image under a name, which stands for nothing else any more. Without a name it
   * is the image that has none.
   */
  with(descriptor: Descriptor, names: EntryNames): LayoutIndex {
    const { name, fullName } = names;
    const annotations = {
      ...descriptor.annotations,
      ...(fullName === undefined ? {} : { [FULL_NAME]: fullName }),
      ...(name === "" ? {} : { [REF_NAME]: name }),
    };
    const { annotations: _, ...plain } = descriptor;
    const entry: IndexEntry =
      Object.keys(annotations).length > 0 ? { ...plain, annotations } : plain;
    const replaced =
      name === ""
        ? this.#images().filter((existing) => shownName(existing) === undefined)
        : this.entries.filter((existing) => refNameOf(existing) === name);
    const others = this.entries.filter((existing) => !replaced.includes(existing));
    return new LayoutIndex(this.#where, [...others, entry], this.#rest);
  }

  /** The index without what a name stands for. */
  without(name: string): LayoutIndex {
    const left = this.entries.filter((entry) => shownName(entry) !== name);
    return new LayoutIndex(this.#where, left, this.#rest);
  }

  /** What is an image for itself. */
  #images(): IndexEntry[] {
    return this.entries.filter(
      ({ annotations, artifactType }) =>
        artifactType === undefined &&
        !COMPANION_MARKS.some((mark) => annotations?.[mark] !== undefined),
    );
  }

  #byTag(version: string): IndexEntry[] | undefined {
    const tagged = this.entries.filter((entry) => refNameOf(entry) === version);
    return tagged.length === 0 ? undefined : tagged;
  }

  /** A tool that copies an entry under another tag may leave the full name as it was. */
  #byFullName(version: string): IndexEntry[] {
    const called = this.entries.filter((entry) =>
      [fullNameOf(entry), refNameOf(entry)].some(
        (name) => name !== undefined && isSameName(name, version),
      ),
    );
    const tagged = called.filter((entry) => version.endsWith(`:${refNameOf(entry)}`));
    return tagged.length > 0 ? tagged : called;
  }
}

/** @throws UsageError for a name that image-spec does not allow in a layout */
export function checkLayoutName(name: string): void {
  if (name === "" || NAME.test(name)) return;
  throw new UsageError(`"${name}" cannot be the name of an image in an OCI layout`, {
    hint: "give letters and digits, with - . _ : @ + or / between",
  });
}

function one(found: readonly IndexEntry[]): Found | undefined {
  const [entry, ...others] = found;
  if (entry === undefined) return undefined;
  if (others.every(({ digest }) => digest === entry.digest)) {
    return { kind: "entry", entry };
  }
  return { kind: "index", bytes: indexOf(found.map(asDescriptor)) };
}

function asDescriptor({ mediaType, digest, size, platform }: IndexEntry): Descriptor {
  return { mediaType, digest, size, ...(platform === undefined ? {} : { platform }) };
}

function distinct(entries: readonly IndexEntry[]): IndexEntry[] {
  return [...new Map(entries.map((entry) => [entry.digest, entry])).values()];
}

/** Whether entries are one image's platforms, listed by the layout itself (image-layout.md). */
function coversPlatforms(entries: readonly IndexEntry[]): boolean {
  const platforms = entries.map(({ platform }) =>
    platform === undefined
      ? undefined
      : [platform.os, platform.architecture, platform["variant"], platform["os.version"]].join("/"),
  );
  const names = new Set(entries.map((entry) => shownName(entry)));
  return (
    names.size === 1 && !platforms.includes(undefined) && new Set(platforms).size === entries.length
  );
}

function refNameOf({ annotations }: IndexEntry): string | undefined {
  return annotations?.[REF_NAME];
}

function fullNameOf({ annotations }: IndexEntry): string | undefined {
  return annotations?.[FULL_NAME];
}

function shownName(entry: IndexEntry): string | undefined {
  return refNameOf(entry) ?? fullNameOf(entry);
}

/** How images can be told apart: by their tags, else by full names. */
function choices(found: readonly IndexEntry[]): string[] {
  const tags = found.map((entry) => shownName(entry) ?? entry.digest);
  if (new Set(tags).size === found.length) return tags;
  return found.map((entry) => fullNameOf(entry) ?? entry.digest);
}

function damaged(where: string, what: string): never {
  throw new VarveError("LAYOUT_DAMAGED", `${where} is damaged: ${what}`, {
    hint: "get it again, or build it anew",
  });
}
