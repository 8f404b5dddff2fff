import { createHash } from "node:crypto";
import * as fs from "node:fs";
import path from "node:path";

/** Two zero blocks, padded to a record: a tar of nothing. */
const EMPTY_TAR = Buffer.alloc(10_240);

/** Writes a dockerTools conf, and the customisation layer that it names, into a folder. */
export function writeConf(folder: string, conf: Readonly<Record<string, unknown>>): string {
  const customisation = path.join(folder, "customisation-layer");
  fs.mkdirSync(customisation, { recursive: true });
  fs.writeFileSync(path.join(customisation, "layer.tar"), EMPTY_TAR);
  const checksum = createHash("sha256").update(EMPTY_TAR).digest("hex");
  fs.writeFileSync(path.join(customisation, "checksum"), `${checksum}\n`);
  const file = path.join(folder, "conf.json");
  fs.writeFileSync(
    file,
    JSON.stringify({
      architecture: "amd64",
      config: {},
      os: "linux",
      store_dir: "/nix/store",
      from_image: null,
      store_layers: [],
      customisation_layer: customisation,
      repo_tag: "test:latest",
      created: "1970-01-01T00:00:01+00:00",
      mtime: "1970-01-01T00:00:01+00:00",
      uid: "0",
      gid: "0",
      uname: "root",
      gname: "root",
      ...conf,
    }),
  );
  return file;
}
