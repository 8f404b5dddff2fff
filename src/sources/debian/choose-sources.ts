import { UsageError, VarveError } from "../../errors.ts";
import { defaultKeyrings, readAptSources } from "./apt-sources.ts";
import type { AptSource } from "./apt-sources.ts";

/** What a recipe says of where packages come from; the machine's apt says the rest. */
export interface SourceChoice {
  /**
   * URL of a mirror; without it, those of this machine's apt. Suites of security updates are looked
   * for beside a folder `debian`, in `debian-security`.
   */
  readonly mirror?: string | undefined;
  /** Suites; without them, all that apt uses. */
  readonly suites?: readonly string[] | undefined;
  /** Components; `main` for a mirror that is given. */
  readonly components?: readonly string[] | undefined;
  /** File with OpenPGP keys, or keys in ASCII armor. */
  readonly keyring?: string | undefined;
  /** Whether an outdated Release file is refused, which those of a snapshot all are. [true] */
  readonly checkValidUntil?: boolean | undefined;
}

/**
 * The suites that packages are taken from.
 *
 * @param root the file system's root
 * @returns none where neither the choice nor apt names any
 * @throws UsageError for a mirror without suites; VarveError `APT_SOURCES`
 */
export function chooseSources(
  architecture: string,
  choice: SourceChoice = {},
  root = "/",
): AptSource[] {
  const { mirror, suites, components, keyring, checkValidUntil = true } = choice;
  const chosen =
    mirror === undefined
      ? machineSources(readAptSources(architecture, root), suites)
      : givenSources(mirror, suites, root);
  return chosen.map((source) =>
    Object.assign(
      { ...source },
      {
        components: components ?? source.components,
        keyrings: keyring === undefined ? source.keyrings : [keyring],
        ignoresValidity: source.ignoresValidity || !checkValidUntil,
      },
    ),
  );
}

/** For when something has to be fetched, and there is nowhere to fetch it from. */
export function noMirrors(): VarveError {
  return new VarveError("APT_SOURCES", "there is no Debian mirror to take packages from", {
    hint: 'this machine has no apt sources: give "mirror" and "suite" (and "keyring") beside "debian" in the recipe',
  });
}

function givenSources(
  mirror: string,
  suites: readonly string[] | undefined,
  root: string,
): AptSource[] {
  if (suites === undefined || suites.length === 0) {
    throw new UsageError(`the Debian mirror ${mirror} is given without suites`, {
      hint: "name the suites to take packages from: bookworm, bookworm-updates",
    });
  }
  return suites.map((suite) => ({
    mirror: mirrorOf(mirror.endsWith("/") ? mirror : `${mirror}/`, suite),
    suite,
    components: suite.endsWith("/") ? [] : ["main"],
    keyrings: defaultKeyrings(root),
    isTrusted: false,
    ignoresValidity: false,
  }));
}

/** Mirrors have Debian's security updates beside the archive: `…/debian`, `…/debian-security`. */
function mirrorOf(mirror: string, suite: string): string {
  return suite.endsWith("-security") ? mirror.replace(/\/debian\//, "/debian-security/") : mirror;
}

/** apt's sources of these suites; a suite that apt does not use is looked for on its mirrors. */
function machineSources(
  known: readonly AptSource[],
  suites: readonly string[] | undefined,
): readonly AptSource[] {
  // What is locked and was fetched before needs none.
  if (suites === undefined || known.length === 0) return known;
  return suites.flatMap((suite) => {
    const own = known.filter((source) => source.suite === suite);
    if (own.length > 0) return own;
    const isSecurity = suite.endsWith("-security");
    const alike = known.find((source) => source.suite.endsWith("-security") === isSecurity);
    return [{ ...(alike ?? known[0]!), suite }];
  });
}
