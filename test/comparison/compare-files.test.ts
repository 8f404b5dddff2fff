import { describe, expect, it } from "vitest";
import { compareFiles } from "../../src/comparison/compare-files.ts";
import type { FilesDifference } from "../../src/comparison/compare-files.ts";
import { compareLayers } from "../../src/comparison/compare-layers.ts";
import { factsOf } from "../../src/comparison/image-facts.ts";
import { CountedLayer, imageOf } from "./support/images.ts";
import { entry, file } from "./support/tars.ts";
import type { Entry } from "./support/tars.ts";

async function compare(
  a: readonly CountedLayer[],
  b: readonly CountedLayer[],
): Promise<FilesDifference> {
  const left = await factsOf("a", imageOf(a));
  const right = await factsOf("b", imageOf(b));
  return compareFiles(left, right, compareLayers(left.layers, right.layers));
}

function layer(...entries: readonly Entry[]): CountedLayer {
  return new CountedLayer(entries);
}

function pathsOf({ added, removed, changed }: FilesDifference): Record<string, string[]> {
  return {
    added: added.map(({ path }) => path),
    removed: removed.map(({ path }) => path),
    changed: changed.map(({ path, fields }) => `${path} ${fields.map((f) => f.field).join()}`),
  };
}

function store(name: string): string {
  return `nix/store/${"a".repeat(32)}-${name}`;
}

function storeLayer(name: string): CountedLayer {
  return new CountedLayer([entry("nix/"), file(store(name), name)], [`/${store(name)}`]);
}

describe("compareFiles", () => {
  it("finds nothing between an image and itself, and reads nothing", async () => {
    const layers = [layer(file("a", "1")), layer(file("b", "2"))];
    expect(await compare(layers, layers)).toEqual({
      added: [],
      removed: [],
      changed: [],
      datesOnly: 0,
    });
    expect(layers.map(({ read }) => read)).toEqual([0, 0]);
  });

  it("tells what came, went and changed, with size, mode, owner and link", async () => {
    const a = layer(
      file("etc/same", "same"),
      file("etc/dated", "same"),
      file("etc/conf", "old"),
      file("bin/tool", "tool", { mode: 0o755 }),
      entry("link", { type: "2", link: "etc/conf" }),
      file("gone", "gone"),
    );
    const b = layer(
      file("etc/same", "same"),
      file("etc/dated", "same", { mtime: 99 }),
      file("etc/conf", "newer"),
      file("bin/tool", "tool", { mode: 0o555, uid: 7 }),
      entry("link", { type: "2", link: "etc/same" }),
      file("come", "come", { gid: 5 }),
    );
    const difference = await compare([a], [b]);
    expect(difference).toMatchObject({
      added: [{ path: "/come", type: "file", size: 4, mode: "0644", owner: "0:5", link: "" }],
      removed: [{ path: "/gone" }],
      changed: [
        {
          path: "/bin/tool",
          fields: [
            { field: "mode", a: "0755", b: "0555" },
            { field: "uid", a: "0", b: "7" },
          ],
        },
        { path: "/etc/conf", fields: [{ field: "size", a: "3", b: "5" }, { field: "content" }] },
        { path: "/link", fields: [{ field: "link", a: "etc/conf", b: "etc/same" }] },
      ],
      datesOnly: 1,
    });
  });

  it("finds the same files in other layers the same", async () => {
    const one = [layer(file("a", "1"), file("b", "2"))];
    const two = [layer(file("b", "2")), layer(file("./a", "1"))];
    expect(pathsOf(await compare(one, two))).toEqual({ added: [], removed: [], changed: [] });
  });

  it("heeds whiteouts, opaque folders and files in place of folders", async () => {
    const base = layer(
      entry("keep/"),
      file("keep/x", "x"),
      entry("opaque/"),
      file("opaque/old", "old"),
      entry("folder/"),
      file("folder/in", "in"),
      file("deleted", "deleted"),
    );
    const upper = layer(
      entry(".wh.deleted"),
      entry("opaque/"),
      file("opaque/new", "new"),
      entry("opaque/.wh..wh..opq"),
      file("folder", "now a file"),
    );
    const flat = layer(
      entry("keep/"),
      file("keep/x", "x"),
      entry("opaque/"),
      file("opaque/new", "new"),
      file("folder", "now a file"),
    );
    expect(pathsOf(await compare([base, upper], [flat]))).toEqual({
      added: [],
      removed: [],
      changed: [],
    });
    expect(pathsOf(await compare([base], [base, upper]))).toEqual({
      added: ["/opaque/new"],
      removed: ["/deleted", "/folder/in", "/opaque/old"],
      changed: ["/folder type,size"],
    });
  });

  it("reads what lies below when only one side has a path", async () => {
    const base = layer(file("etc/conf", "from the base"));
    const own = layer(file("etc/conf", "own"));
    const other = layer(file("other", "other"));
    expect(pathsOf(await compare([base, own], [base, other]))).toEqual({
      added: ["/other"],
      removed: [],
      changed: ["/etc/conf size,content"],
    });
    expect(base.read).toBe(1);
  });

  it("reads what lies above", async () => {
    const top = layer(file("etc/conf", "top"));
    const a = layer(file("etc/conf", "a"), file("x", "a"));
    const b = layer(file("etc/conf", "b"), file("x", "b"));
    expect(pathsOf(await compare([a, top], [b, top]))).toMatchObject({ changed: ["/x content"] });
    const same = layer(file("etc/conf", "a"), file("y", "y"));
    expect(pathsOf(await compare([a, top], [top, same]))).toEqual({
      added: ["/y"],
      removed: ["/x"],
      changed: ["/etc/conf size,content"],
    });
  });

  it("does not read layers that say to hold other store paths", async () => {
    const libc = storeLayer("libc");
    const difference = await compare([libc, storeLayer("app-1")], [libc, storeLayer("app-2")]);
    expect(pathsOf(difference)).toEqual({
      added: [`/${store("app-2")}`],
      removed: [`/${store("app-1")}`],
      changed: [],
    });
    expect(libc.read).toBe(0);
  });

  it("compares the files of a component with those of the one that took its place", async () => {
    const of = (name: string, text: string): CountedLayer =>
      layer(
        entry(`${store(name)}/`),
        file(`${store(name)}/lib`, text),
        file(`${store(name)}/x`, ""),
      );
    const [left, right] = await Promise.all([
      factsOf("a", imageOf([of("ssl-1", "old")])),
      factsOf("b", imageOf([of("ssl-2", "new")])),
    ]);
    const layers = compareLayers(left.layers, right.layers);
    const replaced = new Map([[`/${store("ssl-1")}`, `/${store("ssl-2")}`]]);
    expect(await compareFiles(left, right, layers, replaced)).toMatchObject({
      added: [],
      removed: [],
      changed: [
        {
          path: `/${store("ssl-2")}/lib`,
          pathInA: `/${store("ssl-1")}/lib`,
          fields: [{ field: "content" }],
        },
      ],
    });
  });

  it("takes a hard link for the file that it leads to", async () => {
    const linked = layer(file("a", "1"), entry("b", { type: "1", link: "a" }));
    const copied = layer(file("a", "1"), file("b", "1"));
    expect(pathsOf(await compare([linked], [copied]))).toMatchObject({ changed: [] });
    const other = layer(file("a", "2"), entry("b", { type: "1", link: "./a" }));
    expect(pathsOf(await compare([linked], [other]))).toMatchObject({
      changed: ["/a content", "/b content"],
    });
  });

  it("heeds the order of layers", async () => {
    const [one, two] = [layer(file("a", "1")), layer(file("a", "2"))];
    expect(pathsOf(await compare([one, two], [two, one]))).toMatchObject({
      changed: ["/a content"],
    });
  });
});
