import * as fs from "node:fs";
import path from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { ScriptOutputs } from "../../../src/cli/watch/script-outputs.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

describe("what scripts write", () => {
  let root: string;
  let outputs: ScriptOutputs;
  beforeEach(() => {
    root = temporaryFolder();
    outputs = new ScriptOutputs();
  });

  /** A run of scripts in which files come to be written, and whether it has to be done again. */
  function run(files: Readonly<Record<string, string>>): boolean {
    for (const name of fs.readdirSync(root)) fs.rmSync(path.join(root, name));
    for (const [name, text] of Object.entries(files)) {
      fs.writeFileSync(path.join(root, name), text);
    }
    return outputs.areOthersWritten([root], Date.now() - 1000);
  }

  it("is known by its being the same the next time; from then on it may change", () => {
    expect(run({ out: "1" })).toBe(true);
    expect(run({ out: "1" })).toBe(false);
    expect(run({ out: "2" })).toBe(false);
    expect(run({ out: "2", src: "a" })).toBe(true);
    expect(run({ out: "3", src: "b" })).toBe(true);
    expect(run({ out: "3" })).toBe(false);
  });

  it("may be different each time, but not for ever", () => {
    const again = [1, 2, 3, 4, 5, 6].map((number) => run({ out: String(number) }));
    expect(again).toEqual([true, true, true, true, false, false]);
  });

  it("hides nothing that others write meanwhile, however often scripts run", () => {
    for (const turn of [1, 2, 3, 4, 5, 6, 7, 8]) {
      expect(run({ stamp: String(turn), [`src${turn}`]: "a" })).toBe(true);
    }
    run({});
    for (const turn of [1, 2, 3, 4, 5, 6]) {
      expect(run({ src: String(turn) })).toBe(true);
      expect(run({})).toBe(false);
    }
  });

  it("is not the lock that varve writes", () => {
    expect(run({ "varve.lock": "{}" })).toBe(false);
  });
});
