// Writes one blob of a registry's repository to a file. Arguments: varve's folder, repository, digest, size, file.
import * as fs from "node:fs";
import { pipeline } from "node:stream/promises";

const [varve, repository, digest, size, file] = process.argv.slice(2);
const { openLocation, parseLocation } = await import(`${varve}/src/index.ts`);
const tlsVerify = process.env["tlsVerify"] === "" ? false : undefined;
const location = parseLocation(`docker://${repository}@${digest}`);
const { source, close } = await openLocation(location, { registry: { tlsVerify } });
try {
  // Its digest is checked on the way.
  const blob = source.openBlob({ digest, size: Number(size) });
  await pipeline(blob, fs.createWriteStream(file));
} catch (error) {
  process.stderr.write(`varve: ${error.message}\n`);
  process.exitCode = 1;
} finally {
  close();
}
