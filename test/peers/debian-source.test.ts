import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import * as fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readAptAccess } from "../../src/sources/debian/apt-access.ts";
import { readAptSources } from "../../src/sources/debian/apt-sources.ts";
import { DownloadCache } from "../../src/sources/debian/download-cache.ts";
import { MirrorClient } from "../../src/sources/debian/http.ts";
import { fetchIndexes, fetchRelease } from "../../src/sources/debian/mirror.ts";
import { PackageIndex } from "../../src/sources/debian/package-index.ts";
import { resolvePackages } from "../../src/sources/debian/resolve.ts";
import { compareVersions } from "../../src/sources/debian/version-order.ts";
import { DebFile } from "../../src/sources/debian/deb-file.ts";
import { parseLock } from "../../src/sources/debian/lock.ts";
import { runVarve } from "../support/run-varve.ts";
import { arbitraryVersion } from "../sources/debian/support/arbitrary-version.ts";
import { absent } from "./support/absent.ts";
import { dockerdAbsent, startDockerd } from "./support/dockerd.ts";
import { runWith } from "./support/run.ts";

const run = promisify(execFile);
const IMAGE = path.join(import.meta.dirname, "support/debian-image.ts");
const REDIS = "/usr/bin/redis-server --save --protected-mode no";

let folder: string;
beforeAll(() => {
  folder = fs.mkdtempSync(path.join(tmpdir(), "varve-debian-"));
});
afterAll(() => {
  fs.rmSync(folder, { recursive: true, force: true });
});

/** Makes an archive in a process of its own, from the lock beside it; the archive's SHA-256. */
async function makeImage(
  name: string,
  architecture: string,
  packages: readonly string[],
  { cache = "cache", umask = "022", cwd = folder, offline = false } = {},
): Promise<string> {
  const file = path.join(folder, name);
  const args = [IMAGE, file, path.join(folder, cache), architecture, REDIS, ...packages];
  const script = 'umask "$1"; shift; exec "$@"';
  await run("sh", ["-c", script, "sh", umask, process.execPath, ...args], {
    cwd,
    env: { ...process.env, OFFLINE: offline ? "1" : "" },
  });
  return createHash("sha256").update(fs.readFileSync(file)).digest("hex");
}

/** What this machine's apt could install, read by us. */
async function machineIndex(architecture: string): Promise<PackageIndex> {
  const client = new MirrorClient(readAptAccess());
  const cache = new DownloadCache(path.join(folder, "cache"));
  const access = { client, cache, isOffline: false };
  const index = new PackageIndex(architecture);
  for (const source of readAptSources(architecture)) {
    const checked = await fetchRelease(source, access);
    const suite = { name: source.suite, priority: checked.release.priority };
    for (const text of await fetchIndexes(checked, architecture, access)) index.add(text, suite);
  }
  client.close();
  return index;
}

describe.skipIf(absent(["dpkg"]))("the order of versions", () => {
  it("is dpkg's", async () => {
    const pairs = fc.sample(fc.tuple(arbitraryVersion, arbitraryVersion), {
      numRuns: 300,
      seed: 1,
    });
    const script =
      'while read -r a b; do for op in lt eq gt; do dpkg --compare-versions "$a" "$op" "$b" && echo "$op"; done; done; exit 0';
    const input = Buffer.from(pairs.map((pair) => `${pair.join(" ")}\n`).join(""));
    const said = (await runWith("sh", ["-c", script], input)).toString("utf8").trim().split("\n");
    const names = ["lt", "eq", "gt"];
    expect(pairs.map(([a, b]) => names[Math.sign(compareVersions(a, b)) + 1])).toEqual(said);
  });
});

describe.skipIf(absent(["apt-get"]))("choosing packages from this machine's mirrors", () => {
  const packages = ["redis-server", "nginx", "git", "postgresql"];
  let options: string[];
  let index: PackageIndex;
  beforeAll(async () => {
    const architecture = (await run("dpkg", ["--print-architecture"])).stdout.trim();
    index = await machineIndex(architecture);
    const state = path.join(folder, "apt");
    fs.mkdirSync(path.join(state, "lists/partial"), { recursive: true });
    fs.writeFileSync(path.join(state, "status"), "");
    const settings = {
      "Dir::State::lists": path.join(state, "lists"),
      "Dir::State::status": path.join(state, "status"),
      "Dir::Cache": state,
      "Dir::Cache::pkgcache": "pkgcache.bin",
      "APT::Sandbox::User": "root",
      "Acquire::Languages": "none",
    };
    options = Object.entries(settings).flatMap(([key, value]) => ["-o", `${key}=${value}`]);
    await run("apt-get", [...options, "update"]);
  });

  it.each(packages)("%s: as apt does", async (name) => {
    const resolved = resolvePackages(index, { packages: [name] });
    const args = [...options, "-s", "--no-install-recommends", "-y", "install", name];
    const { stdout } = await run("apt-get", args, { maxBuffer: 1 << 26 });
    const apt = [...stdout.matchAll(/^Inst (\S+) \((\S+) /gm)].map(
      (match) => `${match[1]!.replace(/:.*/, "")} ${match[2]!}`,
    );
    expect(resolved.map(({ candidate }) => candidate.label)).toEqual(
      apt.toSorted((a, b) => (a.split(" ")[0]! < b.split(" ")[0]! ? -1 : 1)),
    );
  });
});

describe.skipIf(absent(["apt-get", "dpkg-deb"]))("an image of this machine's Debian", () => {
  let digest: string;
  beforeAll(async () => {
    digest = await makeImage("one.tar", "amd64", ["redis-server", "busybox-static"]);
  });

  it("is the same whatever the umask, the folder and the caches, and offline", async () => {
    expect(await makeImage("two.tar", "amd64", [], { umask: "077", cwd: "/" })).toBe(digest);
    expect(await makeImage("three.tar", "amd64", [], { umask: "000", cache: "other" })).toBe(
      digest,
    );
    expect(await makeImage("four.tar", "amd64", [], { offline: true })).toBe(digest);
  });

  it("can be made for another architecture", async () => {
    await makeImage("arm64.tar", "arm64", ["busybox-static"]);
    const { stdout } = await run("tar", ["-xOf", path.join(folder, "arm64.tar"), "manifest.json"]);
    const [{ Config }] = JSON.parse(stdout) as [{ Config: string }];
    const config = await run("tar", ["-xOf", path.join(folder, "arm64.tar"), Config]);
    expect(JSON.parse(config.stdout)).toMatchObject({ architecture: "arm64" });
  });

  it("holds what dpkg-deb finds in the packages", async () => {
    const lock = parseLock(
      JSON.parse(fs.readFileSync(path.join(folder, "amd64.lock"), "utf8")),
      "",
    );
    for (const { name, sha256 } of lock.packages) {
      const file = path.join(folder, "cache/debian-1/sha256", sha256.slice(0, 2), sha256.slice(2));
      const deb = new DebFile(file, name);
      const names: string[] = [];
      for await (const { member } of deb.data()) names.push(member.name);
      expect((await deb.control()).get("control")).toContain(`Package: ${name}\n`);
      deb.close();
      const tar = await runWith("dpkg-deb", ["--fsys-tarfile", file]);
      const listed = (await runWith("tar", ["-tf", "-"], tar)).toString("latin1").trim();
      expect(names.map((each) => each || "./")).toEqual(listed.split("\n"));
    }
  });

  it("has records that dpkg reads, and checksums of what is there", async () => {
    const root = path.join(folder, "root");
    fs.mkdirSync(root);
    const tar = path.join(folder, "root.tar");
    const exported = runVarve(["export", "--quiet", path.join(folder, "one.tar"), "-o", tar]);
    expect(exported).toMatchObject({ status: 0, stderr: "" });
    await run("tar", ["-C", root, "--no-same-owner", "-xf", tar]);
    const records = path.join(root, "var/lib/dpkg/status.d");
    const names = fs.readdirSync(records).filter((name) => !name.endsWith(".md5sums"));
    // One file for all is what dpkg reads; it notes there what state a package is in.
    const status = names
      .map((name) => fs.readFileSync(path.join(records, name), "latin1").trimEnd())
      .map((record) => `${record}\nStatus: install ok installed\n`);
    const admin = path.join(folder, "admin");
    fs.mkdirSync(path.join(admin, "updates"), { recursive: true });
    fs.mkdirSync(path.join(admin, "info"));
    fs.writeFileSync(path.join(admin, "status"), status.join("\n"), "latin1");
    const format = "${Package} ${Version} ${Architecture}\n";
    const { stdout } = await run("dpkg-query", [`--admindir=${admin}`, "-W", "-f", format]);
    const lock = parseLock(
      JSON.parse(fs.readFileSync(path.join(folder, "amd64.lock"), "utf8")),
      "",
    );
    expect(stdout.trim().split("\n").toSorted()).toEqual(
      lock.packages
        .map(({ name, version, architecture }) => `${name} ${version} ${architecture}`)
        .toSorted(),
    );
    const script =
      "cat var/lib/dpkg/status.d/*.md5sums | md5sum --check --ignore-missing --quiet && echo good";
    const sums = await run("sh", ["-c", script], { cwd: root });
    expect(sums.stdout).toBe("good\n");
  });

  describe.skipIf(dockerdAbsent())("in Docker", () => {
    it("serves Redis, with users, certificates and links where they belong", async () => {
      const engine = await startDockerd();
      try {
        await engine.docker("load", "--input", path.join(folder, "one.tar"));
        const id = await engine.docker("run", "--detach", "--network=none", "debian-test:1");
        const inside = (...args: string[]): Promise<string> => engine.docker("exec", id, ...args);
        const busybox = (...args: string[]): Promise<string> => inside("/bin/busybox", ...args);
        const cli = ["redis-cli", "--raw"];
        await expect
          .poll(() => inside(...cli, "ping").catch(() => ""), { timeout: 30_000 })
          .toBe("PONG");
        expect(await busybox("id")).toBe(
          "uid=65532(nonroot) gid=65532(nonroot) groups=65532(nonroot)",
        );
        expect(await busybox("readlink", "-f", "/lib64/ld-linux-x86-64.so.2")).toBe(
          "/usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2",
        );
        expect(await busybox("stat", "-c", "%a %U %F", "/tmp")).toBe("1777 root directory");
        const bundle = await busybox("cat", "/etc/ssl/certs/ca-certificates.crt");
        expect(bundle.match(/BEGIN CERTIFICATE/g)!.length).toBeGreaterThan(100);
        expect(await busybox("grep", "^ID=", "/etc/os-release")).toBe("ID=debian");
        expect(await busybox("ls", "/var/lib/dpkg/status.d")).toContain("redis-server");
      } finally {
        await engine.stop();
      }
    });
  });
});
