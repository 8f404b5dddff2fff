import { execFile } from "node:child_process";
import path from "node:path";
import { promisify } from "node:util";
import { VARVE } from "../support/run-varve.ts";
import { copyOfExample } from "./support/example.ts";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { dockerdAbsent, startDockerd } from "./support/dockerd.ts";
import type { TestDockerd } from "./support/dockerd.ts";
import { until } from "./support/until.ts";
import { flakeOptions, nixAbsent, nixEnvironment, repository, runNix } from "./support/nix.ts";

const run = promisify(execFile);
const REDIS_IMAGE = path.join(import.meta.dirname, "support/redis-image.nix");

/** The server's image and one of Redis, by two ways. */
const WAYS = [
  {
    way: "Nix",
    redisImage: "redis:test",
    isAbsent: nixAbsent,
    load: async ({ env }: TestDockerd): Promise<void> => {
      const all = { ...nixEnvironment, ...env };
      await run("nix", ["run", ".#loadDockerImage", ...flakeOptions], {
        cwd: repository,
        env: all,
      });
      const redis = await runNix("nix-build", REDIS_IMAGE, "--no-out-link");
      await run("sh", ["-c", `${redis} | docker load`], { env: all });
    },
  },
  {
    way: "lockfiles and Debian packages",
    redisImage: "redis-debian:latest",
    isAbsent: (): string | undefined => undefined,
    load: async ({ env, folder }: TestDockerd): Promise<void> => {
      for (const example of ["redis-webserver", "redis-debian"]) {
        await run(process.execPath, [VARVE, "load"], { cwd: copyOfExample(example, folder), env });
      }
    },
  },
] as const;

describe.each(WAYS)("the example, made by $way", ({ isAbsent, load, redisImage }) => {
  describe.skipIf(isAbsent() ?? dockerdAbsent())("beside a Redis container", () => {
    let engine: TestDockerd;
    let web: string;

    beforeAll(async () => {
      engine = await startDockerd();
      await load(engine);
      await engine.docker("network", "create", "backend");
      await startRedis();
      web = await startWeb();
    });
    afterAll(async () => engine.stop());

    const startRedis = (): Promise<string> =>
      engine.docker(
        ..."run --detach --name redis --network backend".split(" "),
        ..."--volume redis-data:/data".split(" "),
        redisImage,
      );

    const startWeb = async (): Promise<string> => {
      await engine.docker(
        ..."run --detach --name web --network backend".split(" "),
        ..."--publish 127.0.0.1::8000 --env REDIS_URL=redis://redis:6379".split(" "),
        "redis-webserver:latest",
      );
      const address = `http://${await engine.docker("port", "web", "8000/tcp")}`;
      await until(async () => (await fetch(`${address}/readyz`)).ok);
      return address;
    };

    const put = async (key: string, value: string): Promise<number> => {
      const response = await fetch(`${web}/api/kv/${key}`, {
        method: "PUT",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ value }),
      });
      return response.status;
    };

    it("keeps its data in Redis: they survive a new container of its own", async () => {
      expect(await put("greeting", "hello")).toBeLessThan(300);
      await engine.docker("rm", "--force", "web");
      web = await startWeb();
      const found = (await (await fetch(`${web}/api/kv/greeting`)).json()) as { value: string };
      expect(found.value).toBe("hello");
    });

    it("says so while Redis is away, and goes on when it is back, nothing lost", async () => {
      await put("kept", "yes");
      await engine.docker("rm", "--force", "redis");
      await until(async () => (await fetch(`${web}/readyz`)).status === 503);
      expect((await fetch(`${web}/api/kv/kept`)).status).toBe(503);
      expect((await fetch(`${web}/healthz`)).status).toBe(200);
      await startRedis();
      await until(async () => (await fetch(`${web}/readyz`)).ok);
      const found = (await (await fetch(`${web}/api/kv/kept`)).json()) as { value: string };
      expect(found.value).toBe("yes");
    });

    it("runs as nobody special, and ends at once when it is told to", async () => {
      expect(await engine.docker("inspect", "--format", "{{.Config.User}}", "web")).toBe(
        "65532:65532",
      );
      const begun = performance.now();
      await engine.docker("stop", "web");
      expect(performance.now() - begun).toBeLessThan(8_000);
      expect(await engine.docker("inspect", "--format", "{{.State.ExitCode}}", "web")).toBe("0");
    });
  });
});
