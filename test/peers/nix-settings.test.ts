import { execFile } from "node:child_process";
import { chmodSync, readFileSync } from "node:fs";
import path from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { absent } from "./support/absent.ts";
import { debian13Root, debian13Wanted } from "./support/debian13.ts";
import { dockerdAbsent, startDockerd } from "./support/dockerd.ts";
import type { TestDockerd } from "./support/dockerd.ts";
import { startNixMachine } from "./support/nix-machine.ts";
import type { NixMachine } from "./support/nix-machine.ts";
import { nixAbsent, runNix } from "./support/nix.ts";
import { isShortRun } from "./support/short-run.ts";

const run = promisify(execFile);

const SETTINGS = [
  "experimental-features = nix-command flakes ca-derivations",
  "sandbox = true",
  "build-users-group = nixbld",
  "trusted-users = root",
  "substitute = false",
  "max-jobs = 2",
  "accept-flake-config = true",
  // Older versions only warn that they do not know these.
  "always-allow-substitutes = true",
  "use-xdg-base-directories = true",
];

const IMAGES = "../varve/test/peers/support/settings-images.nix";

/** Of this run, so that nothing has been built before. */
const mark = `m${Date.now()}`;

/** This machine's. */
const own = async (): Promise<OtherNix> => ({ env: process.env });

interface OtherNix {
  readonly env: NodeJS.ProcessEnv;
  /** A folder of root's that everybody must see. */
  readonly shown?: string;
}

async function debian13(): Promise<OtherNix> {
  const root = await debian13Root();
  const folder = `${root}-nix`;
  await run(path.join(import.meta.dirname, "support/debian13-nix.sh"), [root, folder]);
  const env = { PATH: `${folder}/bin:${process.env["PATH"]}` };
  return { env, shown: path.dirname(root) };
}

const unable =
  nixAbsent() !== undefined ||
  absent(["sqlite3", "nsenter", "setpriv"]) ||
  dockerdAbsent() !== undefined;

describe
  .skipIf(isShortRun() || unable)
  .each([
    { version: "this machine's", find: own },
    ...(debian13Wanted() ? [{ version: "Debian 13's", find: debian13 }] : []),
  ])("a daemon, build users, the sandbox and a read-only store: $version Nix", (nix) => {
  let machine: NixMachine;
  let engine: TestDockerd;

  beforeAll(async () => {
    await buildOutsideOfSandbox();
    const { env, shown } = await nix.find();
    machine = await startNixMachine(SETTINGS, env, shown);
    engine = await startDockerd();
    chmodSync(engine.folder, 0o755);
    chmodSync(engine.socket, 0o666);
  }, 900_000);
  afterAll(async () => {
    await machine?.stop();
    await engine?.stop();
  });

  /** Store paths of attributes of settings-images.nix, built for a user without rights. */
  async function build(...attributes: string[]): Promise<string[]> {
    const wanted = attributes.map((attribute) => `-A ${attribute}`).join(" ");
    const options = `--argstr mark ${mark} --no-out-link --quiet`;
    return (await machine.asUser(`nix-build ${IMAGES} ${options} ${wanted}`)).split("\n");
  }

  /** The flake's program, run by that user. */
  function varve(args: string): Promise<string> {
    const options = "--override-input nixpkgs path:$PWD/../varve/test/nixpkgs --no-write-lock-file";
    return machine.asUser(`nix run path:$PWD/../varve ${options} -- ${args}`);
  }

  it("makes every kind of image, as a build user, for somebody without rights", async () => {
    await build("all");
    await expect(machine.asUser("touch /nix/store/mine")).rejects.toThrow("Read-only file system");
    await expect(machine.asUser("touch /nix/var/nix/db/db.sqlite")).rejects.toThrow("denied");
    expect(readFileSync(path.join(machine.folder, "daemon.log"), "utf8")).toContain("user nobody");
  });

  it("runs the flake's program", async () => {
    expect(await varve("--version")).toMatch(/^\d+\.\d+\.\d+$/);
  });

  it("loads what it made, and tells what is in it", async () => {
    const variables = { DOCKER_HOST: engine.host };
    const [stream, load] = await build("stream", "full.load");
    await machine.asUser(`${load}/bin/load-full --quiet`, variables);
    expect(await engine.docker("run", "--rm", `full:${mark}`)).toBe(`Hello, ${mark}`);
    await machine.asUser(`${stream} --quiet -t streamed:2 | docker load`, variables);
    expect(await engine.docker("run", "--rm", "streamed:2")).toBe(`Hello, ${mark}`);
    const planned = await varve(`plan ${stream}`);
    expect(planned).toContain("streamed-customisation-layer");
  });

  it("takes the digests from a cache, and does not find them again", async () => {
    const [copyTo] = await build("full.copyTo");
    const before = await machine.asUser(`${copyTo}/bin/copy-full oci:before --quiet`);
    const described = readFileSync(
      `${machine.folder}/changes${copyTo!.slice(4)}/bin/copy-full`,
      "utf8",
    ).match(/\S+-full-described-conf\.json/)![0];
    const cache = `file://${machine.folder}/cache`;
    await machine.asRoot(`nix copy --to '${cache}?compression=none' ${copyTo}`);
    await machine.asRoot(
      `nix-store --delete --ignore-liveness $(nix-store --query --referrers-closure ${described})`,
    );
    const rebuild = `nix-build ${IMAGES} --argstr mark ${mark} --no-out-link -A full.copyTo`;
    const from = `--option substitute true --option substituters ${cache} --option require-sigs false`;
    const log = await machine.asRoot(`${rebuild} ${from} 2>&1 >/dev/null`);
    expect(log).toContain(`copying path '${described}'`);
    expect(log).not.toMatch(/building '.*-described-conf\.json/);
    const after = await machine.asUser(`${copyTo}/bin/copy-full oci:after --quiet`);
    expect(after.split("@")[1]).toBe(before.split("@")[1]);
  });

  it("makes images of content-addressed paths", async () => {
    const attributes = ["addressed", "addressed.load", "addressedMoved", "addressedSingle"];
    const [stream, load, moved, single] = await build(...attributes);
    const variables = { DOCKER_HOST: engine.host };
    await machine.asUser(`${load}/bin/load-addressed --quiet`, variables);
    expect(await engine.docker("run", "--rm", `addressed:${mark}`)).toBe("Hello, world!");
    expect(await varve(`plan ${stream}`)).toMatch(/ first-m\d+\n.* second-m/);
    for (const image of [moved, single]) {
      await machine.asUser(`docker load -i ${image}`, variables);
    }
    const moves = ["run", "--rm", `addressed-moved:${mark}`, "/bin/second"];
    expect(await engine.docker(...moves)).toBe("Hello, world!");
    expect(await engine.docker("run", "--rm", `addressed-single:${mark}`)).toBe("Hello, world!");
  });

  it("streams when nothing of Nix may be written to, and from a store elsewhere", async () => {
    const [stream] = await build("stream");
    const written = await machine.asUser(`${stream} --quiet | sha256sum`);
    const readOnly = "mount --bind /nix /nix; mount -o remount,ro,bind /nix";
    const inside = `unshare --mount sh -c '${readOnly}; touch /nix/x && exit 1; ${stream} --quiet' | sha256sum`;
    expect(await machine.asRoot(inside)).toBe(written);

    const moved =
      "mkdir -p other/nix; mount --rbind /nix other/nix; umount --lazy --recursive /nix";
    const options = `--store $PWD/other --argstr mark elsewhere`;
    const conf = `nix-build ${IMAGES} ${options} --no-out-link -A stream.conf`;
    // Nix runs a program of such a store by running itself anew, which Debian 13's cannot do here.
    const program = `nix run -f ${IMAGES} ${options} stream -- --quiet`;
    const streamed = nix.find === own ? `; ${program} | sha256sum` : "";
    const script = `${moved}; conf=$(${conf}); test ! -e $conf; echo $conf${streamed}`;
    const [found, digest] = (
      await machine.asRoot(`NIX_REMOTE= unshare --mount bash -euo pipefail -c '${script}'`)
    ).split("\n");
    expect(found).toMatch(/-streamed-conf\.json$/);
    if (streamed !== "") expect(digest).toMatch(/^[0-9a-f]{64}  -$/);
  });

  it("evaluates where only named files may be read", async () => {
    const evaluate = `nix-instantiate ${IMAGES} --argstr mark ${mark} -A full -A base -A shell`;
    const restricted = `${evaluate} --option restrict-eval true -I varve=$PWD/../varve`;
    expect(await machine.asUser(restricted)).toBe(await machine.asUser(evaluate));
  });
});

/** What test/nixpkgs takes from this machine, or fetches, is there before the daemon starts. */
async function buildOutsideOfSandbox(): Promise<void> {
  const images = path.join(import.meta.dirname, "support/settings-images.nix");
  const derivations = await runNix(
    "nix-instantiate",
    images,
    "--argstr",
    "mark",
    mark,
    "-A",
    "all",
  );
  const tops = derivations.split("\n").map((line) => line.replace(/!.*$/, ""));
  const all = (await runNix("nix-store", "--query", "--requisites", ...tops)).split("\n");
  const outside = all.filter(
    (file) =>
      file.endsWith(".drv") &&
      /\("__noChroot","1"\)|\("outputHash","/.test(readFileSync(file, "utf8")),
  );
  await runNix("nix-store", "--realise", ...outside);
}
