import path from "node:path";
import * as v from "valibot";
import { rootLinksOf } from "../archives/root-links.ts";
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

const linksSchema = v.array(v.tuple([v.string(), v.string()]));

/** The links of folders that lie below an image's own layers: those of its base, and of sources. */
export class LinksBelow {
  readonly #base: readonly Layer[];
  readonly #own: FolderLinks;
  readonly #remembered: KeyedFiles;
  #links: Promise<FolderLinks> | undefined;

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
      folder === undefined ? undefined : path.join(folder, "links-1"),
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
    this.#links ??= this.#find();
    const followed = followLinks(spec, await this.#links);
    if (followed === spec) return sourced;
    return { spec: followed, contentKey: contentKey(followed) };
  }

  async #find(): Promise<FolderLinks> {
    return new Map([...(await this.#ofBase()), ...this.#own]);
  }

  async #ofBase(): Promise<FolderLinks> {
    const diffIds = this.#base.map((layer) => layer.knownDiffId());
    if (diffIds.length === 0) return new Map();
    const key = diffIds.includes(undefined) ? undefined : digestOf(Buffer.from(diffIds.join("\n")));
    const remembered = key === undefined ? undefined : parse(this.#remembered.get(key));
    if (remembered !== undefined) return remembered;
    const links = await rootLinksOf(this.#base);
    if (key !== undefined) this.#remembered.put(key, JSON.stringify([...links]));
    return links;
  }
}

function parse(text: string | undefined): FolderLinks | undefined {
  try {
    return text === undefined ? undefined : new Map(v.parse(linksSchema, JSON.parse(text)));
  } catch {
    return undefined;
  }
}
