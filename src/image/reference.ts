import { UsageError } from "../errors.ts";
import { isDigest } from "./digest.ts";

/** A name for an image: `[registry/]repository:tag`. */
export interface Reference {
  /** As written: `name`, `registry.example/team/name`. */
  readonly repository: string;
  readonly tag: string;
}

/* The grammar of the distribution project's reference package. */
const HOST =
  /^(?:(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])(?:\.(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9]))*|\[[0-9a-fA-F:]+\])(?::[0-9]+)?$/;
const PATH_COMPONENT = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/;
const TAG = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/;
const LONGEST_REPOSITORY = 255;
/** Engines take such a name for an image ID, and refuse it. */
const IMAGE_ID = /^[0-9a-f]{64}$/;
const DEFAULT_REGISTRY = "docker.io";
/** Names of the default registry, the second from its early days. */
const DEFAULT_REGISTRIES = new Set([DEFAULT_REGISTRY, "index.docker.io"]);

/**
 * Parses `name[:tag]`; without a tag it is `latest`.
 *
 * @throws UsageError saying which part is wrong
 */
export function parseReference(text: string): Reference {
  refuseAddress(text);
  if (text.includes("@")) {
    throw new UsageError(`"${text}" names a digest; a new image gets its digest from its content`, {
      hint: "give name:tag",
    });
  }
  const slash = text.lastIndexOf("/");
  const colon = text.indexOf(":", slash + 1);
  const repository = colon === -1 ? text : text.slice(0, colon);
  const tag = colon === -1 ? "latest" : text.slice(colon + 1);
  checkRepository(repository, text);
  if (!TAG.test(tag)) {
    throw new UsageError(`"${text}" is not a valid image name: bad tag "${tag}"`, {
      hint: "a tag has 1 to 128 letters, digits, dots, dashes and underscores, and begins with neither dot nor dash",
    });
  }
  return { repository, tag };
}

/** What was meant for a browser; a password in it goes into no message. */
function refuseAddress(text: string): void {
  if (/^(?:[a-z]+:\/\/)?[^/@]+@[^/@]+\//.test(text)) {
    throw new UsageError("an image's name holds neither user nor password", {
      hint: "give the name without them, after varve login REGISTRY",
    });
  }
  const scheme = /^https?:\/\//.exec(text)?.[0];
  if (scheme === undefined) return;
  throw new UsageError(`"${text}" is an address, not the name of an image`, {
    hint: `leave ${scheme} out`,
  });
}

function checkRepository(repository: string, text: string): void {
  const bad = (why: string, hint: string): never => {
    throw new UsageError(`"${text}" is not a valid image name: ${why}`, { hint });
  };
  if (repository === "") bad("the name is empty", "give name:tag");
  if (repository.length > LONGEST_REPOSITORY) {
    bad(`the name is longer than ${LONGEST_REPOSITORY} characters`, "choose a shorter one");
  }
  if (IMAGE_ID.test(repository)) bad("the name reads like an image ID", "choose another name");
  const { path } = splitRegistry(repository);
  for (const component of path.split("/")) {
    if (PATH_COMPONENT.test(component)) continue;
    const lower = component.toLowerCase();
    if (PATH_COMPONENT.test(lower)) {
      bad(`"${component}" has capitals`, `write it in lower case: ${lower}`);
    }
    bad(
      component === "" ? "a part between slashes is empty" : `bad part "${component}"`,
      "parts consist of a-z and 0-9, with single . or _, __, or dashes between",
    );
  }
}

function splitRegistry(repository: string): { registry: string | undefined; path: string } {
  const slash = repository.indexOf("/");
  const first = slash === -1 ? "" : repository.slice(0, slash);
  const isHost = HOST.test(first) && (/[.:]/.test(first) || first === "localhost");
  return isHost
    ? { registry: first, path: repository.slice(slash + 1) }
    : { registry: undefined, path: repository };
}

/** `name:tag` as the engine lists it. */
export function familiarName({ repository, tag }: Reference): string {
  return `${repository}:${tag}`;
}

/** The full name, with registry: `docker.io/library/name:tag`. */
export function canonicalName({ repository, tag }: Reference): string {
  const { registry, path } = splitRegistry(repository);
  if (registry !== undefined && !DEFAULT_REGISTRIES.has(registry)) {
    return `${repository}:${tag}`;
  }
  const full = path.includes("/") ? path : `library/${path}`;
  return `${DEFAULT_REGISTRY}/${full}:${tag}`;
}

/** An image, or a place for one, in a registry. */
export interface RemoteReference {
  /** As written: `ghcr.io`, `127.0.0.1:5000`; `docker.io` for every name of Docker Hub. */
  readonly registry: string;
  /** The repository's name inside the registry. */
  readonly path: string;
  /** A tag or a digest. */
  readonly version: string;
}

/** Where in which registry a name points to; a name without a registry is Docker Hub's. */
export function remoteOf({ repository, tag }: Reference): RemoteReference {
  const { registry = DEFAULT_REGISTRY, path } = splitRegistry(repository);
  if (!DEFAULT_REGISTRIES.has(registry)) return { registry, path, version: tag };
  const full = path.includes("/") ? path : `library/${path}`;
  return { registry: DEFAULT_REGISTRY, path: full, version: tag };
}

/** Whether a name says itself which registry it belongs to. */
export function namesRegistry({ repository }: Reference): boolean {
  return splitRegistry(repository).registry !== undefined;
}

/**
 * Parses the name of an image that exists: `registry/name[:tag][@sha256:…]`. A digest wins over a
 * tag.
 *
 * @throws UsageError saying which part is wrong
 */
export function parseRemoteReference(text: string): RemoteReference {
  refuseAddress(text);
  const at = text.indexOf("@");
  if (at === -1) return remoteOf(parseReference(text));
  const digest = text.slice(at + 1);
  if (!isDigest(digest)) {
    throw new UsageError(`"${text}" is not a valid image name: bad digest "${digest}"`, {
      hint: "a digest is sha256: and 64 hexadecimal digits in lower case",
    });
  }
  return { ...remoteOf(parseReference(text.slice(0, at))), version: digest };
}
