import { createHash } from "node:crypto";
import { archiveBytes } from "../../archives/docker-archive.ts";
import { skopeoArchive } from "../../archives/skopeo-archive.ts";
import { imageIn } from "../../image/choose-image.ts";
import { readRoot } from "../../image/content-node.ts";
import { UsageError } from "../../errors.ts";
import { hostPlatform } from "../../image/platform.ts";
import { parseReference } from "../../image/reference.ts";
import { parseLocation } from "../../transports/location.ts";
import type { PrefetchFlags } from "../commands/prefetch.ts";
import type { VarveContext } from "../context.ts";
import { withPlaces } from "../places.ts";
import { inSession } from "../session.ts";

/** Which image is meant: `version` is `:TAG` or `@DIGEST`. */
interface Wanted {
  readonly name: string;
  readonly tag: string;
  readonly version: string;
}

export async function prefetch(
  this: VarveContext,
  flags: PrefetchFlags,
  ...words: string[]
): Promise<void> {
  const { name, tag, version } = wantedImage(flags, words);
  const finalImageName = flags.finalImageName ?? name;
  const finalImageTag = flags.finalImageTag ?? tag;
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
        return { imageDigest: manifest.digest, hash: await subresourceIntegrity(archive) };
      }),
    { warmUp: false },
  );
  const result = { imageName: name, imageDigest, hash, finalImageName, finalImageTag };
  this.process.stdout.write(flags.json ? `${JSON.stringify(result)}\n` : nixAttributes(result));
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

/** The hash as Nix wants it (W3C, Subresource Integrity). */
async function subresourceIntegrity(bytes: AsyncIterable<Uint8Array>): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of bytes) hash.update(chunk);
  return `sha256-${hash.digest("base64")}`;
}

function nixAttributes(values: Readonly<Record<string, string>>): string {
  const lines = Object.entries(values).map(
    ([name, value]) => `  ${name} = ${JSON.stringify(value).replaceAll("${", "\\${")};\n`,
  );
  return `{\n${lines.join("")}}\n`;
}
