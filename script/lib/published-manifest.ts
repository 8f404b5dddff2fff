/** Prints the package.json of the published package: what users need, and nothing of development. */
import manifest from "../../package.json" with { type: "json" };

const { name, version, description, license, bin, type, dependencies, engines } = manifest;
const entry = { types: "./lib/index.d.ts", default: "./lib/index.js" };
const published = {
  name,
  version,
  description,
  license,
  type,
  bin,
  exports: {
    ".": entry,
    "./schema": "./schema/varve.schema.json",
    "./package.json": "./package.json",
  },
  files: ["bin", "lib", "schema"],
  dependencies,
  engines,
};
process.stdout.write(`${JSON.stringify(published, undefined, 2)}\n`);
