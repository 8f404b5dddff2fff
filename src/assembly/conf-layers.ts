import { TarFileLayer } from "../archives/tar-file-layer.ts";
import { VarveError } from "../errors.ts";
import type { JsonObject } from "../image/ordered-json.ts";
import type { Layer } from "../image/layer.ts";
import { parseTimestamp } from "../image/timestamp.ts";
import { contentKey } from "../packing/content-key.ts";
import type { LayerSpec, PatternAttributes, Tree, TreeRules } from "../packing/layer-spec.ts";
import { PackedLayer } from "../packing/packed-layer.ts";
import type { Packer } from "../packing/packer.ts";
import type { ConfLayer, ConfLayerDigest } from "../recipe/conf-layer.ts";
import { CAPABILITY_XATTR, capabilityAttribute } from "../sources/files/capabilities.ts";
import { byteStringOf } from "../tar/byte-string.ts";
import type { Owner, TarCommon } from "../tar/entry.ts";
import type { LinksBelow } from "./links-below.ts";
import { parentsOf } from "./store-layers.ts";
import type { StoreView } from "./store-layers.ts";

type OwnerFields = Pick<ConfLayer, "uid" | "gid" | "uname" | "gname">;

export interface ConfLayerOptions {
  readonly store: StoreView;
  readonly packer: Packer;
  /** Links of folders in the base: what is moved below one of them goes where it leads. */
  readonly below: LinksBelow;
  /** What Nix has found of the layer as it is in this very image. */
  readonly digest: ConfLayerDigest | undefined;
}

/**
 * A layer that a conf describes: store paths at their places, trees moved elsewhere, permissions by
 * pattern. One of whole store paths alone has the bytes of dockerTools' layers. Its digest is
 * believed where it has one, unless the base makes it another layer.
 *
 * @param image owner and date of the image, for what the layer does not say
 * @throws VarveError `CONF_INVALID`
 */
export async function confLayer(
  described: ConfLayer,
  image: TarCommon,
  { store, packer, below, digest: found }: ConfLayerOptions,
): Promise<Layer> {
  const { paths, trees, tar } = described;
  if (tar != null) {
    const { digest } = described;
    if (digest == null) throw new VarveError("CONF_INVALID", `the layer ${tar} has no digest`);
    const file = store.locate(tar);
    const reason = "kept as it was made";
    const { codings } = found ?? digest;
    return new TarFileLayer({ file, diffId: digest.diff_id, paths, reason, codings });
  }
  const alone = specOf(described, image, store);
  const isKnown = trees.every(({ from }) => store.contentHashOf(from) !== undefined);
  const keyed = isKnown ? contentKey(alone, store.contentHashOf) : undefined;
  const { spec, contentKey: key } =
    trees.length === 0
      ? { spec: alone, contentKey: keyed }
      : await below.follow({ spec: alone, contentKey: keyed });
  const own = spec === alone && packer.believes ? described.digest : undefined;
  const digest = found ?? own ?? undefined;
  const layer = new PackedLayer({
    packer,
    spec,
    contentKey: isKnown ? key : undefined,
    paths,
    reason: trees.length === 0 ? "a layer of its own" : "contents of the image's root",
    codings: digest?.codings,
  });
  if (digest !== undefined) layer.adopt({ diffId: digest.diff_id, size: digest.size });
  return layer;
}

/** What the config's history says of the layer, beside its date. */
export function layerStep({ trees, metadata }: ConfLayer): JsonObject {
  const moved = trees.map(({ from, at }) => `${from} → ${at || "/"}`).join(", ");
  const { created_by = moved === "" ? undefined : `copy ${moved}`, author, comment } = metadata;
  const fields = Object.entries({ created_by, author, comment });
  return new Map(
    fields.flatMap(([key, value]): Array<[string, string]> =>
      value === undefined ? [] : [[key, value]],
    ),
  );
}

function specOf(described: ConfLayer, image: TarCommon, store: StoreView): LayerSpec {
  const { paths, trees, perms, mtime } = described;
  const common = {
    ...ownerOf(described, image),
    mtime: mtime == null ? image.mtime : parseTimestamp(mtime, "mtime").seconds,
  };
  const patternsOf = (path: string): PatternAttributes[] =>
    perms.filter((each) => each.path === path).map((each) => patternOf(each, common));
  const placed = new Set([...paths, ...trees.map(({ from }) => from)]);
  const astray = perms.find(({ path }) => !placed.has(path));
  if (astray !== undefined) {
    throw new VarveError(
      "CONF_INVALID",
      `permissions of ${astray.path}, which is in no such layer`,
    );
  }
  const whole = paths.map((path): Tree => {
    const patterns = patternsOf(path);
    const tree = { at: byteStringOf(path), from: byteStringOf(store.locate(path)) };
    return patterns.length === 0 ? tree : { ...tree, rules: { patterns } };
  });
  const moved = trees.map((tree): Tree => {
    const patterns = patternsOf(tree.from);
    const owned = [tree.uid, tree.gid, tree.uname, tree.gname].some((field) => field != null);
    const rules: TreeRules = {
      modes: tree.modes,
      calledPath: byteStringOf(tree.from),
      ...(owned ? { owner: ownerOf(tree, common) } : {}),
      ...(patterns.length === 0 ? {} : { patterns }),
    };
    return {
      at: byteStringOf(tree.at),
      from: byteStringOf(store.locate(tree.from)),
      // Its place says nothing of its content; its name does, if nobody knows the hash.
      hash: store.contentHashOf(tree.from) ?? tree.from,
      rules,
    };
  });
  const parents = paths.length === 0 ? [] : parentsOf(store.storeDir).map(byteStringOf);
  return { parents, trees: [...whole, ...moved], common };
}

function patternOf(permission: ConfLayer["perms"][number], common: Owner): PatternAttributes {
  const { regex, mode, capabilities, uid, gid, uname, gname } = permission;
  const owned = [uid, gid, uname, gname].some((field) => field != null);
  return {
    regex,
    ...(mode == null ? {} : { mode }),
    ...(owned ? { owner: ownerOf(permission, common) } : {}),
    ...(capabilities == null
      ? {}
      : { xattrs: { [CAPABILITY_XATTR]: capabilityAttribute(capabilities) } }),
  };
}

function ownerOf({ uid, gid, uname, gname }: OwnerFields, other: Owner): Owner {
  return {
    uid: uid ?? other.uid,
    gid: gid ?? other.gid,
    uname: uname ?? other.uname,
    gname: gname ?? other.gname,
  };
}
