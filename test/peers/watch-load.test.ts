import { once } from "node:events";
import * as fs from "node:fs";
import path from "node:path";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startVarve } from "../support/run-varve.ts";
import { dockerdAbsent, startDockerd } from "./support/dockerd.ts";
import type { TestDockerd } from "./support/dockerd.ts";

/** @param more further keys of the recipe */
function recipe(more: string): string {
  const contents = '[{ files: { from: "big", to: "/big" } }, { files: { from, to: "/app" } }]';
  return (
    'import { from } from "./places.ts";\nimport { defineImage } from "varve";\n' +
    `export default defineImage({ name: "watched", contents: ${contents}${more} });\n`
  );
}

describe.skipIf(dockerdAbsent())("varve load --watch", () => {
  let engine: TestDockerd;
  beforeAll(async () => {
    engine = await startDockerd();
  });
  afterAll(async () => {
    await engine?.stop();
  });

  it("loads each change in a line, tells of errors and goes on, and ends by a signal", async () => {
    const folder = path.join(engine.folder, "project");
    const write = (name: string, text: string): void => {
      fs.mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
      fs.writeFileSync(path.join(folder, name), text);
    };
    write("big/file", "x".repeat(3_000_000));
    write("app/main.txt", "one");
    write("places.ts", 'export const from: string = "app";\n');
    write("varve.config.ts", recipe(""));
    const child = startVarve(["load", "--watch", "--host", engine.host, "--progress", "plain"], {
      cwd: folder,
      env: { ...process.env, VARVE_CACHE_DIR: path.join(engine.folder, "cache") },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
    const next = async (): Promise<string> => (await lines.next()).value as string;
    const errors = createInterface({ input: child.stderr! });
    const told: string[] = [];
    errors.on("line", (line) => told.push(line));
    const label = (): Promise<string> =>
      engine.docker("inspect", "--format", "{{json .Config.Labels}}", "watched:latest");
    try {
      expect(await next()).toMatch(
        /^Loaded watched:latest: 3\.\d+ MB in 2 of 2 layers, \d+\.\d\d s$/,
      );
      expect(await next()).toMatch(/^Watching \d places$/);
      const first = await engine.docker("images", "--quiet", "watched");

      write("app/main.txt", "two");
      const line = await next();
      expect(line).toMatch(/^Loaded watched:latest: [\d.]+ kB in 1 of 2 layers, \d+\.\d\d s$/);
      expect(await engine.docker("images", "--quiet", "watched:latest")).not.toBe(first);

      write("varve.config.ts", recipe(", nmae: 1"));
      await expect
        .poll(() => told.join("\n"), { timeout: 20_000 })
        .toContain('did you mean "name"?');
      write("varve.config.ts", recipe(', config: { Labels: { state: "right" } }'));
      expect(await next()).toMatch(/ in 0 of 2 layers, /);
      expect(JSON.parse(await label())).toEqual({ state: "right" });

      // A file that the recipe imports, and another folder from then on.
      write("other/main.txt", "three");
      write("places.ts", 'export const from: string = "other";\n');
      expect(await next()).toMatch(/ in 1 of 2 layers, /);
      write("other/main.txt", "four");
      expect(await next()).toMatch(/ in 1 of 2 layers, /);
      child.kill("SIGINT");
      expect(await once(child, "close")).toEqual([null, "SIGINT"]);
    } finally {
      child.kill("SIGKILL");
    }
  });

  it("misses no change that is made while a script is running", async () => {
    const folder = path.join(engine.folder, "built");
    fs.mkdirSync(folder);
    const write = (name: string, text: string): void => {
      fs.writeFileSync(path.join(folder, name), text);
    };
    const scripts = { build: "node build.js" };
    write("package.json", JSON.stringify({ name: "built", main: "out.js", scripts }));
    write("package-lock.json", '{"lockfileVersion": 3, "packages": {"": {}}}');
    // It reads the source first, writes late, and tells that it has begun.
    write(
      "build.js",
      `const fs = require("node:fs");
       const text = fs.readFileSync("source.txt", "utf8");
       fs.writeFileSync("../begun", text);
       setTimeout(() => fs.writeFileSync("out.js", text), 500);`,
    );
    write("source.txt", "one");
    write("varve.config.json", '{"name": "built", "contents": [{"npm": ".", "run": "build"}]}');
    const begun = path.join(engine.folder, "begun");
    const running = (text: string): Promise<void> =>
      expect
        .poll(() => fs.existsSync(begun) && fs.readFileSync(begun, "utf8"), {
          timeout: 20_000,
          interval: 20,
        })
        .toBe(text);
    const child = startVarve(["load", "--watch", "--host", engine.host, "--quiet"], {
      cwd: folder,
      env: { ...process.env, VARVE_CACHE_DIR: path.join(engine.folder, "cache") },
      stdio: ["ignore", "ignore", "inherit"],
    });
    const inImage = async (text: string): Promise<void> => {
      const place = path.join(engine.folder, "out.js");
      await expect
        .poll(
          async () => {
            const id = await engine.docker("create", "built:latest", "x").catch(() => undefined);
            if (id === undefined) return undefined;
            await engine.docker("cp", `${id}:/app/out.js`, place);
            await engine.docker("rm", id);
            return fs.readFileSync(place, "utf8");
          },
          { timeout: 30_000, interval: 300 },
        )
        .toBe(text);
    };
    try {
      await running("one");
      write("source.txt", "two");
      await inImage("two");
      write("source.txt", "three");
      await running("three");
      write("source.txt", "four");
      await inImage("four");
    } finally {
      child.kill("SIGKILL");
    }
  });
});
