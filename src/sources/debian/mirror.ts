import * as fs from "node:fs";
import { decompress } from "../../archives/compression/decompress.ts";
import { VarveError } from "../../errors.ts";
import { fileBytes } from "../../io/file-bytes.ts";
import type { ByteString } from "../../tar/byte-string.ts";
import type { AptSource } from "./apt-sources.ts";
import type { DownloadCache, Pinned } from "./download-cache.ts";
import type { MirrorClient } from "./http.ts";
import { redacted } from "./http.ts";
import { checkRelease, parseRelease } from "./release.ts";
import type { Release } from "./release.ts";
import { verifiedText } from "./signature.ts";
import type { SignedRelease } from "./signature.ts";

/** Ways to get files of mirrors. */
export interface MirrorAccess {
  readonly client: MirrorClient;
  readonly cache: DownloadCache;
  /** Nothing is fetched: what was fetched before must do. */
  readonly isOffline: boolean;
}

/** gzip first: a third more bytes than xz, and several times as quick to read. */
const INDEX_FORMS = [
  [".gz", "gzip"],
  [".xz", "xz"],
  ["", "none"],
] as const;

/** The suite's Release file, its signature checked. */
export interface CheckedRelease {
  readonly source: AptSource;
  readonly release: Release;
}

/**
 * Fetches a suite's Release file and checks it; offline, the one fetched last.
 *
 * @throws VarveError `SUITE_MISSING`, `OFFLINE`, `RELEASE_EXPIRED`, and what `verifiedText` throws
 */
export async function fetchRelease(
  source: AptSource,
  access: MirrorAccess,
): Promise<CheckedRelease> {
  const folder = suiteUrl(source);
  const where = redacted(`${folder}InRelease`);
  const signed = await signedRelease(source, access);
  const text = source.isTrusted
    ? unverifiedText(signed)
    : await verifiedText(signed, source.keyrings, where);
  const release = parseRelease(text.toString("latin1"), where);
  // What was valid when it was fetched stays so without a network.
  checkRelease(release, access.isOffline ? { ...source, ignoresValidity: true } : source, where);
  if (!access.isOffline) {
    for (const [name, content] of partsOf(signed))
      access.cache.remember(`${folder}${name}`, content);
  }
  return { source, release };
}

async function signedRelease(source: AptSource, access: MirrorAccess): Promise<SignedRelease> {
  const folder = suiteUrl(source);
  const get = async (name: string): Promise<Buffer | undefined> =>
    access.isOffline
      ? access.cache.recall(`${folder}${name}`)
      : access.client.fetch(`${folder}${name}`, wholeContent);
  const inRelease = await get("InRelease");
  if (inRelease !== undefined) return { inRelease };
  const release = await get("Release");
  const signature = release === undefined ? undefined : await get("Release.gpg");
  if (release !== undefined && (signature !== undefined || source.isTrusted)) {
    return { release, signature: signature ?? Buffer.alloc(0) };
  }
  if (access.isOffline) {
    throw new VarveError("OFFLINE", `${redacted(folder)} was never fetched`, {
      hint: "run once without --offline",
    });
  }
  throw new VarveError(
    release === undefined ? "SUITE_MISSING" : "RELEASE_UNSIGNED",
    release === undefined
      ? `${redacted(source.mirror)} has no suite ${source.suite}`
      : `${redacted(folder)}Release is not signed`,
    {
      hint:
        release === undefined
          ? "check the mirror's URL and the suite's name"
          : "take a mirror that is; apt's [trusted=yes] would allow it, for a mirror of your own",
    },
  );
}

function partsOf(signed: SignedRelease): Array<[string, Buffer]> {
  if ("inRelease" in signed) return [["InRelease", signed.inRelease]];
  return [
    ["Release", signed.release],
    ["Release.gpg", signed.signature],
  ];
}

/** The text of what was said to be trusted. */
function unverifiedText(signed: SignedRelease): Buffer {
  if (!("inRelease" in signed)) return signed.release;
  const text = signed.inRelease.toString("latin1");
  const match = /^-----BEGIN PGP SIGNED MESSAGE-----\n(?:.+\n)*\n([^]*?)\n-----BEGIN/.exec(text);
  return match === null ? signed.inRelease : Buffer.from(match[1]!, "latin1");
}

/**
 * The suite's indexes of binary packages, one a component.
 *
 * @throws VarveError `SUITE_LACKS`, `OFFLINE`, and what the cache throws
 */
export async function fetchIndexes(
  { source, release }: CheckedRelease,
  architecture: string,
  access: MirrorAccess,
): Promise<ByteString[]> {
  const architectures = release.hasIndexForAll ? [architecture, "all"] : [architecture];
  const names = source.suite.endsWith("/")
    ? ["Packages"]
    : source.components.flatMap((component) =>
        architectures.map((each) => `${component}/binary-${each}/Packages`),
      );
  const wanted = names.filter((name) => !isForAll(name) || formOf(name, release) !== undefined);
  return Promise.all(wanted.map((name) => fetchIndex(source, release, name, access)));
}

/** Not every component has packages for all architectures. */
function isForAll(name: string): boolean {
  return name.endsWith("/binary-all/Packages");
}

function formOf(name: string, { files }: Release): (typeof INDEX_FORMS)[number] | undefined {
  return INDEX_FORMS.find(([suffix]) => files.has(name + suffix));
}

async function fetchIndex(
  source: AptSource,
  release: Release,
  name: string,
  access: MirrorAccess,
): Promise<ByteString> {
  const form = formOf(name, release);
  const folder = suiteUrl(source);
  if (form === undefined) {
    const component = name.split("/binary-")[0];
    throw new VarveError("SUITE_LACKS", `${redacted(folder)} has no ${name}`, {
      hint:
        release.components.length > 0 && !release.components.includes(component ?? "")
          ? `its components are ${release.components.join(", ")}`
          : "does it have packages for this architecture?",
    });
  }
  const [suffix, compression] = form;
  const pinned = release.files.get(name + suffix)!;
  const byHash = `${(name + suffix).replace(/[^/]*$/, "")}by-hash/SHA256/${pinned.sha256}`;
  const urls = [...(release.isByHash ? [folder + byHash] : []), folder + name + suffix];
  const file = await pinnedFile(pinned, urls, access);
  if (file === undefined) {
    throw new VarveError("SUITE_LACKS", `${redacted(folder)} lists ${name}, and does not have it`, {
      hint: "the mirror is being updated or damaged: try again later, or another mirror",
    });
  }
  const fd = fs.openSync(file, "r");
  try {
    const pieces: string[] = [];
    const bytes = fileBytes(fd, 0, pinned.size);
    for await (const piece of decompress(bytes, compression, redacted(urls[0]!))) {
      pieces.push(Buffer.from(piece.buffer, piece.byteOffset, piece.length).toString("latin1"));
    }
    return pieces.join("");
  } finally {
    fs.closeSync(fd);
  }
}

/**
 * Path of a file with known content, from the cache or from the first of the URLs that has it.
 *
 * @returns undefined if none has
 * @throws VarveError `OFFLINE`, `DOWNLOAD_DIFFERS`, `MIRROR_UNREACHABLE`
 */
export async function pinnedFile(
  pinned: Pinned,
  urls: readonly string[],
  { client, cache, isOffline }: MirrorAccess,
): Promise<string | undefined> {
  const [first = "a file"] = urls;
  return cache.file(pinned, redacted(first), async (take) => {
    if (isOffline) {
      throw new VarveError("OFFLINE", `${redacted(first)} is not in the cache`, {
        hint: "run once without --offline",
      });
    }
    let failure: unknown;
    for (const url of urls) {
      try {
        const file = await client.fetch(url, take);
        if (file !== undefined) return file;
      } catch (error) {
        failure ??= error;
      }
    }
    if (failure !== undefined) throw failure as Error;
    return undefined;
  });
}

function suiteUrl({ mirror, suite }: AptSource): string {
  return suite.endsWith("/")
    ? mirror + suite.replace(/^(?:\.?\/)+/, "")
    : `${mirror}dists/${suite}/`;
}

async function wholeContent(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const chunk of chunks) pieces.push(chunk);
  return Buffer.concat(pieces);
}
