import { createHash } from "node:crypto";
import { readFileSync, readdirSync } from "node:fs";
import { extname } from "node:path";

const FOLDER = new URL("./assets/", import.meta.url);

const TYPES: Record<string, string> = {
  ".css": "text/css; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".svg": "image/svg+xml",
};

export interface Asset {
  readonly name: string;
  readonly type: string;
  readonly body: string;
}

export interface Assets {
  /** Holds a hash of all of them, so that browsers may keep them for ever. */
  readonly path: string;
  readonly files: readonly Asset[];
}

/** Reads the files that the page links to into memory. */
export function loadAssets(): Assets {
  const hash = createHash("sha256");
  const files = readdirSync(FOLDER)
    .toSorted()
    .map((name) => {
      const type = TYPES[extname(name)];
      if (type === undefined) throw new Error(`no media type is known for the asset ${name}`);
      const body = readFileSync(new URL(name, FOLDER), "utf8");
      hash.update(JSON.stringify([name, body]));
      return { name, type, body };
    });
  return { path: `/assets/${hash.digest("hex").slice(0, 12)}`, files };
}
