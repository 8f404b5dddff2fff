import { execFile } from "node:child_process";
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { VARVE } from "../support/run-varve.ts";
import { absent } from "./support/absent.ts";
import { dockerdAbsent, startDockerd } from "./support/dockerd.ts";
import type { TestDockerd } from "./support/dockerd.ts";
import { NODE_PROJECTS } from "./support/node-projects.ts";
import type { NodeProjectCase } from "./support/node-projects.ts";
import { isShortRun } from "./support/short-run.ts";
import { until } from "./support/until.ts";

const run = promisify(execFile);
/** All of them take ten minutes; by themselves the tests take those that are quick to install. */
const QUICK = new Set(["Express", "Hono, in a pnpm workspace", "Koa", "npm workspaces"]);
const CHOSEN = NODE_PROJECTS.filter(
  ({ name }) => process.env["VARVE_ALL_PROJECTS"] !== undefined || QUICK.has(name),
);

describe.skipIf(isShortRun() || absent(["npm", "npx"]) || dockerdAbsent())(
  "a Node project as it is",
  () => {
    let folder: string;
    let engine: TestDockerd;

    beforeAll(async () => {
      folder = fs.mkdtempSync(path.join(tmpdir(), "varve-projects-"));
      engine = await startDockerd();
    });
    afterAll(async () => {
      await engine.stop();
      fs.rmSync(folder, { recursive: true, force: true });
    });

    it.each(CHOSEN)("$name", async (project) => {
      const place = await makeProject(project, path.join(folder, slugOf(project)));
      const tag = `${slugOf(project)}:1`;
      const { stderr } = await run(process.execPath, [VARVE, "load", "-t", tag], {
        cwd: path.join(place, project.folder ?? ""),
        env: engine.env,
      });
      console.log(`${project.name}: ${/\d+ layers, [\d.]+ [kMG]?B/.exec(stderr)?.[0]}`);
      if (project.prints !== undefined) {
        const printed = await engine.docker(
          "run",
          "--rm",
          "--network=none",
          tag,
          ...project.prints,
        );
        expect(printed).toContain(project.says);
        return;
      }
      const id = await engine.docker("run", "--detach", "--publish=127.0.0.1::8080", tag);
      const address = await engine.docker("port", id, "8080/tcp");
      let page = "";
      await until(async () => {
        page = await (await fetch(`http://${address}/`)).text();
        return true;
      }).catch(async () => {
        throw new Error((await engine.docker("logs", id)) || "it serves nothing");
      });
      expect(page).toContain(project.says);
      await engine.docker("stop", "--time=5", id);
      // 137 would say that it had to be killed.
      expect(await engine.docker("inspect", "--format={{.State.ExitCode}}", id)).not.toBe("137");
      await engine.docker("rm", "--volumes", id);
    });
  },
);

function slugOf({ name }: NodeProjectCase): string {
  return name.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-");
}

async function makeProject(project: NodeProjectCase, place: string): Promise<string> {
  for (const [file, content] of Object.entries(project.files)) {
    const whole = path.join(place, file);
    fs.mkdirSync(path.dirname(whole), { recursive: true });
    fs.writeFileSync(whole, content);
  }
  await run("sh", ["-c", project.install], { cwd: place, maxBuffer: 1 << 26 });
  return place;
}
