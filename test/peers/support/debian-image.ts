// Writes a Docker archive with Debian packages, from this machine's own mirrors:
// node debian-image.ts FILE CACHE-FOLDER ARCHITECTURE COMMAND PACKAGE…
import * as fs from "node:fs";
import path from "node:path";
import { archiveBytes, dockerArchive } from "../../../src/archives/docker-archive.ts";
import { AssembledImage } from "../../../src/assembly/assembled-image.ts";
import { parseReference } from "../../../src/image/reference.ts";
import { planLayers } from "../../../src/layering/strategies.ts";
import { DigestStore } from "../../../src/packing/digest-store.ts";
import { Packer } from "../../../src/packing/packer.ts";
import { WorkerPool } from "../../../src/packing/workers/pool.ts";
import { readAptAccess } from "../../../src/sources/debian/apt-access.ts";
import { readAptSources } from "../../../src/sources/debian/apt-sources.ts";
import { DebianClosure } from "../../../src/sources/debian/closure-of-debian.ts";
import { DownloadCache } from "../../../src/sources/debian/download-cache.ts";
import { MirrorClient } from "../../../src/sources/debian/http.ts";
import { lockToJson, parseLock } from "../../../src/sources/debian/lock.ts";
import { lockDebian } from "../../../src/sources/debian/make-lock.ts";

const [file = "", cache = "", architecture = "", command = "", ...packages] = process.argv.slice(2);
const mirrors = readAptSources(architecture);
const isOffline = process.env["OFFLINE"] === "1";
const client = new MirrorClient(readAptAccess());
const access = { client, cache: new DownloadCache(cache), isOffline };
const lockFile = path.join(path.dirname(file), `${architecture}.lock`);
if (!fs.existsSync(lockFile)) {
  const made = await lockDebian({ architecture, packages }, mirrors, access);
  fs.writeFileSync(lockFile, lockToJson(made));
}
const lock = parseLock(JSON.parse(fs.readFileSync(lockFile, "utf8")), lockFile);
const debian = new DebianClosure(lock, { mirrors, access });
const pool = new WorkerPool(1);
const packer = new Packer({ pool, digests: new DigestStore(cache) });
const { layers } = planLayers(debian.closure, { maxLayers: 40 });
const image = new AssembledImage({
  architecture,
  os: "linux",
  created: "1970-01-01T00:00:01Z",
  runtime: new Map<string, string | string[]>([
    ["Cmd", command.split(" ")],
    ["User", "nonroot"],
  ]),
  layers: layers.map((planned) => debian.layer(planned, packer)),
  archiveTime: 1,
});
const fd = fs.openSync(file, "w");
for await (const chunk of archiveBytes(dockerArchive(image, [parseReference("debian-test:1")]))) {
  fs.writeSync(fd, chunk);
}
fs.closeSync(fd);
client.close();
