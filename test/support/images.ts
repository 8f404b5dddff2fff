import * as fs from "node:fs";
import path from "node:path";
import { TarFileLayer } from "../../src/archives/tar-file-layer.ts";
import { AssembledImage } from "../../src/assembly/assembled-image.ts";
import { digestOf } from "../../src/image/digest.ts";
import type { Layer } from "../../src/image/layer.ts";
import { orderedJson } from "../../src/image/ordered-json.ts";
import type { JsonObject } from "../../src/image/ordered-json.ts";
import { temporaryFolder } from "./temporary-folder.ts";

/** A layer whose tar lies ready in a file of the test's. */
export function tarLayer(tar: Buffer, name = digestOf(tar).slice(7, 19)): TarFileLayer {
  const file = path.join(temporaryFolder(), "layer.tar");
  fs.writeFileSync(file, tar);
  return new TarFileLayer({ file, diffId: digestOf(tar), paths: [`/${name}`], reason: "test" });
}

/** An image of these layers. */
export function imageOf(layers: readonly Layer[], archiveTime = 1): AssembledImage {
  return new AssembledImage({
    architecture: "amd64",
    os: "linux",
    created: "1970-01-01T00:00:01+00:00",
    runtime: orderedJson({ Cmd: ["/bin/true"] }) as JsonObject,
    layers,
    archiveTime,
  });
}
