import type { Layer } from "../image/layer.ts";
import type { ByteString } from "../tar/byte-string.ts";
import { streamMembers } from "../tar/stream-reader.ts";

const WHITEOUT = ".wh.";
const OPAQUE = ".wh..wh..opq";
/** `bin`, `var/run`: deeper than that nobody merges folders. */
const MOST_NAMES = 2;

/** What there is at the top of an image, and one folder below: paths without a leading `/`. */
export interface RootPlaces {
  /** Symlinks and their targets: `bin` → `usr/bin` where `/usr` is merged, `var/run` → `/run`. */
  readonly links: Map<ByteString, ByteString>;
  readonly folders: Set<ByteString>;
}

/**
 * The symlinks and folders at the top of an image, and one folder below. Layers are read through,
 * but their headers alone are looked at.
 *
 * @param layers bottom first
 * @throws VarveError `TAR_DAMAGED`; whatever the layers throw
 */
export async function rootPlacesOf(layers: readonly Layer[]): Promise<RootPlaces> {
  const links = new Map<ByteString, ByteString>();
  const folders = new Set<ByteString>();
  for (const layer of layers) {
    for await (const { member } of streamMembers(layer.stream({ lent: true }))) {
      const { typeFlag, link } = member;
      const names = member.name.split("/").filter((name) => name !== "" && name !== ".");
      if (names.length === 0) continue;
      const name = names.pop()!;
      // Tars need not have entries for what only leads somewhere.
      for (let depth = 1; depth <= Math.min(names.length, MOST_NAMES); depth += 1) {
        const above = names.slice(0, depth).join("/");
        if (!links.has(above)) folders.add(above);
      }
      if (names.length >= MOST_NAMES) continue;
      const folder = names.map((above) => `${above}/`).join("");
      const path = folder + name;
      if (name === OPAQUE) removeBelow(folder, links, folders);
      else if (name.startsWith(WHITEOUT)) {
        remove(folder + name.slice(WHITEOUT.length), links, folders);
      } else if (typeFlag === "5") {
        links.delete(path);
        folders.add(path);
      } else {
        remove(path, links, folders);
        if (typeFlag === "2") links.set(path, link);
      }
    }
  }
  return { links, folders };
}

function remove(
  path: ByteString,
  links: Map<ByteString, ByteString>,
  folders: Set<ByteString>,
): void {
  links.delete(path);
  folders.delete(path);
  removeBelow(`${path}/`, links, folders);
}

/** @param folder with a trailing `/`; the root is empty */
function removeBelow(
  folder: ByteString,
  links: Map<ByteString, ByteString>,
  folders: Set<ByteString>,
): void {
  for (const path of links.keys()) if (path.startsWith(folder)) links.delete(path);
  for (const path of folders) if (path.startsWith(folder)) folders.delete(path);
}
