import { describe, expect, it } from "vitest";
import { contentKey } from "../../src/packing/content-key.ts";
import type { LayerSpec } from "../../src/packing/layer-spec.ts";
import { PARENTS, ROOT, specOf, storePath } from "./support/layers.ts";

const HASHES = new Map([
  [storePath("a"), "sha256-aaaa"],
  [storePath("b"), "sha256-bbbb"],
  [storePath("c"), "sha256-cccc"],
]);
const SPEC = specOf("", [storePath("a"), storePath("b")]);

function keyOf(spec: LayerSpec, hashes: ReadonlyMap<string, string> = HASHES): string | undefined {
  return contentKey(spec, (at) => hashes.get(at));
}

describe("a content key", () => {
  it("is a digest, and always the same", () => {
    expect(keyOf(SPEC)).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect(keyOf(structuredClone(SPEC))).toBe(keyOf(SPEC));
  });

  it("does not depend on where the store lies", () => {
    expect(keyOf(specOf("/elsewhere", [storePath("a"), storePath("b")]))).toBe(keyOf(SPEC));
  });

  it("is another one whenever bytes could be others", () => {
    const others: Array<[LayerSpec, ReadonlyMap<string, string>?]> = [
      [SPEC, new Map([...HASHES, [storePath("a"), "sha256-other"]])],
      [SPEC, new Map([...HASHES, [storePath("b"), "sha256-other"]])],
      [
        SPEC,
        new Map([...HASHES, [storePath("a"), "sha256-bbbb"], [storePath("b"), "sha256-aaaa"]]),
      ],
      [specOf("", [storePath("b"), storePath("a")])],
      [specOf("", [storePath("a")])],
      [specOf("", [storePath("a"), storePath("b"), storePath("c")])],
      [{ ...SPEC, parents: PARENTS.slice(0, 1) }],
      [{ ...SPEC, parents: PARENTS.toReversed() }],
      [{ ...SPEC, common: { ...ROOT, uid: 1 } }],
      [{ ...SPEC, common: { ...ROOT, gid: 1 } }],
      [{ ...SPEC, common: { ...ROOT, uname: "x" } }],
      [{ ...SPEC, common: { ...ROOT, gname: "x" } }],
      [{ ...SPEC, common: { ...ROOT, mtime: 2 } }],
      [{ ...SPEC, common: { ...ROOT, uname: "", gname: "rootroot" } }],
    ];
    const keys = [keyOf(SPEC), ...others.map(([spec, hashes]) => keyOf(spec, hashes))];
    expect(keys).not.toContain(undefined);
    expect(new Set(keys).size).toBe(keys.length);
  });

  it("is none when any content is unknown", () => {
    expect(keyOf(specOf("", [storePath("a"), storePath("unknown")]))).toBeUndefined();
  });

  it("is fixed by the layer format: a change here is a new version of it", () => {
    expect(keyOf(SPEC)).toMatchInlineSnapshot(
      `"sha256:521a65b01f69a171a4f1bef15e28124f6274753fb83c0203384feb8216b1c680"`,
    );
  });
});
