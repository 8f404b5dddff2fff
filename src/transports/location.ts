import * as fs from "node:fs";
import path from "node:path";
import { UsageError } from "../errors.ts";
import { parseRemoteReference } from "../image/reference.ts";
import type { RemoteReference } from "../image/reference.ts";

/** Where an image is, or shall be. */
export type Location =
  | {
      readonly kind: "registry";
      readonly reference: RemoteReference;
      /** The name alone, as written: `registry.example/team/app:1.0`. */
      readonly name: string;
    }
  | {
      readonly kind: "oci-layout";
      readonly folder: string;
      /** Tag, full name or digest; empty for the only image. */
      readonly version: string;
    }
  | {
      /** `any`: which of the two it is, its content says. */
      readonly kind: "oci-archive" | "docker-archive" | "any-archive";
      readonly file: string;
      /** Tag, full name or digest; empty for the only image. */
      readonly version: string;
    }
  | { readonly kind: "docker-daemon"; readonly name: string };

/** Spellings of skopeo, so that what people know works here, too. */
const TRANSPORTS: Readonly<Record<string, (rest: string, text: string) => Location>> = {
  "docker://": (rest) => registryLocation(rest),
  "oci:": (rest, text) => {
    const { file: folder, version } = fileAndVersion(rest, text);
    return { kind: "oci-layout", folder, version };
  },
  "oci-archive:": (rest, text) => ({ kind: "oci-archive", ...fileAndVersion(rest, text) }),
  "docker-archive:": (rest, text) => ({ kind: "docker-archive", ...fileAndVersion(rest, text) }),
  "docker-daemon:": (rest, text) => {
    if (rest === "") throw incomplete(text, "docker-daemon:NAME:TAG");
    return { kind: "docker-daemon", name: rest };
  },
};
/** Other transports of skopeo's. */
const FOREIGN = /^(?:containers-storage|dir|ostree|sif|tarball|docker):/;
const ARCHIVE_ENDING = /\.(?:tar|tar\.(?:gz|zst|zstd|xz|bz2)|tgz|tzst|txz|tbz2?)$/;
/** What can only be a path. */
const PATH = /^(?:\/|\.{1,2}(?:\/|$))/;

/**
 * Understands where an image is: by skopeo's transports (`docker://NAME`, `oci:DIR[:TAG]`,
 * `oci-archive:FILE[:TAG]`, `docker-archive:FILE[:NAME]`, `docker-daemon:NAME`), or by what a plain
 * text most likely is: an OCI layout or an archive that exists, a path, or else a name in a
 * registry.
 *
 * @throws UsageError
 */
export function parseLocation(text: string): Location {
  for (const [prefix, parse] of Object.entries(TRANSPORTS)) {
    if (text.startsWith(prefix)) return parse(text.slice(prefix.length), text);
  }
  const existing = existingLocation(text, "") ?? existingWithVersion(text);
  if (existing !== undefined) return existing;
  if (ARCHIVE_ENDING.test(text)) return { kind: "any-archive", file: text, version: "" };
  if (PATH.test(text)) return { kind: "oci-layout", folder: text, version: "" };
  const foreign = FOREIGN.exec(text)?.[0];
  // `dir:1.0` may be an image called `dir`, but `dir:/x` is none.
  if (foreign !== undefined && text.includes("/", foreign.length)) {
    throw new UsageError(`varve does not read or write ${foreign}`, {
      hint: "give docker://NAME, oci:DIR, oci-archive:FILE, docker-archive:FILE or docker-daemon:NAME",
    });
  }
  return registryLocation(text);
}

/** As it can be given again: `docker://…`, `oci:…`. */
export function shownLocation(location: Location): string {
  switch (location.kind) {
    case "registry":
      return location.name;
    case "oci-layout":
      return `oci:${withVersion(location.folder, location.version)}`;
    case "oci-archive":
    case "docker-archive":
      return `${location.kind}:${withVersion(location.file, location.version)}`;
    case "any-archive":
      return withVersion(location.file, location.version);
    case "docker-daemon":
      return `docker-daemon:${location.name}`;
  }
}

function withVersion(file: string, version: string): string {
  if (version === "") return file;
  return version.startsWith("sha256:") ? `${file}@${version}` : `${file}:${version}`;
}

function registryLocation(name: string): Location {
  return { kind: "registry", reference: parseRemoteReference(name), name };
}

/** `FILE`, `FILE:TAG`, `FILE@sha256:…`; a file that is called like the whole comes first. */
function fileAndVersion(rest: string, text: string): { file: string; version: string } {
  const { file, version } = fs.existsSync(rest) ? { file: rest, version: "" } : split(rest);
  if (file === "") throw incomplete(text, `${text.slice(0, text.indexOf(":"))}:PATH`);
  return { file, version };
}

/** At the first colon, as skopeo does: a name may have more of them. */
function split(text: string): { file: string; version: string } {
  const digest = text.indexOf("@sha256:");
  if (digest !== -1) return { file: text.slice(0, digest), version: text.slice(digest + 1) };
  const colon = text.indexOf(":");
  if (colon === -1) return { file: text, version: "" };
  return { file: text.slice(0, colon), version: text.slice(colon + 1) };
}

function existingWithVersion(text: string): Location | undefined {
  const { file, version } = split(text);
  return version === "" ? undefined : existingLocation(file, version);
}

function existingLocation(file: string, version: string): Location | undefined {
  const stats = fs.statSync(file, { throwIfNoEntry: false });
  if (stats?.isFile() === true) return { kind: "any-archive", file, version };
  if (stats?.isDirectory() === true && fs.existsSync(path.join(file, "oci-layout"))) {
    return { kind: "oci-layout", folder: file, version };
  }
  return undefined;
}

function incomplete(text: string, form: string): UsageError {
  return new UsageError(`"${text}" does not say where the image is`, { hint: `give ${form}` });
}
