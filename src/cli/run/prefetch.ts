import { createHash } from "node:crypto";
import * as fs from "node:fs";
import path from "node:path";
import { archiveBytes } from "../../archives/docker-archive.ts";
import { skopeoArchive } from "../../archives/skopeo-archive.ts";
import { UsageError } from "../../errors.ts";
import { imageIn } from "../../image/choose-image.ts";
import { readRoot } from "../../image/content-node.ts";
import { hostPlatform } from "../../image/platform.ts";
import { parseReference } from "../../image/reference.ts";
import { writeFully } from "../../io/write-fully.ts";
import { runNix } from "../../sources/nix/nix-process.ts";
import { parseLocation } from "../../transports/location.ts";
import type { VarveContext } from "../context.ts";
import { withPlaces } from "../delivery/places.ts";
import { withTemporaryFolder } from "../delivery/temporary-folder.ts";
import type { ConnectionFlags, TransferFlags } from "../flags.ts";
import { inSession } from "../session.ts";

export interface PrefetchFlags extends TransferFlags, ConnectionFlags {
  readonly imageName?: string;
  readonly imageTag?: string;
  readonly imageDigest?: string;
  readonly finalImageName?: string;
  readonly finalImageTag?: string;
  readonly os?: string;
  readonly arch?: string;
  readonly store: boolean;
  readonly json: boolean;
}

/** Which image is meant: `version` is `:TAG` or `@DIGEST`. */
interface Wanted {
  readonly name: string;
  readonly tag: string;
  readonly version: string;
}

/** What Nix can hash with, and an SRI hash can begin with. */
const ALGORITHMS = ["md5", "sha1", "sha256", "sha512"];

export async function prefetch(
  this: VarveContext,
  flags: PrefetchFlags,
  ...words: string[]
): Promise<void> {
  const { name, tag, version } = wantedImage(flags, words);
  const finalImageName = flags.finalImageName ?? name;
  const finalImageTag = flags.finalImageTag ?? tag;
  const algorithm = hashAlgorithm(process.env["NIX_HASH_ALGO"]);
  const references = [parseReference(`${finalImageName}:${finalImageTag}`)];
  const { os = "linux", arch: architecture = hostPlatform().architecture } = flags;
  const { imageDigest, hash } = await inSession(
    { ...flags, noCache: false },
    (session) =>
      withPlaces(flags, session, async (places) => {
        const opened = await places.open(parseLocation(`docker://${name}${version}`));
        if (opened.kind !== "content") throw new TypeError("a registry has manifests");
        const root = await readRoot(opened.source, opened.version);
        const { manifest } = await imageIn(opened.source, root, { os, architecture });
        const location = parseLocation(`docker://${name}@${manifest.digest}`);
        const { image } = await places.image(location, undefined);
        const archive = archiveBytes(skopeoArchive(image, references));
        const found = flags.store
          ? await hashIntoStore(archive, algorithm, `${finalImageName}:${finalImageTag}`)
          : await subresourceIntegrity(archive, algorithm);
        return { imageDigest: manifest.digest, hash: found };
      }),
    { warmUp: false },
  );
  const result = { imageName: name, imageDigest, hash, finalImageName, finalImageTag };
  const json = `${JSON.stringify(result, undefined, 2)}\n`;
  this.process.stdout.write(flags.json ? json : nixAttributes(result));
}

function wantedImage(flags: PrefetchFlags, words: readonly string[]): Wanted {
  const [first = flags.imageName, second] = words;
  if (first === undefined) {
    throw new UsageError("varve prefetch needs the name of an image", {
      hint: "varve prefetch nginx:1.27",
    });
  }
  const [named, ownDigest] = first.split("@", 2) as [string, string?];
  const colon = named.indexOf(":", named.lastIndexOf("/") + 1);
  const name = colon === -1 ? named : named.slice(0, colon);
  const isDigest = second?.startsWith("sha256:") === true;
  const ownTag = colon === -1 ? undefined : named.slice(colon + 1);
  const tag = flags.imageTag ?? (isDigest ? undefined : second) ?? ownTag ?? "latest";
  const digest = flags.imageDigest ?? (isDigest ? second : undefined) ?? ownDigest;
  return { name, tag, version: digest === undefined ? `:${tag}` : `@${digest}` };
}

/** As nix-prefetch-docker finds it: in `NIX_HASH_ALGO`, which may be empty. */
function hashAlgorithm(wanted = ""): string {
  if (wanted === "") return "sha256";
  if (ALGORITHMS.includes(wanted)) return wanted;
  throw new UsageError(`NIX_HASH_ALGO=${wanted} is no algorithm that Nix hashes with`, {
    hint: `set it to one of ${ALGORITHMS.join(", ")}, or not at all`,
  });
}

/** The hash as Nix wants it (W3C, Subresource Integrity). */
async function subresourceIntegrity(
  bytes: AsyncIterable<Uint8Array>,
  algorithm: string,
  fd?: number,
): Promise<string> {
  const hash = createHash(algorithm);
  for await (const chunk of bytes) {
    hash.update(chunk);
    if (fd !== undefined) await writeFully(fd, chunk);
  }
  return `${algorithm}-${hash.digest("base64")}`;
}

/** The same, and the archive becomes the store path that pullImage would fetch. */
async function hashIntoStore(
  bytes: AsyncIterable<Uint8Array>,
  algorithm: string,
  fullName: string,
): Promise<string> {
  return withTemporaryFolder(async (folder) => {
    // The name that pullImage gives its result.
    const file = path.join(folder, `docker-image-${fullName.replaceAll(/[/:]/g, "-")}.tar`);
    const fd = fs.openSync(file, "wx", 0o644);
    let hash: string;
    try {
      hash = await subresourceIntegrity(bytes, algorithm, fd);
    } finally {
      fs.closeSync(fd);
    }
    const args = ["--add-fixed", algorithm, file];
    const what = "adding the image's archive to the Nix store";
    const added = await runNix({ program: "nix-store", args, what, messages: "kept" });
    process.stderr.write(`varve: the archive is ${added}`);
    return hash;
  });
}

function nixAttributes(values: Readonly<Record<string, string>>): string {
  const lines = Object.entries(values).map(
    ([name, value]) => `  ${name} = ${JSON.stringify(value).replaceAll("${", "\\${")};\n`,
  );
  return `{\n${lines.join("")}}\n`;
}
