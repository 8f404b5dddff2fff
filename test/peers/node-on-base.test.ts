import { execFile } from "node:child_process";
import * as fs from "node:fs";
import path from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { VARVE } from "../support/run-varve.ts";
import { absent } from "./support/absent.ts";
import { dockerdAbsent, startDockerd } from "./support/dockerd.ts";
import type { TestDockerd } from "./support/dockerd.ts";
import { until } from "./support/until.ts";

const run = promisify(execFile);
const SERVER = `
  const ms = require("ms");
  require("node:http").createServer((q, r) => r.end(ms(60000))).listen(8080);
`;

describe.skipIf(absent(["npm"]) || dockerdAbsent())("Node on a base", () => {
  let engine: TestDockerd;
  let folder: string;

  beforeAll(async () => {
    engine = await startDockerd();
    folder = path.join(engine.folder, "app");
    fs.mkdirSync(folder);
    const base = {
      name: "base",
      contents: [{ debian: ["tini", "libstdc++6", "libatomic1", "ca-certificates"] }],
      config: { Entrypoint: ["/usr/bin/tini", "--"] },
    };
    const recipe = { base: "base.tar", contents: [{ node: "24" }, { npm: "." }] };
    const manifest = { name: "app", main: "server.js", dependencies: { ms: "^2.1.0" } };
    write("base.json", base);
    write("varve.config.json", recipe);
    write("package.json", manifest);
    fs.writeFileSync(path.join(folder, "server.js"), SERVER);
    await run("npm", ["install", "--no-audit", "--no-fund"], { cwd: folder });
  });
  afterAll(async () => engine.stop());

  const write = (file: string, content: object): void => {
    fs.writeFileSync(path.join(folder, file), JSON.stringify(content));
  };
  const varve = (...args: readonly string[]): Promise<unknown> =>
    run(process.execPath, [VARVE, ...args], { cwd: folder, env: engine.env });

  it("runs by the base's libraries and init, with no package of Debian of its own", async () => {
    await varve("build", "base.json", "-o", "base.tar");
    await varve("load");
    const layers = async (name: string): Promise<string[]> =>
      JSON.parse(
        await engine.docker("inspect", "--format", "{{json .RootFS.Layers}}", name),
      ) as string[];
    await engine.docker("load", "--input", path.join(folder, "base.tar"));
    const below = await layers("base");
    const all = await layers("app");
    expect(all.slice(0, below.length)).toEqual(below);
    // Node, its licence with it; the one package; the application.
    expect(all).toHaveLength(below.length + 3);
    const id = await engine.docker("run", "--detach", "--publish=127.0.0.1::8080", "app");
    const address = await engine.docker("port", id, "8080/tcp");
    await until(async () => (await (await fetch(`http://${address}/`)).text()) === "1m");
    await engine.docker("stop", "--time=20", id);
    // 137 would say that it had to be killed.
    expect(await engine.docker("inspect", "--format={{.State.ExitCode}}", id)).toBe("143");
  });
});
