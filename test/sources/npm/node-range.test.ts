import * as fs from "node:fs";
import path from "node:path";
import * as fc from "fast-check";
import semver from "semver";
import { describe, expect, it } from "vitest";
import { nodeRangeOf } from "../../../src/sources/npm/project/node-version.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

const PIECES = [
  "24",
  "^22.18",
  ">=24.1",
  ">= 20",
  "~1.x",
  "1.x.3",
  "<5",
  "||",
  " || ",
  ">",
  "01",
  "1.2.3.4",
];

describe("the range of Node versions", () => {
  it("is what npm takes for a range, and nothing else", async () => {
    const text = fc.array(fc.constantFrom(...PIECES), { minLength: 1, maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(text, fc.constantFrom("", " "), async (pieces, between) => {
        const node = pieces.join(between);
        const found = nodeRangeOf([], [{ engines: { node } }]);
        if (semver.validRange(node) === null)
          await expect(found).rejects.toThrow("is no Node version");
        else expect(await found).toMatchObject({ range: node });
      }),
      { numRuns: 500 },
    );
  });

  it("is read from the narrowest statement", async () => {
    const folder = temporaryFolder();
    fs.writeFileSync(path.join(folder, ".nvmrc"), "v24.1\n");
    const found = await nodeRangeOf([folder], [{ engines: { node: ">=20" } }]);
    expect(found).toEqual({ range: "24.1", from: path.join(folder, ".nvmrc") });
  });
});
