import * as fs from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { describeProject } from "../../../src/sources/npm/project/describe-project.ts";
import type { NodeProject } from "../../../src/sources/npm/project/describe-project.ts";
import { chooseVersion, runsTypeScript } from "../../../src/sources/npm/project/node-version.ts";
import { failureOf } from "../../support/failures.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

function project(manifest: object, files: Readonly<Record<string, string>> = {}): string {
  const folder = temporaryFolder();
  const all = { "package.json": JSON.stringify(manifest), "package-lock.json": "{}", ...files };
  for (const [file, content] of Object.entries(all)) {
    fs.mkdirSync(path.dirname(path.join(folder, file)), { recursive: true });
    fs.writeFileSync(path.join(folder, file), content);
  }
  return folder;
}

const described = (
  manifest: object,
  files?: Readonly<Record<string, string>>,
): Promise<NodeProject> => describeProject(project(manifest, files));

describe("the entry point", () => {
  it.each([
    [
      "the start script",
      { scripts: { start: "node --enable-source-maps server" }, main: "no.js" },
      "server.js",
      "scripts.start",
    ],
    ["main", { main: "./lib" }, "lib/index.js", "main"],
    ["the only command", { bin: { serve: "./bin/serve.js" } }, "bin/serve.js", "bin"],
    [
      "TypeScript that a runner ran",
      { scripts: { start: "tsx --tsconfig x src/a.ts" }, main: "server.js" },
      "src/a.ts",
      "start",
    ],
    [
      "a framework's command",
      { scripts: { start: "next start" } },
      "node_modules/.bin/next",
      "scripts.start",
    ],
  ])("is %s", async (_, manifest, file, from) => {
    const files = {
      "server.js": "",
      "lib/index.js": "",
      "bin/serve.js": "",
      "src/a.ts": "",
      x: "",
    };
    const { entry } = await described(manifest, files);
    expect(entry.file).toBe(file);
    expect(entry.from).toContain(from);
    expect(entry.args).toContain(file);
  });

  it("keeps options and arguments in their order", async () => {
    const start = "PORT=80 node --import ./a.js src/main.ts --verbose";
    const { entry } = await described({ scripts: { start } }, { "src/main.ts": "" });
    expect(entry).toMatchObject({
      args: ["--import", "./a.js", "src/main.ts", "--verbose"],
      env: { PORT: "80" },
      isTypeScript: true,
    });
  });

  it("is a usual name where there is only one", async () => {
    expect((await described({}, { "src/server.ts": "" })).entry.file).toBe("src/server.ts");
    const error = await failureOf(described({}, { "server.js": "", "app.js": "" }));
    expect(error.code).toBe("NPM_NO_ENTRY");
    expect(error.message).toContain("server.js or app.js");
  });

  it("is a workspace's where there are some", async () => {
    const error = await failureOf(described({ workspaces: ["packages/*"] }));
    expect(error.code).toBe("NPM_NO_ENTRY");
    expect(error.hint).toContain("name the workspace that is the application");
  });

  it("that must be built is named with its build script", async () => {
    const error = await failureOf(described({ main: "dist/main.js", scripts: { build: "tsc" } }));
    expect(error).toMatchObject({ code: "NPM_NOT_BUILT" });
    expect(error.hint).toContain("npm run build: tsc");
  });

  it("never lies outside of the project", async () => {
    expect(await failureOf(described({ main: "../x.js" }))).toMatchObject({ code: "NPM_NO_ENTRY" });
  });

  it("is not guessed from a script that a shell must run", async () => {
    const error = await failureOf(described({ scripts: { start: "a && node b.js" } }));
    expect(error.message).toContain("a && node b.js");
  });
});

describe("the Node version", () => {
  const main = { main: "a.js" };
  const a = { "a.js": "" };
  it.each([
    [{ engines: { node: ">=22" } }, {}, ">=22"],
    [{ engines: { node: ">=22" }, volta: { node: "22.4.0" } }, {}, "22.4.0"],
    [{ engines: { node: ">=22" } }, { ".nvmrc": "v22.18.0\n" }, "22.18.0"],
    [{}, { ".nvmrc": "# comment\nlts/jod" }, "22.x"],
    [{}, { ".node-version": "24" }, "24"],
    [{}, { ".nvmrc": "lts/*" }, "*"],
    [{}, {}, "*"],
  ])("of %j and %j is %s", async (manifest, files, range) => {
    expect((await described({ ...main, ...manifest }, { ...a, ...files })).node.range).toBe(range);
  });

  it("that is none is an error with its place", async () => {
    const error = await failureOf(described(main, { ...a, ".nvmrc": "newest please" }));
    expect(error.code).toBe("NPM_NODE_VERSION");
    expect(error.message).toContain(".nvmrc");
  });

  it("is the newest of a long-term line, unless only others fit", async () => {
    const versions = ["22.9.0", "22.10.0", "24.1.0", "25.0.0", "9.0.0"];
    expect(await chooseVersion("*", versions)).toBe("24.1.0");
    expect(await chooseVersion("^22", versions)).toBe("22.10.0");
    expect(await chooseVersion(">24.1", versions)).toBe("25.0.0");
    expect(await chooseVersion(">26", versions)).toBeUndefined();
  });

  it("decides whether TypeScript runs", async () => {
    const known = ["22.17.0", "22.18.0", "23.5.0", "23.6.0", "24.0.0", "26.1.0"];
    expect(await Promise.all(known.map(runsTypeScript))).toEqual([
      false,
      true,
      false,
      true,
      true,
      true,
    ]);
  });
});

it("refuses a folder without package.json, or without lockfile", async () => {
  expect(await failureOf(describeProject(temporaryFolder()))).toMatchObject({
    code: "NPM_MANIFEST",
  });
  const folder = project({ main: "a.js" });
  fs.rmSync(path.join(folder, "package-lock.json"));
  const error = await failureOf(describeProject(folder));
  expect(error).toMatchObject({ code: "NPM_NO_LOCK" });
  expect(error.hint).toMatch(/make one: npm install$/);
  fs.writeFileSync(path.join(folder, "pnpm-workspace.yaml"), "packages: []\n");
  expect((await failureOf(describeProject(folder))).hint).toMatch(/make one: pnpm install$/);
});
