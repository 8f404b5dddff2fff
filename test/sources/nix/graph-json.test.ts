import { describe, expect, it } from "vitest";
import { parseGraphJson } from "../../../src/sources/nix/graph-json.ts";
import { failureOf } from "../../support/failures.ts";

const APP = "3n58xw4373jp0ljirf06d8077j15pc4j-app-1.0";
const LIB = "7rjqb838snvvxcmpvck1smfxhkwzqal5-lib";
const SRI = "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
const NIX32 = "sha256:0mdqa9w1p6cmli6976v4wi0sw9r4p5prkj7lzfd1877wk11c9c73";

function inStore(name: string): string {
  return `/nix/store/${name}`;
}

const expected = [
  {
    path: inStore(APP),
    references: [inStore(APP), inStore(LIB)],
    narSize: 2_400_000_000,
    narHash: SRI,
  },
  { path: inStore(LIB), references: [], narSize: 120, narHash: SRI },
];

/** Every way in which Nix writes the same two paths. */
const SHAPES: Readonly<Record<string, unknown>> = {
  "nix path-info up to 2.18": [
    {
      path: inStore(APP),
      narHash: SRI,
      narSize: 2_400_000_000,
      references: [inStore(APP), inStore(LIB)],
      deriver: `${inStore(APP)}.drv`,
      registrationTime: 1_795_534_033,
      signatures: ["cache.example.org-1:c2lnbmF0dXJl"],
      ultimate: true,
    },
    { path: inStore(LIB), narHash: SRI, narSize: 120, references: [], valid: true },
  ],
  "nix path-info from 2.19": {
    [inStore(APP)]: {
      ca: null,
      deriver: `${inStore(APP)}.drv`,
      narHash: SRI,
      narSize: 2_400_000_000,
      references: [inStore(APP), inStore(LIB)],
      registrationTime: 1_795_534_033,
      signatures: [],
      ultimate: false,
    },
    [inStore(LIB)]: { ca: null, narHash: SRI, narSize: 120, references: [] },
  },
  "nix path-info from 2.33, format 1": {
    version: 1,
    storeDir: "/nix/store",
    [inStore(APP)]: {
      version: 1,
      storeDir: "/nix/store",
      narHash: SRI,
      narSize: 2_400_000_000,
      references: [inStore(APP), inStore(LIB)],
    },
    [inStore(LIB)]: { narHash: SRI, narSize: 120, references: [] },
  },
  "nix path-info from 2.33, format 2": {
    version: 2,
    storeDir: "/nix/store",
    info: {
      [APP]: {
        version: 2,
        storeDir: "/nix/store",
        ca: null,
        deriver: `${APP}.drv`,
        narHash: SRI,
        narSize: 2_400_000_000,
        references: [APP, LIB],
      },
      [LIB]: {
        ca: { method: "nar", hash: SRI },
        narHash: { algorithm: "sha256", format: "nix32", hash: NIX32.slice("sha256:".length) },
        narSize: 120,
        references: [],
      },
    },
  },
  exportReferencesGraph: [
    {
      closureSize: 2_400_000_120,
      narHash: NIX32,
      narSize: 2_400_000_000,
      path: inStore(APP),
      references: [inStore(APP), inStore(LIB)],
    },
    { closureSize: 120, narHash: NIX32, narSize: 120, path: inStore(LIB), references: [] },
  ],
};

describe("graphs in JSON", () => {
  it.each(Object.keys(SHAPES))("%s", (name) => {
    expect(parseGraphJson(SHAPES[name], "graph.json")).toEqual(expected);
  });

  it("may lie among structured attributes", () => {
    const attributes = {
      builder: "/bin/sh",
      outputs: { out: "/nix/store/x" },
      exportReferencesGraph: { closure: [inStore(APP)] },
      list: ["a"],
      empty: [],
      closure: SHAPES["exportReferencesGraph"],
    };
    expect(parseGraphJson(attributes, ".attrs.json")).toEqual(expected);
    expect(parseGraphJson(attributes, ".attrs.json", "closure")).toEqual(expected);
  });

  it("asks which one where attributes hold several", async () => {
    const graph = SHAPES["exportReferencesGraph"];
    const attributes = { build: graph, run: [{ path: inStore(LIB), references: [] }] };
    expect(await failureOf(() => parseGraphJson(attributes, "a.json"))).toMatchObject({
      code: "GRAPH_INVALID",
      hint: expect.stringContaining("a.json#build or a.json#run") as string,
    });
    expect(parseGraphJson(attributes, "a.json", "run")).toEqual([
      { path: inStore(LIB), references: [] },
    ]);
  });

  it("keeps the names of another store, and names that are no store paths", () => {
    const other = { version: 2, storeDir: "/my/store", info: { [LIB]: { references: [LIB] } } };
    expect(parseGraphJson(other, "x")).toEqual([
      { path: `/my/store/${LIB}`, references: [`/my/store/${LIB}`] },
    ]);
    expect(parseGraphJson([{ path: "a", references: ["b"], narSize: 1 }], "x")).toEqual([
      { path: "a", references: ["b"], narSize: 1 },
    ]);
  });

  it("may be empty", () => {
    for (const empty of [[], {}, { version: 2, storeDir: "/nix/store", info: {} }]) {
      expect(parseGraphJson(empty, "x")).toEqual([]);
    }
  });

  it.each([
    ["an array", [{ path: inStore(LIB), valid: false }]],
    ["an object", { [inStore(LIB)]: null }],
    ["version 2", { version: 2, storeDir: "/nix/store", info: { [LIB]: null } }],
  ])("name the path that is not valid: %s", async (_, value) => {
    const error = await failureOf(() => parseGraphJson(value, "x"));
    expect(error.code).toBe("STORE_PATH_INVALID");
    expect(error.message).toContain(inStore(LIB));
    expect(error.hint).toContain("nix-store --realise");
  });

  it.each([
    ["no graph of store paths", 7],
    ["no graph of store paths", null],
    ["no graph of store paths", "text"],
    ["no graph of store paths", { a: 1, b: [] }],
    ["entry 1 has no path", [{ path: "a", references: [] }, { references: [] }]],
    ["entry 0 has no path", [null]],
    ["a has no list of references", [{ path: "a" }]],
    ["a has no list of references", [{ path: "a", references: [1] }]],
    ["narSize that is not a size: -1", [{ path: "a", references: [], narSize: -1 }]],
    ['narSize that is not a size: "5"', [{ path: "a", references: [], narSize: "5" }]],
    ["narSize that is not a size: 1.5", [{ path: "a", references: [], narSize: 1.5 }]],
    ["a has a narHash that cannot be used", [{ path: "a", references: [], narHash: "sha256:no" }]],
    ["/a is not described by an object", { "/a": 5 }],
  ])("are refused: %s", async (reason, value) => {
    const error = await failureOf(() => parseGraphJson(value, "graph.json"));
    expect(error.code).toBe("GRAPH_INVALID");
    expect(error.message).toContain("graph.json");
    expect(error.message).toContain(reason);
  });
});
