import type { LockedRequest } from "./lock.ts";
import type { ResolveRequest } from "./resolve.ts";
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
