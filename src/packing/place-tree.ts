import { VarveError } from "../errors.ts";
import { displayText } from "../tar/byte-string.ts";
import type { ByteString } from "../tar/byte-string.ts";
import type { GeneratedEntry, LayerSpec } from "./layer-spec.ts";
import { refuseWhiteout } from "./read-disk.ts";
import { RuledTree } from "./tree-rules.ts";

/** A place in the image at which something is laid, or that leads to one. */
export interface Place {
  readonly children: Map<ByteString, Place>;
  readonly trees: RuledTree[];
  readonly entries: GeneratedEntry[];
}

/** The places of a layer's trees, generated entries and parents, from the image's root. */
export function placesOf({ trees, entries, parents }: LayerSpec): Place {
  const root = emptyPlace();
  for (const parent of parents) placeAt(root, parent);
  for (const tree of trees) placeAt(root, tree.at).trees.push(new RuledTree(tree));
  for (const entry of entries ?? []) placeAt(root, entry.at).entries.push(entry);
  return root;
}

function placeAt(root: Place, at: ByteString): Place {
  let place = root;
  for (const name of namesOf(at)) {
    let next = place.children.get(name);
    if (next === undefined) {
      refuseWhiteout(name, at);
      next = emptyPlace();
      place.children.set(name, next);
    }
    place = next;
  }
  return place;
}

function emptyPlace(): Place {
  return { children: new Map(), trees: [], entries: [] };
}

/** Places are compared name by name, so each has one way to be written. */
function namesOf(at: ByteString): ByteString[] {
  if (at === "") return [];
  const [before, ...names] = at.split("/");
  const isPlain =
    before === "" && names.every((name) => !["", ".", ".."].includes(name) && !name.includes("\0"));
  if (isPlain) return names;
  throw new VarveError("PACK_UNSUPPORTED", `${displayText(at)} is no place in an image`, {
    hint: 'an absolute path without ".", ".." and doubled or trailing "/"',
  });
}
