import * as fs from "node:fs";
import path from "node:path";
import { temporaryFolder } from "../../../support/temporary-folder.ts";

/** The lockfiles of one project, each made by the program of its name. */
export const SHOPS = ["npm", "pnpm-8", "pnpm-9", "yarn-1", "yarn-4"] as const;
export type Shop = (typeof SHOPS)[number];

const FIXTURES = path.join(import.meta.dirname, "../fixtures");

/** The manifests and the lockfile of a project with two workspaces, without anything installed. */
export function makeShop(shop: Shop): string {
  const folder = temporaryFolder();
  const workspace = /^pnpm|yarn-4/.test(shop) ? "workspace:*" : "*";
  const write = (file: string, content: unknown): void => {
    const full = path.join(folder, file);
    fs.mkdirSync(path.dirname(full), { recursive: true });
    fs.writeFileSync(
      full,
      typeof content === "string" ? content : `${JSON.stringify(content, undefined, 2)}\n`,
    );
  };
  write("package.json", {
    name: "shop",
    version: "1.0.0",
    private: true,
    type: "module",
    scripts: { start: "node server.js" },
    workspaces: ["packages/*"],
    dependencies: { "@shop/a": workspace, debug: "^4.3.4", semver: "7.6.0" },
    devDependencies: { rfdc: "^1.3.0" },
    optionalDependencies: { fsevents: "^2.3.3" },
    engines: { node: ">=22" },
  });
  write("packages/a/package.json", {
    name: "@shop/a",
    version: "1.0.0",
    main: "index.js",
    dependencies: {
      "@shop/b": workspace,
      lru: "npm:lru-cache@6.0.0",
      ms: "2.0.0",
      react: "18.2.0",
      "use-sync-external-store": "1.2.0",
    },
  });
  write("packages/b/package.json", {
    name: "@shop/b",
    version: "2.0.0",
    dependencies: { semver: "^5.7.0" },
  });
  write("server.js", "export {};\n");
  if (shop.startsWith("pnpm")) write("pnpm-workspace.yaml", "packages:\n  - packages/*\n");
  fs.cpSync(path.join(FIXTURES, shop), folder, { recursive: true });
  return folder;
}
