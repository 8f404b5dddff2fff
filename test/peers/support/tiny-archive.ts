import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** A docker-archive made by tar, with nothing of varve in it. */
export interface TinyArchive {
  readonly bytes: Buffer;
  /** `sha256:…` of its only layer. */
  readonly diffId: string;
  /** `sha256:…` of its config. */
  readonly imageId: string;
}

/**
 * Makes a docker-archive of a statically linked busybox in a folder that does not exist yet.
 *
 * @param options.tag such as `tiny:1`; none for an image without a name
 * @param options.damaged the layer is not what the config says
 */
export async function makeTinyArchive(
  folder: string,
  options: { readonly tag?: string; readonly damaged?: boolean },
): Promise<TinyArchive> {
  const layer = join(folder, "layer");
  await mkdir(join(layer, "bin"), { recursive: true });
  await mkdir(join(layer, "www"));
  await copyFile("/bin/busybox", join(layer, "bin/busybox"));
  await writeFile(join(layer, "www/index.html"), `served from ${options.tag ?? "nowhere"}`);
  await tar(folder, "layer.tar", "-C", "layer", "bin", "www");
  const diffId = sha256(await readFile(join(folder, "layer.tar")));
  if (options.damaged === true) {
    await writeFile(join(layer, "www/index.html"), "something else");
    await tar(folder, "layer.tar", "-C", "layer", "bin", "www");
  }
  const config = JSON.stringify({
    architecture: process.arch === "arm64" ? "arm64" : "amd64",
    os: "linux",
    config: { Cmd: ["/bin/busybox", "httpd", "-f", "-p", "8000", "-h", "/www"] },
    rootfs: { type: "layers", diff_ids: [diffId] },
  });
  await writeFile(join(folder, "config.json"), config);
  const RepoTags = options.tag === undefined ? null : [options.tag];
  const manifest = [{ Config: "config.json", RepoTags, Layers: ["layer.tar"] }];
  await writeFile(join(folder, "manifest.json"), JSON.stringify(manifest));
  await tar(folder, "image.tar", "manifest.json", "config.json", "layer.tar");
  return {
    bytes: await readFile(join(folder, "image.tar")),
    diffId,
    imageId: sha256(Buffer.from(config)),
  };
}

async function tar(folder: string, file: string, ...args: string[]): Promise<void> {
  await run("tar", ["--owner=0", "--group=0", "--mtime=@1", "-cf", file, ...args], { cwd: folder });
}

function sha256(bytes: Uint8Array): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}
