import * as fs from "node:fs";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { measureLayer } from "../../src/packing/layer-tar.ts";
import type { LayerSpec } from "../../src/packing/layer-spec.ts";
import { RecentWalks } from "../../src/packing/recent-walks.ts";
import type { EntryContent } from "../../src/packing/visit-entry.ts";
import { walkLayer } from "../../src/packing/walk-layer.ts";
import { visitRecord, WalkRecorder } from "../../src/packing/walk-record.ts";
import type { WalkRecord } from "../../src/packing/walk-record.ts";
import type { TarEntry } from "../../src/tar/entry.ts";
import { arbitraryTree, createTree, fileOf, folderOf } from "../support/arbitrary-tree.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { layerOf, ROOT, storePath, tarOf } from "./support/layers.ts";

const MUCH = 1 << 20;

function visits(
  walk: (visit: (entry: TarEntry, content: EntryContent) => void) => void,
): unknown[] {
  const seen: unknown[] = [];
  walk((entry, content) => {
    const onDisk = entry.type === "file" ? content : undefined;
    seen.push([entry, Buffer.isBuffer(onDisk) ? onDisk.toString("latin1") : onDisk]);
  });
  return seen;
}

/** A record as it arrives on another thread. */
function handedOver(record: WalkRecord): WalkRecord {
  return structuredClone(record);
}

function recordOf(spec: LayerSpec): WalkRecord {
  const recorder = new WalkRecorder(MUCH);
  walkLayer(spec, recorder.visit);
  return handedOver(recorder.record()!);
}

function expectSameVisits(spec: LayerSpec): void {
  const record = recordOf(spec);
  const again = visits((visit) => {
    visitRecord(record, visit);
  });
  expect(again).toEqual(
    visits((visit) => {
      walkLayer(spec, visit);
    }),
  );
}

describe("the record of a walk", () => {
  it("tells the same as the walk, whatever the tree", () => {
    const root = temporaryFolder();
    let run = 0;
    fc.assert(
      fc.property(fc.array(arbitraryTree(), { maxLength: 3 }), (trees) => {
        run += 1;
        const paths = trees.map((tree, index) => [storePath(`${run}-${index}`), tree] as const);
        const spec = layerOf(root, Object.fromEntries(paths));
        expectSameVisits(spec);
        expect(tarOf(spec, { record: recordOf(spec) }).equals(tarOf(spec))).toBe(true);
      }),
      { numRuns: 40 },
    );
  });

  it("tells the same of trees laid into one another, with owners, attributes and stamps", () => {
    const root = temporaryFolder();
    createTree(`${root}/one`, folderOf({ a: fileOf("1"), c: folderOf({ d: fileOf("2") }) }));
    createTree(`${root}/two`, folderOf({ b: fileOf("3"), c: folderOf({ e: fileOf("4") }) }));
    const app = { uid: 1000, gid: 1001, uname: "app", gname: "apps" };
    const stamp = fs.lstatSync(`${root}/one/a`).ctimeMs;
    const spec: LayerSpec = {
      parents: [],
      trees: [
        { at: "/srv/x", from: `${root}/one`, rules: { owner: app, stamps: { a: stamp } } },
        {
          at: "/srv/x",
          from: `${root}/two`,
          rules: { owner: app, overrides: { b: { mode: 0o4755 } } },
        },
      ],
      entries: [
        { at: "/etc/passwd", type: "file", content: "root:x:0:0\n\xff" },
        { at: "/etc/hosts", type: "file", content: "", xattrs: { "user.a": "b\0" } },
        { at: "/srv/x/link", type: "symlink", target: "../../\xc3" },
      ],
      common: ROOT,
    };
    expectSameVisits(spec);
    expect(tarOf(spec, { record: recordOf(spec) }).equals(tarOf(spec))).toBe(true);
  });

  it("is given up when it would be too long", () => {
    const files = Array.from({ length: 100 }, (_, index) => [`file${index}`, fileOf("")] as const);
    const spec = layerOf(temporaryFolder(), {
      [storePath()]: folderOf(Object.fromEntries(files)),
    });
    const recorder = new WalkRecorder(2000);
    walkLayer(spec, recorder.visit);
    expect(recorder.record()).toBeUndefined();
    expect(measureLayer(spec).record).toBeDefined();
  });

  it("takes few bytes an entry", () => {
    const files = Array.from({ length: 1000 }, (_, index) => [`file${index}`, fileOf("")] as const);
    const spec = layerOf(temporaryFolder(), {
      [storePath()]: folderOf(Object.fromEntries(files)),
    });
    expect(recordOf(spec).bytes.length).toBeLessThan(1000 * 32);
  });
});

describe("walks that are remembered", () => {
  it("serve once, and no more are kept than there is room for", () => {
    const walks = new RecentWalks();
    const specs = Array.from({ length: 3 }, () => ({ parents: [], trees: [], common: ROOT }));
    const half = { bytes: new Uint8Array((1 << 23) + 1), extras: [] };
    walks.put(specs[0]!, half);
    walks.put(specs[1]!, half);
    expect(walks.take(specs[1]!)).toBeUndefined();
    expect(walks.take(specs[0]!)).toBe(half);
    expect(walks.take(specs[0]!)).toBeUndefined();
    walks.put(specs[2]!, half);
    expect(walks.take(specs[2]!)).toBe(half);
  });
});
