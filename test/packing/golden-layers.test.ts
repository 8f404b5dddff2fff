import { createHash } from "node:crypto";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { parseTimestamp } from "../../src/image/timestamp.ts";
import { writeLayerTar } from "../../src/packing/layer-tar.ts";
import { goldenFiles, hasGolden, readGolden } from "../support/golden.ts";
import { createStorePaths } from "../support/store-tree.ts";
import type { StorePathTree } from "../support/store-tree.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

interface Golden {
  readonly storePaths: readonly StorePathTree[];
  readonly layers: ReadonlyArray<readonly string[]>;
  readonly options: Readonly<Record<"mtime" | "uid" | "gid" | "uname" | "gname", string>>;
  readonly expected: ReadonlyArray<{ readonly diffId: string; readonly size: number }>;
}

describe.skipIf(!hasGolden())("layers that dockerTools made", () => {
  it.each(goldenFiles("store-layers"))("%s: the same bytes", (name) => {
    const golden = readGolden("store-layers", name) as Golden;
    const root = temporaryFolder();
    createStorePaths(root, golden.storePaths);
    const { mtime, uid, gid, uname, gname } = golden.options;
    const common = {
      uid: Number(uid),
      gid: Number(gid),
      uname,
      gname,
      mtime: parseTimestamp(mtime, "mtime").seconds,
    };
    const made = golden.layers.map((paths) => {
      const hash = createHash("sha256");
      const trees = paths.map((at) => ({ at: latin1(at), from: latin1(path.join(root, at)) }));
      const size = writeLayerTar({ parents: ["/nix", "/nix/store"], trees, common }, (bytes) => {
        hash.update(bytes);
      });
      return { diffId: `sha256:${hash.digest("hex")}`, size };
    });
    expect(made).toEqual(golden.expected);
  });
});

function latin1(text: string): string {
  return Buffer.from(text, "utf8").toString("latin1");
}
