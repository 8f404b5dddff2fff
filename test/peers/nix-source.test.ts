import { execFileSync, spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { text } from "node:stream/consumers";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from "vitest";
import { VarveError } from "../../src/errors.ts";
import { closureOf } from "../../src/sources/nix/closure-of.ts";
import { evaluate } from "../../src/sources/nix/evaluate.ts";
import { buildInstallables } from "../../src/sources/nix/installable.ts";
import { closureFromNixStore } from "../../src/sources/nix/nix-store-command.ts";
import { closureFromPathInfo } from "../../src/sources/nix/path-info-command.ts";
import { closureOfInfos } from "../../src/sources/nix/path-info.ts";
import { closureOfGraph } from "../../src/sources/nix/reference-graph.ts";
import { rootsOf } from "../../src/sources/nix/roots.ts";
import { closureFromDatabase } from "../../src/sources/nix/store-database.ts";
import { NixStore } from "../../src/sources/nix/store.ts";
import { failureOf } from "../support/failures.ts";
import { nixAbsent, repository } from "./support/nix.ts";
import { isOpenToOthers } from "./support/open-to-others.ts";
import { privateNix } from "./support/private-nix.ts";

const folder = fs.mkdtempSync(path.join(tmpdir(), "varve-nix-"));
const UNBUILT = "00000000000000000000000000000000-unbuilt";
const NOBODY = 65_534;
const SYSTEM = process.arch === "arm64" ? "aarch64-linux" : "x86_64-linux";
const WAYS = {
  "the database": closureFromDatabase,
  "nix path-info": closureFromPathInfo,
  "nix-store": closureFromNixStore,
} as const;
const WAY_NAMES = Object.keys(WAYS) as (keyof typeof WAYS)[];

/** The store that the environment says, and nothing of what Nix says. */
function quietly(): { store: NixStore; quiet: true } {
  return { store: new NixStore(), quiet: true };
}

afterAll(() => {
  execFileSync("chmod", ["-R", "u+rwX", folder]);
  fs.rmSync(folder, { recursive: true });
});

describe.skipIf(nixAbsent())("with a real Nix", () => {
  const { nix } = privateNix(folder);
  const flake = path.join(folder, "flake");
  let app: string;

  beforeAll(async () => {
    fs.cpSync(path.join(import.meta.dirname, "support/installables"), flake, { recursive: true });
    app = (await buildInstallables([`${flake}#app`], quietly()))[0]!;
  });

  describe("closures", () => {
    it.each(WAY_NAMES)("%s tells what Nix itself tells", async (way) => {
      const store = new NixStore();
      const closure = closureOfInfos(await WAYS[way](store, [app]));
      const requisites = await nix("nix-store", "-qR", app);
      expect([...closure].map(({ id }) => id)).toEqual(requisites.split("\n").toSorted());
      const lib = [...closure].find(({ id }) => id.endsWith("-lib-1.0"))!;
      expect(closure.get(app).references).toContain(lib.id);
      // It refers to itself, too, as the database knows.
      expect((await nix("nix-store", "-q", "--references", lib.id)).split("\n")).toContain(lib.id);
      expect(lib.references).toEqual([expect.stringMatching(/-libc$/)]);
      expect(String(lib.size)).toBe(await nix("nix-store", "-q", "--size", lib.id));
      const hash = await nix("nix-store", "-q", "--hash", lib.id);
      expect(lib.contentHash).toBe(await nix("nix", "hash", "to-sri", hash));
    });

    it.each(WAY_NAMES)("%s finds a store under a root", async (way) => {
      const root = path.join(folder, "root");
      await nix("nix", "copy", "--no-check-sigs", "--to", root, app);
      const store = new NixStore({ storeRoot: root });
      const expected = closureOfInfos(await closureFromDatabase(new NixStore(), [app]));
      expect(closureOfInfos(await WAYS[way](store, [app])).components).toEqual(expected.components);
      expect((await closureOf(store, [app])).components).toEqual(expected.components);
      expect(fs.existsSync(store.locate(app))).toBe(true);
      fs.symlinkSync(app, path.join(folder, `result-${WAY_NAMES.indexOf(way)}`));
      const link = path.join(folder, `result-${WAY_NAMES.indexOf(way)}`);
      expect(await rootsOf([link, store.locate(app)], { store })).toEqual([app]);
    });

    it.each(WAY_NAMES)("%s names a path that is not valid", async (way) => {
      const store = new NixStore();
      const unbuilt = `${store.storeDir}/${UNBUILT}`;
      for (const roots of [[unbuilt], [app, unbuilt]]) {
        const error = await failureOf(() => WAYS[way](store, roots));
        expect(error.code).toBe("STORE_PATH_INVALID");
        expect(error.message).toContain(unbuilt);
      }
    });

    it("are asked from nix path-info where there is no database to read", async () => {
      const expected = await closureOf(new NixStore(), [app]);
      const env = { ...process.env, NIX_STATE_DIR: "/nonexistent" };
      const notices: string[] = [];
      const closure = await closureOf(new NixStore({}, env), [app], (notice) =>
        notices.push(notice),
      );
      expect(closure.components).toEqual(expected.components);
      expect(notices).toEqual([
        "there is no Nix database at /nonexistent/db/db.sqlite; trying nix path-info",
      ]);
    });

    it("are asked from nix-store where nix is none that we know", async () => {
      const expected = await closureOf(new NixStore(), [app]);
      const programs = path.join(folder, "old");
      fs.mkdirSync(programs);
      fs.symlinkSync((await nix("which", "nix-store")).trim(), path.join(programs, "nix-store"));
      const before = process.env["PATH"];
      vi.stubEnv("PATH", programs);
      onTestFinished(() => {
        vi.stubEnv("PATH", before);
      });
      const env = { ...process.env, NIX_STATE_DIR: "/nonexistent" };
      const notices: string[] = [];
      const closure = await closureOf(new NixStore({}, env), [app], (notice) =>
        notices.push(notice),
      );
      expect(closure.components).toEqual(expected.components);
      expect(notices[1]).toBe("nix is not on the PATH; trying nix-store");
    });

    it.each([
      ["plainGraph", "as builders got them first"],
      ["jsonGraph", "as builders with structured attributes get them"],
    ])("are read from %s, %s", async (attribute) => {
      const [graph] = await buildInstallables([`${flake}#${attribute}`], quietly());
      const expected = await closureOf(new NixStore(), [app]);
      expect((await closureOfGraph(graph!, new NixStore())).components).toEqual(
        expected.components,
      );
    });

    it("are read from a dump of the database, and from what nix path-info prints", async () => {
      const expected = await closureOf(new NixStore(), [app]);
      const paths = [...expected].map(({ id }) => id);
      const nowhere = new NixStore({ storeRoot: "/nonexistent" });
      for (const printed of [
        await nix("nix-store", "--dump-db", ...paths),
        await nix("nix", "path-info", "--json", "--recursive", app),
      ]) {
        const file = path.join(folder, "printed");
        fs.writeFileSync(file, printed);
        expect((await closureOfGraph(file, nowhere)).components).toEqual(expected.components);
      }
    });

    it("are whole while Nix writes to the store", { timeout: 60_000 }, async () => {
      const adding = keepAdding(folder);
      const expected = await closureOf(new NixStore(), [app]);
      const notices: string[] = [];
      for (let read = 0; read < 200 || adding.count < 4; read += 1) {
        const closure = await closureOf(new NixStore(), [app], (notice) => notices.push(notice));
        expect(closure.components).toEqual(expected.components);
        await delay(5);
      }
      expect(notices).toEqual([]);
      await adding.stop();
    });
  });

  describe("installables", () => {
    it("are built, all outputs told, in order, Nix' own messages kept back on request", async () => {
      const [server, again, several] = await buildInstallables(
        [`${flake}#server`, app, `${flake}#several`],
        quietly(),
      );
      expect([server, again, several]).toEqual([
        expect.stringMatching(/-server$/),
        app,
        expect.stringMatching(/-several$/),
      ]);
    });

    it("become roots together with store paths", async () => {
      const link = path.join(folder, "link");
      fs.symlinkSync(app, link);
      const roots = await rootsOf([`${flake}#several`, link, app, `${flake}#app`], quietly());
      expect(roots).toEqual([expect.stringMatching(/-several$/), app]);
    });

    it("are built before the user's eyes", async () => {
      const { status, stdout, stderr } = await inOtherProcess(
        `console.log(JSON.stringify(await buildInstallables(["${flake}#text"], { store })));`,
      );
      expect(JSON.parse(stdout)).toEqual([expect.stringMatching(/-text$/)]);
      expect(stderr).toMatch(/building '.*-text\.drv'/);
      expect(status).toBe(0);
    });

    it("fail with what Nix says", async () => {
      const failing = await failureOf(() => buildInstallables([`${flake}#failing`], quietly()));
      expect(failing.code).toBe("NIX_FAILED");
      expect(failing.message).toContain(`nix build ${flake}#failing failed with status 1: error: `);
      expect(failing.message).toContain("this cannot work");
      const unknown = await failureOf(() => buildInstallables([`${flake}#unknown`], quietly()));
      expect(unknown.message).toContain("does not provide attribute");
      const { stderr } = await inOtherProcess(
        `await buildInstallables(["${flake}#failing"], { store }).catch((error) => console.error(error.message, error.hint));`,
      );
      expect(stderr).toContain("this cannot work");
      expect(stderr).toContain(
        `nix build ${flake}#failing failed with status 1 Nix' own messages above say why`,
      );
    });

    it("take further arguments", async () => {
      const outer = path.join(folder, "outer");
      fs.mkdirSync(outer);
      fs.writeFileSync(
        path.join(outer, "flake.nix"),
        `{
          inputs.packages.url = "path:/nonexistent";
          outputs = { self, packages }: {
            app = packages.packages.${SYSTEM}.app;
            user = derivation {
              name = "user-\${builtins.getEnv "WHO"}";
              system = "${SYSTEM}";
              builder = "/bin/bash";
              args = [ "-c" "echo > $out" ];
            };
          };
        }`,
      );
      vi.stubEnv("WHO", "me");
      const nixArgs = ["--override-input", "packages", `path:${flake}`, "--no-write-lock-file"];
      expect(await buildInstallables([`path:${outer}#app`], { ...quietly(), nixArgs })).toEqual([
        app,
      ]);
      const impure = { ...quietly(), nixArgs: [...nixArgs, "--impure"] };
      expect(await buildInstallables([`path:${outer}#user`], impure)).toEqual([
        expect.stringMatching(/-user-me$/),
      ]);
      expect((await evaluate(`path:${outer}#user`, impure)).conf).toBeUndefined();
    });

    it("are told of when there is no Nix", async () => {
      const before = process.env["PATH"];
      vi.stubEnv("PATH", "/nonexistent");
      onTestFinished(() => {
        vi.stubEnv("PATH", before);
      });
      const error = await failureOf(() => buildInstallables([`${flake}#app`], quietly()));
      expect(error.code).toBe("NIX_MISSING");
      expect(error.hint).toContain("install Nix");
    });

    it.each(["SIGINT", "SIGTERM"] as const)("end with us: %s", async (signal) => {
      const ours = otherProcess(`await buildInstallables(["${flake}#slow"], { store });`);
      const said: string[] = [];
      ours.stderr?.setEncoding("utf8").on("data", (chunk: string) => said.push(chunk));
      await expect.poll(() => said.join(""), { timeout: 20_000 }).toMatch(/building .*-slow\.drv/);
      const [nixProcess] = childrenOf(ours.pid!);
      expect(fs.readFileSync(`/proc/${nixProcess}/cmdline`, "latin1")).toContain("build");
      ours.kill(signal);
      const [, endedBy] = (await once(ours, "exit")) as [number | null, string | null];
      expect(endedBy).toBe(signal);
      await expect
        .poll(() => fs.existsSync(`/proc/${nixProcess}`), { timeout: 10_000 })
        .toBe(false);
    });
  });

  describe("the conf of an image", () => {
    it.each([
      ["#image"],
      ["#image^out"],
      ["#image^*"],
      [""],
      ["#"],
      ["#default"],
      [`#packages.${SYSTEM}.image`],
      ["#compressed"],
    ])("is found and built: %s", async (attribute) => {
      const { conf } = await evaluate(`${flake}${attribute}`, quietly());
      expect(conf).toMatch(/-image-conf\.json$/);
      expect(JSON.parse(fs.readFileSync(conf!, "utf8"))).toEqual({ store_layers: [[app]] });
    });

    it.each(["app", "text", "server", "list"])("is not what %s has", async (attribute) => {
      expect((await evaluate(`${flake}#${attribute}`, quietly())).conf).toBeUndefined();
    });

    it.each([
      ["throwing", "there is no conf for you"],
      ["unknown", "does not provide attribute"],
      ["unbuildable", "this cannot work"],
    ])("fails, when it fails: %s", async (attribute, reason) => {
      const error = await failureOf(() => evaluate(`${flake}#${attribute}`, quietly()));
      expect(error.code).toBe("NIX_FAILED");
      expect(error.message).toContain(reason);
    });
  });
});

describe.skipIf(nixAbsent())("with a real Nix that does without a write-ahead log", () => {
  const place = path.join(folder, "no-log");
  const { nix } = privateNix(place, "use-sqlite-wal = false");

  it("reads whole closures between its writes", { timeout: 60_000 }, async () => {
    fs.writeFileSync(path.join(place, "file"), "content");
    const added = await nix("nix-store", "--add", "file");
    const store = new NixStore();
    const header = fs.readFileSync(store.databaseFile).subarray(18, 20);
    expect([...header]).toEqual([1, 1]);
    const adding = keepAdding(place, 400);
    const notices: string[] = [];
    while (adding.count < 5) {
      const closure = await closureOf(store, [added], (notice) => notices.push(notice));
      expect([...closure].map(({ id }) => id)).toEqual([added]);
      await delay(50);
    }
    expect(notices).toEqual([]);
    await adding.stop();
    expect(fs.existsSync(`${store.databaseFile}.lock`)).toBe(false);
  });
});

const isRoot = process.getuid?.() === 0;

describe.skipIf(nixAbsent() ?? !isRoot)("with a Nix daemon, as somebody else than root", () => {
  const place = path.join(folder, "daemon");
  const { nix } = privateNix(place);
  let daemon: ChildProcess;
  let added: string;

  beforeAll(async () => {
    for (const above of [folder, place]) fs.chmodSync(above, 0o755);
    fs.writeFileSync(path.join(place, "file"), "content");
    added = await nix("nix-store", "--add", "file");
    daemon = spawn("nix-daemon", { stdio: "ignore" });
    const socket = path.join(place, "var/daemon-socket/socket");
    await vi.waitUntil(() => fs.existsSync(socket), { timeout: 10_000 });
  });
  afterAll(() => {
    daemon.kill();
  });

  const script = `
    const notices = [];
    const closure = await closureOf(store, [process.argv[1]], (notice) => notices.push(notice));
    console.log(JSON.stringify({ ids: [...closure].map(({ id }) => id), notices }));`;
  // Our modules may lie where only root may look: it becomes somebody else when it has them.
  const asNobody = `process.chdir("/"); process.setgid(${NOBODY}); process.setuid(${NOBODY});`;

  it("reads the database itself", async () => {
    await delay(150);
    const { stdout, stderr } = await inOtherProcess(asNobody + script, [added]);
    expect({ ...(JSON.parse(stdout || "{}") as object), stderr }).toEqual({
      ids: [added],
      notices: [],
      stderr: "",
    });
  });

  // What is loaded on demand is looked for as somebody else.
  it.skipIf(!isOpenToOthers(repository))("asks the daemon for what it may not read", async () => {
    fs.chmodSync(path.join(place, "var/db"), 0o700);
    vi.stubEnv("NIX_REMOTE", "daemon");
    const { stdout, stderr } = await inOtherProcess(asNobody + script, [added]);
    expect({ ...(JSON.parse(stdout || "{}") as object), stderr }).toEqual({
      ids: [added],
      notices: [expect.stringMatching(/permission denied.*; trying nix path-info$/)],
      stderr: "",
    });
  });
});

/** Adds files to the store, one Nix command after the other, until told to stop. */
function keepAdding(place: string, pause = 0): { readonly count: number; stop(): Promise<void> } {
  const stopping = new AbortController();
  let count = 0;
  const work = (async () => {
    while (!stopping.signal.aborted) {
      const file = path.join(place, `added-${count}`);
      fs.writeFileSync(file, String(count));
      const child = spawn("nix-store", ["--add", file], { stdio: ["ignore", "ignore", "inherit"] });
      const [status] = (await once(child, "exit")) as [number | null];
      if (status !== 0) throw new VarveError("TEST", "nix-store --add failed");
      count += 1;
      await delay(pause);
    }
  })();
  return {
    get count() {
      return count;
    },
    stop() {
      stopping.abort();
      return work;
    },
  };
}

function from(name: string): string {
  return JSON.stringify(path.join(repository, "src", name));
}

/** Starts a script in a Node.js of its own, with what it needs of ours imported. */
function otherProcess(script: string, args: readonly string[] = []): ChildProcess {
  const imports = `
    import { closureOf } from ${from("sources/nix/closure-of.ts")};
    import { buildInstallables } from ${from("sources/nix/installable.ts")};
    import { NixStore } from ${from("sources/nix/store.ts")};
    const store = new NixStore();`;
  const child = spawn(
    process.execPath,
    ["--input-type=module", "-e", `${imports}\n${script}`, ...args],
    { stdio: ["ignore", "pipe", "pipe"] },
  );
  onTestFinished(() => {
    child.kill("SIGKILL");
  });
  return child;
}

async function inOtherProcess(
  ...call: Parameters<typeof otherProcess>
): Promise<{ status: number | null; stdout: string; stderr: string }> {
  const child = otherProcess(...call);
  const [[status], stdout, stderr] = await Promise.all([
    once(child, "close") as Promise<[number | null]>,
    text(child.stdout!),
    text(child.stderr!),
  ]);
  return { status, stdout, stderr };
}

function childrenOf(pid: number): number[] {
  const children = fs.readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8");
  return children.split(" ").filter(Boolean).map(Number);
}
