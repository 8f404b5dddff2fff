import path from "node:path";
import * as v from "valibot";
import { rootPlacesOf } from "../archives/root-links.ts";
import type { RootPlaces } from "../archives/root-links.ts";
import { digestOf } from "../image/digest.ts";
import type { Layer } from "../image/layer.ts";
import { contentKey } from "../packing/content-key.ts";
import { cacheFolder } from "../packing/digest-store.ts";
import { followLinks } from "../packing/follow-links.ts";
import type { FolderLinks } from "../packing/follow-links.ts";
import { KeyedFiles } from "../packing/keyed-files.ts";
import type { SourcedLayer } from "../sources/contents.ts";

/**
 * Folders that are links in some image or other. Only where something is to lie below one of them
 * is a base asked for its links, since that costs reading it.
 */
const OFTEN_LINKS: FolderLinks = new Map(
  ["bin", "sbin", "lib", "lib32", "lib64", "libx32", "usr/sbin", "usr/lib64", "usr/tmp"]
    .concat(["var/run", "var/lock", "var/tmp"])
    .map((name) => [name, "/elsewhere"]),
);

const placesSchema = v.object({
  links: v.array(v.tuple([v.string(), v.string()])),
  folders: v.array(v.string()),
});

/** The links of folders that lie below an image's own layers: those of its base, and of sources. */
export class LinksBelow {
  readonly #base: readonly Layer[];
  readonly #own: FolderLinks;
  readonly #remembered: KeyedFiles;
  #places: Promise<RootPlaces> | undefined;

  /**
   * @param base the base's layers, bottom first
   * @param own links that sources make
   * @param folder where is remembered which links a base has
   */
  constructor(
    base: readonly Layer[],
    own: FolderLinks = new Map(),
    folder: string | undefined = cacheFolder(),
  ) {
    this.#base = base;
    this.#own = own;
    this.#remembered = new KeyedFiles(
      folder === undefined ? undefined : path.join(folder, "links-2"),
    );
  }

  /**
   * The layer with what would lie below a link where it leads.
   *
   * @throws VarveError `TAR_DAMAGED`, and whatever reading the base throws
   */
  async follow(sourced: SourcedLayer): Promise<SourcedLayer> {
    const { spec } = sourced;
    if (followLinks(spec, new Map([...OFTEN_LINKS, ...this.#own])) === spec) return sourced;
    const followed = followLinks(spec, await this.#find());
    if (followed === spec) return sourced;
    return { spec: followed, contentKey: contentKey(followed) };
  }

  /** What the base has at its top: nothing where there is no base. It is read once. */
  ofBase(): Promise<RootPlaces> {
    this.#places ??= this.#read();
    return this.#places;
  }

  /** What a base has at a place stays: sources make way for it. */
  async #find(): Promise<FolderLinks> {
    const { links, folders } = await this.ofBase();
    const own = [...this.#own].filter(([place]) => !folders.has(place));
    return new Map([...own, ...links]);
  }

  async #read(): Promise<RootPlaces> {
    const diffIds = this.#base.map((layer) => layer.knownDiffId());
    if (diffIds.length === 0) return { links: new Map(), folders: new Set() };
    const key = diffIds.includes(undefined) ? undefined : digestOf(Buffer.from(diffIds.join("\n")));
    const remembered = key === undefined ? undefined : parse(this.#remembered.get(key));
    if (remembered !== undefined) return remembered;
    const places = await rootPlacesOf(this.#base);
    const { links, folders } = places;
    if (key !== undefined) {
      this.#remembered.put(key, JSON.stringify({ links: [...links], folders: [...folders] }));
    }
    return places;
  }
}

function parse(text: string | undefined): RootPlaces | undefined {
  try {
    if (text === undefined) return undefined;
    const { links, folders } = v.parse(placesSchema, JSON.parse(text));
    return { links: new Map(links), folders: new Set(folders) };
  } catch {
    return undefined;
  }
}
