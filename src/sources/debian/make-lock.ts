import { VarveError } from "../../errors.ts";
import type { AptSource } from "./apt-sources.ts";
import { noMirrors } from "./choose-sources.ts";
import type { Candidate } from "./candidate.ts";
import { fetchIndexes, fetchRelease } from "./mirror.ts";
import type { CheckedRelease, MirrorAccess } from "./mirror.ts";
import { PackageIndex } from "./package-index.ts";
import { resolvePackages } from "./resolve.ts";
import type { DebianLock, LockedSuite, PinnedPackage } from "./lock.ts";
import { lockedRequest } from "./locked-request.ts";
import type { DebianRequest } from "./locked-request.ts";

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
  if (sources.length === 0) throw noMirrors();
  const wanted = lockedRequest(request);
  const releases = await Promise.all(sources.map((source) => fetchRelease(source, access)));
  const index = await indexFor(wanted.architecture, releases, access);
  const packages = resolvePackages(index, wanted).map(({ candidate, depends }) =>
    Object.assign(pinned(candidate), {
      installedSize: candidate.installedSize,
      depends: [...depends],
      ...(declaresUsers(candidate) ? { sysusers: true as const } : {}),
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

/** debhelper has such a package depend on the program that makes the users. */
function declaresUsers({ depends }: Candidate): boolean {
  return depends.flat().some(({ name }) => /^systemd-(?:standalone-)?sysusers$/.test(name));
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
