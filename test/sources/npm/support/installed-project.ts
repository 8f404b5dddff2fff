import * as fs from "node:fs";
import path from "node:path";
import { temporaryFolder } from "../../../support/temporary-folder.ts";

export interface InstalledPackage {
  /** Beside name and version: fields of both manifest and lockfile entry. */
  readonly manifest?: Readonly<Record<string, unknown>>;
  /** Fields of the lockfile entry alone. */
  readonly locked?: Readonly<Record<string, unknown>>;
  readonly version?: string;
  readonly files?: Readonly<Record<string, string | Buffer>>;
  readonly executable?: readonly string[];
  /** Whether it lies in `node_modules`. [true] */
  readonly isInstalled?: boolean;
}

export interface InstalledProject {
  readonly folder: string;
  /** Writes a file of the project later than everything that was installed. */
  write(file: string, content: string): void;
}

/** A project as npm leaves it: a lockfile, packages at their places, npm's own files between them. */
export function installProject(
  packages: Readonly<Record<string, InstalledPackage>>,
  manifest: Readonly<Record<string, unknown>> = {},
): InstalledProject {
  const folder = temporaryFolder();
  const write = (file: string, content: string | Buffer, mode = 0o666): void => {
    fs.mkdirSync(path.dirname(path.join(folder, file)), { recursive: true });
    fs.writeFileSync(path.join(folder, file), content, { mode });
  };
  const top = Object.keys(packages).filter((place) =>
    /^node_modules\/(?:@[^/]+\/)?[^/]+$/.test(place),
  );
  const dependencies = Object.fromEntries(
    top.map((place) => [place.slice("node_modules/".length), "*"]),
  );
  const root = { name: "app", version: "1.0.0", dependencies, ...manifest };
  const entries: Record<string, unknown> = { "": root };
  write("package.json", JSON.stringify(root));
  write("server.js", "export {};\n");
  for (const [place, one] of Object.entries(packages)) {
    const { version = "1.0.0", files = {}, executable = [], isInstalled = true } = one;
    const name = place.slice(place.lastIndexOf("node_modules/") + "node_modules/".length);
    const integrity = `sha512-${Buffer.alloc(64, name).toString("base64")}`;
    entries[place] = { version, integrity, ...one.manifest, ...one.locked };
    if (!isInstalled) continue;
    write(`${place}/package.json`, JSON.stringify({ name, version, ...one.manifest }));
    for (const [file, content] of Object.entries(files)) {
      write(`${place}/${file}`, content, executable.includes(file) ? 0o777 : 0o666);
    }
  }
  write("node_modules/.package-lock.json", "{}");
  write(
    "package-lock.json",
    JSON.stringify({ name: "app", lockfileVersion: 3, packages: entries }),
  );
  const now = Date.now() / 1000;
  setTimes(folder, now - 100);
  fs.utimesSync(path.join(folder, "node_modules/.package-lock.json"), now - 50, now - 50);
  return { folder, write: (file, content) => write(file, content) };
}

function setTimes(folder: string, seconds: number): void {
  for (const entry of fs.readdirSync(folder, { recursive: true, encoding: "utf8" })) {
    fs.lutimesSync(path.join(folder, entry), seconds, seconds);
  }
}
