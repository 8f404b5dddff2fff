import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { SortedKeys, compareUtf8 } from "../../src/store/sorted-keys.ts";

/** Every kind of neighbourhood that UTF-16 and UTF-8 order differently. */
const CHARACTERS = [
  "\u0000",
  "a",
  "~",
  "\u007f",
  "é",
  "\ud7ff",
  "\ue000",
  "\uffff",
  "😀",
  "\u{10ffff}",
];

const byBytes = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b));

describe("compareUtf8", () => {
  it("agrees with comparing the bytes", () => {
    const words = ["", ...CHARACTERS, ...CHARACTERS.flatMap((a) => CHARACTERS.map((b) => a + b))];
    for (const a of words) {
      for (const b of words) assert.equal(Math.sign(compareUtf8(a, b)), byBytes(a, b), `${a} ${b}`);
    }
  });
});

describe("SortedKeys", () => {
  it("does what a sorted array with a filter does", () => {
    const keys = new SortedKeys();
    const model = new Set<string>();
    let seed = 1;
    const random = (below: number) => {
      seed = (seed * 48_271) % 2_147_483_647;
      return seed % below;
    };
    const word = () =>
      Array.from({ length: random(4) }, () => CHARACTERS[random(CHARACTERS.length)]).join("");
    for (let step = 0; step < 2000; step += 1) {
      const key = word();
      if (random(3) === 0) {
        keys.remove(key);
        model.delete(key);
      } else {
        keys.add(key);
        model.add(key);
      }
      const prefix = word();
      const after = random(2) === 0 ? null : word();
      const expected = [...model]
        .filter((one) => one.startsWith(prefix) && (after === null || byBytes(one, after) > 0))
        .toSorted(byBytes);
      assert.deepEqual([...keys.from(prefix, after)], expected);
    }
  });
});
