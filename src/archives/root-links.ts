import type { Layer } from "../image/layer.ts";
import type { ByteString } from "../tar/byte-string.ts";
import { streamMembers } from "../tar/stream-reader.ts";

const WHITEOUT = ".wh.";
const OPAQUE = ".wh..wh..opq";
/** `bin`, `var/run`: deeper than that nobody merges folders. */
const MOST_NAMES = 2;

/**
 * The symlinks at the top of an image, and one folder below: `bin` → `usr/bin` where `/usr` is
 * merged, `var/run` → `/run`. Layers are read through, but their headers alone are looked at.
 *
 * @param layers bottom first
 * @returns by path, without a leading `/`
 * @throws VarveError `TAR_DAMAGED`; whatever the layers throw
 */
export async function rootLinksOf(layers: readonly Layer[]): Promise<Map<ByteString, ByteString>> {
  const links = new Map<ByteString, ByteString>();
  for (const layer of layers) {
    for await (const { member } of streamMembers(layer.stream({ lent: true }))) {
      const { typeFlag, link } = member;
      const names = member.name.split("/").filter((name) => name !== "" && name !== ".");
      if (names.length === 0 || names.length > MOST_NAMES) continue;
      const name = names.pop()!;
      const folder = names.map((above) => `${above}/`).join("");
      if (name === OPAQUE) removeBelow(links, folder);
      else if (name.startsWith(WHITEOUT)) remove(links, folder + name.slice(WHITEOUT.length));
      else if (typeFlag === "5") links.delete(folder + name);
      else {
        remove(links, folder + name);
        if (typeFlag === "2") links.set(folder + name, link);
      }
    }
  }
  return links;
}

function remove(links: Map<ByteString, ByteString>, path: ByteString): void {
  links.delete(path);
  removeBelow(links, `${path}/`);
}

/** @param folder with a trailing `/`; the root is empty */
function removeBelow(links: Map<ByteString, ByteString>, folder: ByteString): void {
  for (const path of links.keys()) if (path.startsWith(folder)) links.delete(path);
}
