import * as fs from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { contentKey } from "../../src/packing/content-key.ts";
import { followLinks } from "../../src/packing/follow-links.ts";
import type { GeneratedEntry, LayerSpec, Tree, TreeRules } from "../../src/packing/layer-spec.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { entriesOf, tarOf } from "./support/layers.ts";

const MERGED = new Map([
  ["bin", "usr/bin"],
  ["lib", "/usr/lib"],
  ["sbin", "usr/sbin"],
  ["usr/sbin", "bin"],
  ["var/run", "../run"],
]);
const COMMON = { uid: 0, gid: 0, uname: "root", gname: "root", mtime: 1 };

function specOf(entries: readonly GeneratedEntry[], trees: readonly Tree[] = []): LayerSpec {
  return { parents: [], trees, entries, common: COMMON };
}

/** A folder with the files named, each of its own name. */
function folderWith(...files: readonly string[]): string {
  const root = path.join(temporaryFolder(), "root");
  for (const name of files) {
    const file = path.join(root, name);
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(file, name);
  }
  return root;
}

function namesIn(spec: LayerSpec): string[] {
  return entriesOf(tarOf(spec)).map(({ name }) => name);
}

function placed(at: string, type: "file" | "directory" = "file"): string | undefined {
  const entry: GeneratedEntry = type === "file" ? { at, type, content: "" } : { at, type };
  return followLinks(specOf([entry]), MERGED).entries?.[0]?.at;
}

describe("links of an image below", () => {
  it.each([
    ["/bin/x", "/usr/bin/x"],
    ["/lib/a/b", "/usr/lib/a/b"],
    ["/sbin/x", "/usr/bin/x"],
    ["/usr/sbin/x", "/usr/bin/x"],
    ["/var/run/app/pid", "/run/app/pid"],
    ["/binary/x", "/binary/x"],
    ["/usr/bin/x", "/usr/bin/x"],
  ])("lead %s to %s", (at, expected) => {
    expect(placed(at)).toBe(expected);
  });

  it("are followed by a folder, and replaced by a file", () => {
    expect(placed("/bin", "directory")).toBe("/usr/bin");
    expect(placed("/bin")).toBe("/bin");
  });

  it("that lead round in a circle are left alone", () => {
    const links = new Map([
      ["a", "b"],
      ["b", "a"],
    ]);
    const spec = specOf([{ at: "/a/x", type: "file", content: "" }]);
    expect(followLinks(spec, links).entries?.[0]?.at).toBe("/a/x");
  });

  it("do not touch what is elsewhere", () => {
    const from = folderWith("bin/x");
    const spec = specOf(
      [{ at: "/app/y", type: "file", content: "" }],
      [{ at: "/opt", from, rules: {}, hash: "h" }],
    );
    expect(followLinks(spec, MERGED)).toBe(spec);
    expect(followLinks(spec, new Map())).toBe(spec);
  });

  it.each<[string, TreeRules, string[]]>([
    ["whole", {}, ["/etc/", "/etc/c", "/usr/", "/usr/bin/", "/usr/bin/a", "/usr/bin/b"]],
    [
      "by a list",
      { only: ["bin/a", "etc/c"] },
      ["/etc/", "/etc/c", "/usr/", "/usr/bin/", "/usr/bin/a"],
    ],
    [
      "without some",
      { without: { paths: ["bin/a"] } },
      ["/etc/", "/etc/c", "/usr/", "/usr/bin/", "/usr/bin/b"],
    ],
    ["without a folder", { without: { names: ["bin"] } }, ["/etc/", "/etc/c"]],
  ])("divide a tree at the root: %s", (_, rules, names) => {
    const from = folderWith("bin/a", "sbin/b", "etc/c");
    fs.rmSync(path.join(from, "sbin"), { recursive: true });
    fs.writeFileSync(path.join(from, "bin/b"), "b");
    const spec = specOf([], [{ at: "", from, rules, hash: "h" }]);
    const followed = followLinks(spec, MERGED);
    expect(namesIn(followed)).toEqual(names);
  });

  it("bring together what two links lead to", () => {
    const from = folderWith("bin/a", "sbin/b", "usr/sbin/c", "usr/bin/d", "var/run/e");
    const spec = specOf([], [{ at: "", from, rules: { modes: "normalised" }, hash: "h" }]);
    expect(namesIn(followLinks(spec, MERGED))).toEqual([
      "/run/",
      "/run/e",
      "/usr/",
      "/usr/bin/",
      "/usr/bin/a",
      "/usr/bin/b",
      "/usr/bin/c",
      "/usr/bin/d",
      "/var/",
    ]);
  });

  it("keep the rules of what they move", () => {
    const from = folderWith("bin/a", "bin/b");
    const rules: TreeRules = {
      modes: "normalised",
      executables: ["bin/b"],
      overrides: { "bin/a": { mode: 0o4755 }, bin: { mode: 0o700 } },
    };
    const followed = followLinks(specOf([], [{ at: "", from, rules }]), MERGED);
    const modes = entriesOf(tarOf(followed)).map(({ name, mode }) => [name, mode]);
    expect(Object.fromEntries(modes)).toMatchObject({
      "/usr/bin/": 0o700,
      "/usr/bin/a": 0o4755,
      "/usr/bin/b": 0o755,
    });
  });

  it("give the layer a content key of its own, and none where a hash is unknown", () => {
    const from = folderWith("bin/a", "etc/c");
    const spec = specOf([], [{ at: "", from, rules: {}, hash: "h" }]);
    const key = contentKey(followLinks(spec, MERGED));
    expect(key).not.toBe(contentKey(spec));
    expect(contentKey(followLinks(spec, new Map([["bin", "other"]])))).not.toBe(key);
    const unknown = specOf([], [{ at: "", from, rules: {} }]);
    expect(contentKey(followLinks(unknown, MERGED))).toBeUndefined();
  });
});
