import * as fs from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { planTable } from "../../src/cli/tables/plan-table.ts";
import { closureOfInfos } from "../../src/sources/nix/path-info.ts";
import { goldenFiles, hasGolden, readGolden } from "../support/golden.ts";
import { runVarve } from "../support/run-varve.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { workIn } from "./support/work-in.ts";
import { hexHash, sriHash, storePath } from "../sources/nix/support/test-store.ts";
import { runHere } from "./support/run-here.ts";

interface Golden {
  readonly graph: readonly unknown[];
  readonly autoLayer: ReadonlyArray<{ readonly limit: number; readonly partition: string[][] }>;
  readonly autoLayerIgnoring: {
    readonly ignore: readonly string[];
    readonly limit: number;
    readonly partition: string[][];
  };
  readonly pipelines: ReadonlyArray<{
    readonly pipeline: readonly unknown[];
    readonly layers: string[][];
  }>;
}

function write(folder: string, name: string, value: unknown): string {
  const file = path.join(folder, name);
  fs.writeFileSync(file, typeof value === "string" ? value : JSON.stringify(value));
  return file;
}

async function layersPlanned(...args: readonly string[]): Promise<string[][]> {
  const { status, stdout, stderr } = await runHere("plan", ...args, "--json");
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  const { layers } = JSON.parse(stdout) as { layers: Array<{ paths: string[] }> };
  return layers.map(({ paths }) => paths);
}

/** Only the partition is golden: paths of a layer sorted, layers sorted. */
function partitionOf(layers: readonly string[][]): string[][] {
  return layers.map((paths) => paths.toSorted()).toSorted(([a], [b]) => (a! < b! ? -1 : 1));
}

describe.skipIf(!hasGolden()).each(goldenFiles("layering"))("varve plan --graph: %s", (name) => {
  const golden = readGolden("layering", name) as Golden;

  it.each(golden.autoLayer)("$limit layers", async ({ limit, partition }) => {
    const graph = write(temporaryFolder(), "graph.json", golden.graph);
    const layers = await layersPlanned("--graph", graph, "--max-layers", String(limit));
    expect(partitionOf(layers)).toEqual(partition);
  });

  it("an ignore list, as lines and as JSON", async () => {
    const { ignore, limit, partition } = golden.autoLayerIgnoring;
    const folder = temporaryFolder();
    const graph = write(folder, "graph.json", golden.graph);
    for (const list of [`${ignore.join("\n")}\n`, ignore]) {
      const file = write(folder, "ignore", list);
      const args = ["--graph", graph, "--max-layers", String(limit), "--ignore", file];
      expect(partitionOf(await layersPlanned(...args))).toEqual(partition);
    }
  });

  it.each(golden.pipelines)("pipeline $pipeline", async ({ pipeline, layers }) => {
    const folder = temporaryFolder();
    const graph = write(folder, "graph.json", golden.graph);
    const file = write(folder, "pipeline.json", pipeline);
    expect(await layersPlanned("--graph", graph, "--pipeline", file)).toEqual(layers);
  });
});

const [APP, LIB, LIBC] = ["app-1.0", "lib-2.0", "libc"].map(storePath) as [string, string, string];
const GRAPH = [
  { path: APP, references: [LIB, LIBC, APP], narSize: 1_000_000 },
  { path: LIB, references: [LIBC], narSize: 2000 },
  { path: LIBC, references: [], narSize: 5_000_000 },
];
const REGISTRATION = GRAPH.map(
  ({ path: at, references, narSize }) =>
    `${[at, hexHash(at), narSize, "", references.length, ...references].join("\n")}\n`,
).join("");

describe("the JSON of varve plan", () => {
  it("is stable", async () => {
    const graph = write(temporaryFolder(), "graph.json", GRAPH);
    const { stdout } = await runHere("plan", "--graph", graph, "--max-layers", "2", "--json");
    expect(stdout).toBe(`{
  "layers": [
    {
      "paths": [
        "${LIBC}"
      ],
      "reason": "founded by libc (5.00 MB)"
    },
    {
      "paths": [
        "${APP}",
        "${LIB}"
      ],
      "reason": "founded by app-1.0 (1.00 MB) with 1 dependency only it needs"
    }
  ]
}
`);
  });

  it.each<[string, string, unknown]>([
    ["exportReferencesGraph", "graph.json", GRAPH],
    ["a build's attributes", "attrs.json", { outputs: { out: "/x" }, closure: GRAPH }],
    [
      "nix path-info, by path",
      "infos.json",
      Object.fromEntries(GRAPH.map(({ path: at, ...info }) => [at, info])),
    ],
    [
      "nix path-info, by base name",
      "infos.json",
      {
        version: 2,
        storeDir: "/nix/store",
        info: Object.fromEntries(
          GRAPH.map(({ path: at, references, narSize }) => [
            path.basename(at),
            {
              narSize,
              narHash: { algorithm: "sha256", format: "base64", hash: sriHash(at).slice(7) },
              references: references.map((reference) => path.basename(reference)),
            },
          ]),
        ),
      },
    ],
    ["a registration", "registration", REGISTRATION],
  ])("comes from %s", async (_what, name, content) => {
    const file = write(temporaryFolder(), name, content);
    expect(await layersPlanned("--graph", file, "--max-layers", "2")).toEqual([[LIBC], [APP, LIB]]);
  });

  it("comes from a closureInfo folder, from one of several graphs, from standard input", async () => {
    const folder = temporaryFolder();
    write(folder, "registration", REGISTRATION);
    expect(await layersPlanned("--graph", folder)).toHaveLength(3);
    const several = write(folder, "attrs.json", { outputs: {}, one: GRAPH, two: GRAPH.slice(2) });
    expect(await layersPlanned("--graph", `${several}#two`)).toEqual([[LIBC]]);
    const input = runVarve(["plan", "--graph", "-", "--json"], { input: JSON.stringify(GRAPH) });
    expect(JSON.parse(input.stdout.toString())).toMatchObject({ layers: [{}, {}, {}] });
  });
});

describe("the table of varve plan", () => {
  it("tells of each layer its size, its paths and why", async () => {
    const graph = write(temporaryFolder(), "graph.json", GRAPH);
    const { stdout } = await runHere("plan", "--graph", graph, "--max-layers", "2");
    expect(stdout).toBe(
      "layer      size  paths  what\n" +
        "    1   5.00 MB      1  libc\n" +
        "    2   1.00 MB      2  founded by app-1.0 (1.00 MB) with 1 dependency only it needs\n" +
        "2 layers, 3 paths, 6.00 MB\n",
    );
  });

  it("gives the biggest first, and reasons that do not name them", async () => {
    const graph = write(temporaryFolder(), "graph.json", GRAPH);
    const args = ["--max-layers", "1", "--strategy", "popularity-contest"];
    const { stdout } = await runHere("plan", "--graph", graph, ...args);
    expect(stdout.split("\n")[1]).toMatch(
      /^ {4}1 {3}6.00 MB {6}3 {2}libc, app-1.0, lib-2.0 \(.+\)$/,
    );
  });

  it("says what is left out", async () => {
    const folder = temporaryFolder();
    const graph = write(folder, "graph.json", GRAPH);
    const ignore = write(folder, "ignore", LIBC);
    const { stdout } = await runHere("plan", "--graph", graph, "--ignore", ignore);
    expect(stdout.split("\n").at(-2)).toBe("2 layers, 2 paths, 1.00 MB, 1 left out");
  });

  it("is as wide as the terminal", () => {
    const closure = closureOfInfos(GRAPH);
    const plan = {
      layers: [{ paths: [LIBC, LIB, APP], reason: "for a reason to be told at length" }],
    };
    const lines = planTable(plan, [closure], 40).split("\n");
    expect(lines[1]).toBe("    1   6.00 MB      3  libc, app-1.0, …");
    expect(Math.max(...lines.map(({ length }) => length))).toBe(40);
  });
});

describe("varve plan, used wrongly", () => {
  const dangling = GRAPH.slice(0, 2);
  const cyclic = [{ path: LIBC, references: [LIB], narSize: 1 }, GRAPH[1]];

  it.each<[string, unknown, number, RegExp]>([
    ["nothing", "", 1, /^varve: \S+ is empty$/m],
    ["no JSON", "[{", 1, /^varve: \S+ is not valid JSON: /m],
    [
      "another JSON",
      { a: 1 },
      1,
      /^varve: \S+ holds no graph of store paths\nvarve: hint: expected/m,
    ],
    ["a dangling reference", dangling, 1, /refers to \S+-libc, which the graph does not hold/],
    ["a cycle", cyclic, 1, /the graph has a cycle: \S+ → \S+ → \S+/],
    ["a path twice", [...GRAPH, GRAPH[2]], 1, /the graph lists \S+-libc twice/],
    ["half a registration", REGISTRATION.slice(0, 200), 1, /line \d+/],
  ])("%s is no graph", async (_what, content, expected, message) => {
    const file = write(temporaryFolder(), "graph", content);
    const { status, stdout, stderr } = await runHere("plan", "--graph", file);
    expect(stderr).toMatch(message);
    expect({ status, stdout }).toEqual({ status: expected, stdout: "" });
  });

  it.each<[string, string[], number, string]>([
    ["no source", [], 2, "nothing says what is in the image"],
    ["a graph and a source", ["--graph", "G", "/nix"], 2, "--graph and a source both say"],
    ["no such graph", ["--graph", "nowhere"], 1, "nowhere cannot be read: there is no such file"],
    ["no layers", ["--graph", "G", "--max-layers", "0"], 2, '--max-layers: "0" is not a whole'],
    ["another strategy", ["--graph", "G", "--strategy", "auto"], 2, "did you mean auto-layer?"],
    ["no pipeline", ["--graph", "G", "--pipeline", "P"], 2, "--pipeline: P cannot be read"],
    ["no ignore list", ["--graph", "G", "--ignore", "P"], 2, "--ignore: P cannot be read"],
    ["a graph as pipeline", ["--graph", "G", "--pipeline", "G"], 1, "a step is a list"],
    [
      "a graph as ignore list",
      ["--graph", "G", "--ignore", "G"],
      1,
      "is not a list of store paths",
    ],
  ])("%s", async (_what, args, expected, message) => {
    const folder = temporaryFolder();
    workIn(folder);
    const graph = write(folder, "graph.json", GRAPH);
    const given = args.map((argument) => (argument === "G" ? graph : argument));
    const { status, stdout, stderr } = await runHere("plan", ...given);
    expect(stderr).toContain(message);
    expect({ status, stdout }).toEqual({ status: expected, stdout: "" });
  });
});
