/**
 * The example's image as varve makes it, beside the layout of a usual multi-stage Dockerfile (slim
 * Debian with Node; `COPY node_modules`; `COPY .`), made of the same files. Both are built and
 * pushed to a registry of this machine, then changed one thing after the other, built and pushed
 * again: a line of the server, a version of a package from npm, security updates of Debian's. All
 * versions are real ones. Prints a table of the bytes that were sent. Needs docker-registry, npm
 * and a machine whose apt knows an older version of each Debian package beside the newest.
 *
 *   node bench/dockerfile-layout.ts
 */
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { text } from "node:stream/consumers";
import type { Pushed } from "../src/destinations/registry/push-run.ts";
import { compareVersions } from "../src/sources/debian/version-order.ts";
import { formatBytes } from "../src/wording/format.ts";
import { startDockerRegistry } from "../test/peers/support/docker-registry.ts";

const VARVE = path.join(import.meta.dirname, "../bin/varve.mjs");
const EXAMPLE = path.join(import.meta.dirname, "../examples/redis-webserver");
/** What a slim Debian has that the server does not need: Debian's essential packages. */
const SLIM =
  "apt base-files base-passwd bash bsdutils coreutils dash debconf debian-archive-keyring debianutils diffutils " +
  "dpkg findutils gpgv grep gzip hostname init-system-helpers libc-bin login logsave mawk mount ncurses-base " +
  "ncurses-bin passwd perl-base sed sysvinit-utils tar usr-is-merged util-linux util-linux-extra ca-certificates";
const PINO = ["10.3.1", "10.4.0"] as const;

const folder = fs.mkdtempSync(path.join(tmpdir(), "varve-bench-"));
const registry = await startDockerRegistry();

/** Versions of what changes. */
interface State {
  readonly pino: string;
  readonly tzdata: string;
  readonly libc6: string;
}

/** The example in a folder of its own, laid in one of the two ways. */
class Project {
  readonly #name: string;
  readonly #folder: string;
  readonly #debian: readonly string[];
  readonly #others: readonly object[];
  readonly #layers: object;

  constructor(name: string, debian: string, others: readonly object[], layers: object) {
    this.#name = name;
    this.#debian = debian.split(" ");
    this.#others = others;
    this.#layers = layers;
    this.#folder = path.join(folder, name);
    fs.cpSync(EXAMPLE, this.#folder, { recursive: true, verbatimSymlinks: true });
    for (const own of ["varve.config.ts", "varve.lock"]) fs.rmSync(path.join(this.#folder, own));
  }

  become({ pino, tzdata, libc6 }: State): void {
    const npm = ["install", "--silent", "--omit=dev", "--save-exact", `pino@${pino}`];
    execFileSync("npm", npm, { cwd: this.#folder });
    const debian = [...this.#debian, "tini", `tzdata=${tzdata}`, `libc6=${libc6}`];
    const recipe = {
      name: this.#name,
      contents: [{ debian }, { node: "24" }, ...this.#others],
      layers: this.#layers,
    };
    fs.writeFileSync(path.join(this.#folder, "varve.config.json"), JSON.stringify(recipe));
  }

  addLine(): void {
    fs.appendFileSync(path.join(this.#folder, "src/main.ts"), "// One more line.\n");
  }

  /** @returns bytes of layers that were sent */
  async push(): Promise<number> {
    const metadata = path.join(folder, "metadata.json");
    const name = `${registry.host}/${this.#name}:1`;
    const args = [VARVE, "push", "--quiet", "-t", name, "--metadata-file", metadata];
    const child = spawn(process.execPath, args, {
      cwd: this.#folder,
      stdio: ["ignore", "ignore", "pipe"],
    });
    const [stderr, [status]] = await Promise.all([text(child.stderr), once(child, "close")]);
    if (status !== 0) throw new Error(stderr);
    const { layers } = JSON.parse(fs.readFileSync(metadata, "utf8")) as Pushed;
    return layers.reduce((sum, { sent }) => sum + sent, 0);
  }
}

/** The oldest and the newest version that this machine's suites have. */
function versionsOf(name: string): [string, string] {
  const lines = execFileSync("apt-cache", ["madison", name], { encoding: "utf8" }).trim();
  const versions = lines.split("\n").map((line) => line.split("|")[1]!.trim());
  const sorted = versions.toSorted(compareVersions);
  if (sorted[0] === sorted.at(-1)) throw new Error(`there is one version of ${name}: ${lines}`);
  return [sorted[0]!, sorted.at(-1)!];
}

const tzdata = versionsOf("tzdata");
const libc6 = versionsOf("libc6");
const fine = new Project("fine", "tini", [{ npm: "." }], {});
const coarse = new Project(
  "coarse",
  SLIM,
  [
    { files: { from: "node_modules", to: "/app/node_modules", include: ["**"], exclude: [] } },
    {
      files: [
        { from: "src", to: "/app/src" },
        { from: "package.json", to: "/app/package.json" },
      ],
    },
  ],
  { max: 4 },
);

let state: State = { pino: PINO[0], tzdata: tzdata[0], libc6: libc6[0] };
const rows: Array<[string, number, number]> = [];

/** Changes both, and pushes both. */
async function step(what: string, change: (project: Project) => void): Promise<void> {
  const sent: number[] = [];
  for (const project of [coarse, fine]) {
    change(project);
    sent.push(await project.push());
  }
  rows.push([what, sent[0]!, sent[1]!]);
}

async function update(name: keyof State, version: string): Promise<void> {
  const what = `${name} ${state[name]} → ${version}`;
  state = { ...state, [name]: version };
  await step(what, (project) => project.become(state));
}

try {
  await step("the whole image", (project) => project.become(state));
  await step("a line of the server", (project) => project.addLine());
  await update("pino", PINO[1]);
  await update("tzdata", tzdata[1]);
  await update("libc6", libc6[1]);
} finally {
  await registry.stop();
  fs.rmSync(folder, { recursive: true });
}
console.log("| sent | as a Dockerfile lays it | varve | |\n|---|---|---|---|");
for (const [what, usual, ours] of rows) {
  const share = ((100 * ours) / usual).toFixed(1);
  console.log(`| ${what} | ${formatBytes(usual)} | ${formatBytes(ours)} | ${share} % |`);
}
