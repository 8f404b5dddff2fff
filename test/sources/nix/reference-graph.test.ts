import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { closureOfGraph } from "../../../src/sources/nix/reference-graph.ts";
import { NixStore } from "../../../src/sources/nix/store.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";
import { failureOf } from "../../support/failures.ts";
import { hexHash, makeStore, sriHash, storePath } from "./support/test-store.ts";

const A = storePath("a");
const B = storePath("b");
const nowhere = new NixStore({ storeRoot: "/nonexistent" }, {});

const graph = JSON.stringify([
  { path: A, references: [B, A], narSize: 5, narHash: sriHash("a") },
  { path: B, references: [], narSize: 7, narHash: sriHash("b") },
]);
const registration = [A, hexHash("a"), 5, "", 2, B, A, B, hexHash("b"), 7, "", 0, ""].join("\n");
const plain = [A, "", 1, B, B, "", 0, ""].join("\n");

const expected = [
  { id: A, references: [B], size: 5, contentHash: sriHash("a") },
  { id: B, references: [], size: 7, contentHash: sriHash("b") },
].toSorted((a, b) => (a.id < b.id ? -1 : 1));

function fileWith(text: string, name = "graph"): string {
  const file = path.join(temporaryFolder(), name);
  fs.writeFileSync(file, text);
  return file;
}

describe("the closure that a file describes", () => {
  it.each([
    ["JSON", graph],
    ["JSON with blanks before it", `\n  ${graph}`],
    ["a registration", registration],
    ["structured attributes", JSON.stringify({ name: "x", closure: JSON.parse(graph) as unknown })],
  ])("from %s", async (_, text) => {
    const closure = await closureOfGraph(fileWith(text), nowhere);
    expect(closure.components).toEqual(expected);
    expect(closure.roots().map(({ id }) => id)).toEqual([A]);
  });

  it("from the folder that closureInfo makes", async () => {
    const file = fileWith(registration, "registration");
    const closure = await closureOfGraph(path.dirname(file), nowhere);
    expect(closure.components).toEqual(expected);
  });

  it("from a key of structured attributes", async () => {
    const both = { one: [], two: JSON.parse(graph) as unknown, three: [{ path: A }] };
    const file = fileWith(JSON.stringify(both), "at#trs.json");
    expect((await closureOfGraph(`${file}#two`, nowhere)).components).toEqual(expected);
    const error = await failureOf(() => closureOfGraph(`${file}#four`, nowhere));
    expect(error.message).toContain(`${file}#four holds no graph`);
  });

  it("from standard input", () => {
    const script = `
      import { closureOfGraph } from ${JSON.stringify(path.resolve("src/sources/nix/reference-graph.ts"))};
      import { NixStore } from ${JSON.stringify(path.resolve("src/sources/nix/store.ts"))};
      const { components } = await closureOfGraph("-", new NixStore({ storeRoot: "/nonexistent" }, {}));
      console.log(JSON.stringify(components));`;
    const output = execFileSync(process.execPath, ["--input-type=module", "-e", script], {
      input: graph,
      encoding: "utf8",
    });
    expect(JSON.parse(output)).toEqual(expected);
  });

  it("takes from the store what the file does not tell", async () => {
    const store = makeStore(temporaryFolder(), [
      { name: "a", narSize: 5 },
      { name: "b", narSize: 7 },
    ]);
    const notices: string[] = [];
    const closure = await closureOfGraph(fileWith(plain), store, (notice) => notices.push(notice));
    expect(closure.components).toEqual(expected);
    expect(notices).toEqual([]);
  });

  it("counts sizes that nobody knows as nothing, and says so", async () => {
    const store = makeStore(temporaryFolder(), [{ name: "b", narSize: 7 }]);
    const notices: string[] = [];
    const closure = await closureOfGraph(fileWith(plain), store, (notice) => notices.push(notice));
    expect(closure.get(A).size).toBe(0);
    expect(closure.get(B)).toMatchObject({ size: 7, contentHash: sriHash("b") });
    expect(notices).toEqual([expect.stringContaining("the sizes of 1 of 2 store paths")]);
  });

  it.each([
    ["GRAPH_INVALID", "is empty", " \n"],
    ["GRAPH_INVALID", "is not valid JSON", graph.slice(0, -1)],
    ["GRAPH_INVALID", "is not valid JSON", "hello"],
    ["CLOSURE_DANGLING", B, JSON.stringify([{ path: A, references: [B], narSize: 1 }])],
    ["CLOSURE_DUPLICATE", A, [A, "", 0, A, "", 0, ""].join("\n")],
    ["CLOSURE_CYCLE", A, [A, "", 1, B, B, "", 1, A, ""].join("\n")],
  ])("refuses what is damaged: %s (%s)", async (code, reason, text) => {
    const error = await failureOf(() => closureOfGraph(fileWith(text), nowhere));
    expect(error.code).toBe(code);
    expect(error.message).toContain(reason);
  });

  it("refuses files that are not there, and folders without a registration", async () => {
    const folder = temporaryFolder();
    for (const file of [path.join(folder, "none"), folder]) {
      const error = await failureOf(() => closureOfGraph(file, nowhere));
      expect(error.code).toBe("GRAPH_UNREADABLE");
      expect(error.message).toContain(file);
    }
  });
});
