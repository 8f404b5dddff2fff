#!/usr/bin/env node
// Plain JavaScript, so that an old Node.js says what it lacks rather than failing to parse.
import module from "node:module";
import { availableParallelism } from "node:os";

const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
if (major < 24 || (major === 24 && minor < 11)) {
  process.stderr.write(
    `varve: Node.js ${process.versions.node} is too old; varve needs 24.11 or later\n` +
      "varve: install a newer Node.js, or run `npm ci` in varve's folder and use node_modules/.bin/node\n",
  );
  process.exit(1);
}
// Read when the first of Node.js' own threads starts; its four would leave processors idle.
if (availableParallelism() > 4) process.env.UV_THREADPOOL_SIZE ??= String(availableParallelism());
module.enableCompileCache?.();
const { main } = await import("../src/cli/main.ts");
await main(process.argv.slice(2));
