import { VarveError } from "../../errors.ts";
import type { AptSource } from "./apt-sources.ts";
import type { Candidate } from "./candidate.ts";
import { fetchIndexes, fetchRelease } from "./mirror.ts";
import type { CheckedRelease, MirrorAccess } from "./mirror.ts";
import { PackageIndex } from "./package-index.ts";
import { resolvePackages } from "./resolve.ts";
import type { ResolveRequest } from "./resolve.ts";
import type { DebianLock, LockedRequest, LockedSuite, PinnedPackage } from "./lock.ts";
import type { SystemUser } from "./system-files.ts";

/** What an image shall have from Debian. */
export interface DebianRequest extends ResolveRequest {
  /** In Debian's words: `amd64`, `arm64`, `armhf`. */
  readonly architecture: string;
  /** Users beside base-passwd's; `nonroot`, 65532, if not said otherwise. */
  readonly users?: readonly SystemUser[] | undefined;
  /** Whether there is an /etc/passwd and an /etc/group; yes if not said otherwise. */
  readonly passwd?: boolean;
  /** Whether there is a bundle of CA certificates; yes if not said otherwise. */
  readonly certificates?: boolean;
}

/** Taken without its dependencies, which only its script needs: the base directories, os-release. */
const DEFAULT_ALONE = ["base-files"];

/** What packages depend on for the sake of their maintainer scripts, which are not run. */
const SCRIPT_TOOLS = [
  "adduser",
  "debconf",
  "dpkg",
  "init-system-helpers",
  "install-info",
  "lsb-base",
  "runit-helper",
  "systemd-standalone-sysusers",
  "systemd-standalone-tmpfiles",
  "systemd-sysusers",
  "systemd-tmpfiles",
  "sysvinit-utils",
  "ucf",
  "update-inetd",
  "usr-is-merged",
  "usrmerge",
];

const DEFAULT_USERS: readonly SystemUser[] = [
  { name: "nonroot", id: 65_532, home: "/home/nonroot" },
];

/** The request with everything said: sorted, each once, so that it can be compared. */
export function lockedRequest(request: DebianRequest): LockedRequest {
  return {
    architecture: request.architecture,
    packages: sorted(request.packages),
    alone: sorted(request.alone ?? DEFAULT_ALONE),
    without: sorted(request.without ?? SCRIPT_TOOLS),
    recommends: request.recommends ?? false,
    essential: request.essential ?? false,
    passwd: request.passwd ?? true,
    certificates: request.certificates ?? true,
    users: [...(request.users ?? DEFAULT_USERS)],
  };
}

function sorted(names: readonly string[]): string[] {
  return [...new Set(names)].toSorted();
}

/**
 * Resolves a request against the suites as they are now, and pins what it comes to.
 *
 * @throws VarveError for what cannot be fetched, checked or resolved
 */
export async function lockDebian(
  request: DebianRequest,
  sources: readonly AptSource[],
  access: MirrorAccess,
): Promise<DebianLock> {
  if (sources.length === 0) {
    throw new VarveError("APT_SOURCES", "there is no Debian mirror to take packages from", {
      hint: "name a mirror, its suites and a keyring; where apt is set up, its sources are taken",
    });
  }
  const wanted = lockedRequest(request);
  const releases = await Promise.all(sources.map((source) => fetchRelease(source, access)));
  const index = await indexFor(wanted.architecture, releases, access);
  const packages = resolvePackages(index, wanted).map(({ candidate, depends }) =>
    Object.assign(pinned(candidate), {
      installedSize: candidate.installedSize,
      depends: [...depends],
    }),
  );
  const systemPackage = (name: string, option: string): PinnedPackage => {
    const [best] = index.named(name);
    if (best !== undefined) return pinned(best);
    throw new VarveError("DEBIAN_UNKNOWN_PACKAGE", `no suite has ${name}, for the system files`, {
      hint: `add a suite that has it, or set ${option}: false`,
    });
  };
  return {
    version: 1,
    request: wanted,
    suites: releases.map(suiteOf),
    packages,
    system: {
      ...(wanted.passwd ? { passwd: systemPackage("base-passwd", "passwd") } : {}),
      ...(wanted.certificates
        ? { certificates: systemPackage("ca-certificates", "certificates") }
        : {}),
    },
  };
}

function suiteOf({ source, release: { origin, date } }: CheckedRelease): LockedSuite {
  return {
    name: source.suite,
    ...(origin === undefined ? {} : { origin }),
    ...(date === undefined ? {} : { date }),
  };
}

async function indexFor(
  architecture: string,
  releases: readonly CheckedRelease[],
  access: MirrorAccess,
): Promise<PackageIndex> {
  const index = new PackageIndex(architecture);
  for (const checked of releases) {
    const suite = { name: checked.source.suite, priority: checked.release.priority };
    for (const text of await fetchIndexes(checked, architecture, access)) index.add(text, suite);
  }
  return index;
}

function pinned(candidate: Candidate): PinnedPackage {
  const { name, version, architecture, suite, path, size, sha256 } = candidate;
  return { name, version, architecture, suite: suite.name, path, size, sha256 };
}
