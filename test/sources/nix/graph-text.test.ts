import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  parseGraphText,
  parseReferenceGraph,
  parseRegistration,
} from "../../../src/sources/nix/graph-text.ts";
import type { PathInfo } from "../../../src/sources/nix/path-info.ts";
import { failureOf } from "../../support/failures.ts";
import { hexHash, sriHash, storePath } from "./support/test-store.ts";

const names = fc.uniqueArray(fc.stringMatching(/^[a-z][a-z0-9.-]{0,8}$/), {
  minLength: 1,
  maxLength: 8,
});

/** Records of paths, each referring to some of them. */
const infos = names.chain((all) =>
  fc.tuple(
    ...all.map((name) =>
      fc
        .record({ references: fc.subarray(all.map(storePath)), narSize: fc.nat() })
        .map(({ references, narSize }): Required<PathInfo> => ({
          path: storePath(name),
          references,
          narSize,
          narHash: sriHash(name),
        })),
    ),
  ),
);

function hexOf(sri: string): string {
  return Buffer.from(sri.replace("sha256-", ""), "base64").toString("hex");
}

function lines(...values: readonly (string | number)[]): string {
  return values.map((value) => `${value}\n`).join("");
}

describe("graphs in plain text", () => {
  it("are read from registrations, whether a deriver is known or not", () => {
    fc.assert(
      fc.property(infos, fc.boolean(), (written, withDeriver) => {
        const text = written
          .map(({ path, references, narSize, narHash }) =>
            lines(
              path,
              hexOf(narHash),
              narSize,
              withDeriver ? `${path}.drv` : "",
              references.length,
              ...references,
            ),
          )
          .join("");
        expect(parseRegistration(text, "registration")).toEqual(written);
        expect(parseGraphText(text, "registration")).toEqual(written);
      }),
    );
  });

  it("are read from what exportReferencesGraph wrote before it wrote JSON", () => {
    fc.assert(
      fc.property(infos, fc.boolean(), (written, withDeriver) => {
        const text = written
          .map(({ path, references }) =>
            lines(path, withDeriver ? `${path}.drv` : "", references.length, ...references),
          )
          .join("");
        const expected = written.map(({ path, references }) => ({ path, references }));
        expect(parseReferenceGraph(text, "graph")).toEqual(expected);
        expect(parseGraphText(text, "graph")).toEqual(expected);
      }),
    );
  });

  it.each([
    hexHash("a"),
    `sha256:${hexHash("a")}`,
    "sha256:0mdqa9w1p6cmli6976v4wi0sw9r4p5prkj7lzfd1877wk11c9c73",
    "0mdqa9w1p6cmli6976v4wi0sw9r4p5prkj7lzfd1877wk11c9c73",
    "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
  ])("take hashes as %s", (hash) => {
    const [info] = parseGraphText(lines("/a", hash, 5, "", 0), "x");
    expect(info?.narHash).toMatch(/^sha256-.{43}=$/);
  });

  it("need no newline at the end", () => {
    expect(parseGraphText("/a\n\n1\n/a", "x")).toEqual([{ path: "/a", references: ["/a"] }]);
  });

  it.each([
    ["line 1 is not a path", lines("a", "", 0)],
    ['line 3 should be the number of references, but is "x"', lines("/a", "", "x")],
    ['line 3 should be the number of references, but is "-1"', lines("/a", "", -1)],
    ["line 4 ends where a path should be", lines("/a", "", 1)],
    ['line 4 is not a path: "b"', lines("/a", "", 1, "b")],
    ["line 2 ends where the deriver should be", "/a"],
    ["line 4 is not a path", lines("/a", "", 0, "", "/b", "", 0)],
    ['line 3 should be the size of the NAR, but is ""', lines("/a", hexHash("a"), "", "", 0)],
    ["line 2 sha256:x is not a hash", lines("/a", "sha256:x", 5, "", 0)],
    ["line 6 ends where a path should be", lines("/a", hexHash("a"), 5, "", 1)],
  ])("are refused: %s", async (reason, text) => {
    const error = await failureOf(() => parseGraphText(text, "registration"));
    expect(error.code).toBe("GRAPH_INVALID");
    expect(error.message).toContain(`registration: ${reason}`);
  });
});
