import { readFile, stat } from "node:fs/promises";
import path from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { makeBareRoot } from "./support/bare-root.ts";
import type { BareRoot } from "./support/bare-root.ts";
import { nixAbsent, nixFailure, repository, runNix } from "./support/nix.ts";

const packageSet = path.join(repository, "test/nixpkgs");
const cases = path.join(import.meta.dirname, "support/nixpkgs-cases.nix");

/** Builds attributes of test/nixpkgs, or of another file; their store paths in this order. */
async function build(attributes: readonly string[], file = packageSet): Promise<string[]> {
  const wanted = attributes.flatMap((attribute) => ["-A", attribute]);
  const printed = await runNix("nix-build", file, ...wanted, "--no-out-link");
  return printed.split("\n");
}

async function buildCase(attribute: string): Promise<string> {
  const [built = ""] = await build([attribute], cases);
  return built;
}

async function textOf(attribute: string, file = ""): Promise<string> {
  return readFile(path.join(await buildCase(attribute), file), "utf8");
}

async function bareRootWith(...attributes: readonly string[]): Promise<BareRoot> {
  const root = await makeBareRoot(...(await build(attributes)));
  onTestFinished(() => root.remove());
  return root;
}

const namesOf = (storePaths: readonly string[]): string[] =>
  storePaths.map((storePath) => path.basename(storePath).slice(33)).toSorted();

async function referencesOf(storePath: string): Promise<string[]> {
  return namesOf((await runNix("nix-store", "--query", "--references", storePath)).split("\n"));
}

describe.skipIf(nixAbsent())("the packages of test/nixpkgs", () => {
  describe("where nothing but their closure is", () => {
    it("hello, bash and coreutils run", async () => {
      const root = await bareRootWith("hello", "bash", "coreutils");
      expect(await root.run(["hello"])).toBe("Hello, world!");
      expect(await root.run(["bash", "-c", "echo /* /nix/*"])).toBe(
        "/etc /nix /proc /tmp /nix/store",
      );
      expect((await root.run(["ls", "/nix/store"])).split("\n")).toEqual(
        root.closure.map((storePath) => path.basename(storePath)).toSorted(),
      );
      expect(await root.run(["sha256sum"], { input: "varve\n" })).toMatch(/^[0-9a-f]{64} {2}-$/);
    });

    it("Node.js runs, with TypeScript, workers and time zones, from four store paths", async () => {
      const root = await bareRootWith("nodejs-slim_24");
      expect(namesOf(root.closure).map((name) => name.replace(/-[\d.]+$/, ""))).toEqual([
        "gcc-lib",
        "glibc",
        "libgcc",
        "nodejs-slim",
      ]);
      const program = `
        import { Worker } from "node:worker_threads";
        const answer: number = await new Promise((resolve) => {
          new Worker("import { parentPort } from 'worker_threads'; parentPort.postMessage(6 * 7)", { eval: true })
            .once("message", resolve);
        });
        const time = new Date(0).toLocaleString("de", { timeZone: "Asia/Tokyo", timeStyle: "short" });
        console.log(answer, time, process.version);
      `;
      expect(
        await root.run(["node", "--input-type=module-typescript", "-"], { input: program }),
      ).toMatch(/^42 09:00 v24\./);
    });

    it("npm runs", async () => {
      const root = await bareRootWith("nodejs_24");
      expect(await root.run(["npm", "--version"])).toMatch(/^\d+\./);
    });

    it("Nix loads the registration of a closure into a database and answers from it", async () => {
      const root = await bareRootWith("nix", "hello");
      const hello = root.closure.find((storePath) => storePath.endsWith("-hello")) ?? "";
      const registration = await textOf("registration", "registration");
      await root.run(["nix-store", "--load-db"], { input: registration });
      const found = (await root.run(["nix-store", "--query", "--requisites", hello])).split("\n");
      expect(namesOf(found)).toEqual(["glibc", "hello", "libgcc"]);
      expect(await root.run(["nix-store", "--verify-path", hello])).toBe("");
    });

    it("fakeroot pretends owners and device files", async () => {
      const root = await bareRootWith("fakeroot", "bash", "coreutils");
      const script = `
        touch /tmp/owned && chown 7:8 /tmp/owned && mknod /tmp/device c 1 3
        stat -c '%u:%g %F' /tmp/owned /tmp/device
      `;
      expect(await root.run(["fakeroot", "bash", "-c", script])).toBe(
        "7:8 regular empty file\n0:0 character special file",
      );
      expect((await stat(path.join(root.folder, "tmp/device"))).isFile()).toBe(true);
    });

    it("proot changes the root", async () => {
      const root = await bareRootWith("proot", "bash", "coreutils");
      const script = "mkdir -p /tmp/new/nix && proot -r /tmp/new -b /nix -w / bash -c 'echo /*'";
      expect(await root.run(["bash", "-c", script])).toBe("/nix");
    });

    it("shadowSetup prepares a root for useradd", async () => {
      const root = await makeBareRoot(await buildCase("addUser"));
      onTestFinished(() => root.remove());
      await root.run(["add-user"]);
      expect(await readFile(path.join(root.folder, "etc/passwd"), "utf8")).toMatch(
        /^root:x:0:0:.*\napp:x:4711:4711::\/var\/app:\/bin\/sh\n$/,
      );
    });

    it("compressors and tar give back what they took", async () => {
      const programs = ["gnutar", "gzip", "bzip2", "xz", "zstd", "pigz"];
      const root = await bareRootWith("bash", "coreutils", ...programs);
      const script = `
        cd /tmp && mkdir d && seq 1 5000 > d/f
        for program in gzip bzip2 xz zstd pigz; do
          tar -c d | $program > packed
          mkdir out
          $program -d < packed | tar -x -C out
          [[ $(< out/d/f) == $(< d/f) ]] && rm -r out && echo $program
        done
      `;
      expect((await root.run(["bash", "-euo", "pipefail", "-c", script])).split("\n")).toEqual(
        programs.filter((program) => program !== "gnutar"),
      );
    });

    it.each([
      ["busybox", ["busybox", "echo", "static"], /^static$/],
      ["curl", ["curl", "--version"], /^curl \d/],
      ["gawk", ["awk", "BEGIN { print 2 ^ 10 }"], /^1024$/],
      ["gnugrep", ["grep", "-P", "--version"], /^grep \(GNU grep\)/],
      ["jq", ["jq", "-n", '"a1" | test("[a-z]\\\\d")'], /^true$/],
      ["openssl", ["openssl", "version"], /^OpenSSL 3/],
      ["redis", ["redis-server", "--version"], /^Redis server v=/],
      ["skopeo", ["skopeo", "--version"], /^skopeo version/],
      ["sqlite", ["sqlite3", ":memory:", "select 6 * 7"], /^42$/],
    ] as const)("%s runs", async (attribute, command, expected) => {
      const root = await bareRootWith(attribute);
      expect(await root.run(command)).toMatch(expected);
    });
  });

  it("refer to what they use", async () => {
    const [bash = "", cacert = "", node = ""] = await build(["bash", "cacert", "nodejs-slim_24"]);
    expect(await referencesOf(bash)).toEqual(["glibc", "ncurses"]);
    expect(await referencesOf(node)).toEqual(["gcc-lib", "glibc", "libgcc"]);
    expect(await readFile(`${cacert}/etc/ssl/certs/ca-bundle.crt`, "utf8")).toContain(
      "-----BEGIN CERTIFICATE-----",
    );
  });

  it("hold the Node.js that the repository pins", async () => {
    const lock = JSON.parse(await readFile(path.join(repository, "package-lock.json"), "utf8"));
    const source = await readFile(path.join(packageSet, "packages/nodejs.nix"), "utf8");
    for (const arch of ["x64", "arm64"]) {
      const { version, integrity } = lock.packages[`node_modules/node-linux-${arch}`];
      expect(source).toContain(`version = "${version}";`);
      expect(source).toContain(`${arch} = "${integrity}";`);
    }
  });

  it("can be evaluated for every system, overlays included", async () => {
    for (const system of ["x86_64-linux", "aarch64-linux", "aarch64-darwin"]) {
      const args = ["--argstr", "system", system, "--eval", "--json"];
      expect(await runNix("nix-instantiate", cases, "-A", "withOverlay", ...args)).toBe(
        '"by the next overlay"',
      );
      expect(
        await runNix("nix-instantiate", packageSet, "-A", "nodejs_24.drvPath", ...args),
      ).toMatch(/nodejs-24/);
    }
  });

  it("name an argument that the set does not have", async () => {
    const failure = await nixFailure(
      runNix("nix-instantiate", "--eval", cases, "-A", "missingArgument"),
    );
    expect(failure).toContain("`not-there' is not in this package set");
  });
});

describe.skipIf(nixAbsent())("the builders of test/nixpkgs", () => {
  it("run phases and hooks in order, for several outputs", async () => {
    expect(await textOf("phases.doc", "order")).toBe("postPatch\nbuild\npostBuild\n");
    expect(await textOf("phases.out", "bin/phases")).toMatch(/^#!\/nix\/store\/.*\/bin\/bash\n/);
    const args = ["--eval", "--json", cases, "-A"];
    expect(await runNix("nix-instantiate", ...args, "phases.self")).toBe('"phases-1.0"');
    expect(await runNix("nix-instantiate", ...args, "overridden.self")).toBe('"phases-1.0.1"');
  });

  it("hand over structured attributes", async () => {
    expect(await textOf("structured")).toBe('{"answer":42}\n');
    expect(await textOf("structured.list")).toBe("one word\ntwo\n");
  });

  it("wrap, join and write programs", async () => {
    const root = await makeBareRoot(await buildCase("wrapped"), await buildCase("application"));
    onTestFinished(() => root.remove());
    expect(await root.run(["wrapped"])).toMatch(/^it's me\n\/nix\/store\/.*-jq\/bin\/jq$/);
    expect(await root.run(["application"])).toBe('"runs"');
    expect(await textOf("joined", "share/a")).toBe("first\n");
    expect(await textOf("joined", "share/b")).toBe("other\n");
    expect(await textOf("joined", "share/c")).toBe("built\n");
  });
});
