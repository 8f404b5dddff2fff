import { VarveError } from "../../errors.ts";
import { nearest } from "../../wording/nearest.ts";
import type { Candidate } from "./candidate.ts";
import type { PackageIndex } from "./package-index.ts";
import { explain } from "./solver/explain.ts";
import { PackageProblem } from "./solver/package-problem.ts";
import type { Root } from "./solver/package-problem.ts";
import { solve } from "./solver/solver.ts";
import { compareVersions, isVersion } from "./version-order.ts";

/** What is to be resolved. */
export interface ResolveRequest {
  /** `name`, `name=version`, or `name/suite`, as apt has it. */
  readonly packages: readonly string[];
  /** Packages that are taken without their dependencies, written the same way. */
  readonly alone?: readonly string[] | undefined;
  /**
   * Packages that are taken to be there without being so: what only maintainer scripts need. One
   * that is asked for by name is chosen all the same.
   */
  readonly without?: readonly string[] | undefined;
  /** Whether to take what packages recommend, where it can be had; no by default. */
  readonly recommends?: boolean | undefined;
  /** Whether to take all packages marked Essential, as every Debian system does; no by default. */
  readonly essential?: boolean | undefined;
}

/** A package that goes into the image. */
export interface ResolvedPackage {
  readonly candidate: Candidate;
  /** Names of the chosen packages that meet its dependencies: sorted, never its own. */
  readonly depends: readonly string[];
}

/**
 * Chooses packages so that all that is asked for is there, with everything that it depends on, and
 * nothing conflicts. Preferences are apt's: the first alternative, the highest pin, the highest
 * version, what is chosen already.
 *
 * @returns sorted by name
 * @throws VarveError `DEBIAN_UNKNOWN_PACKAGE`, `DEBIAN_UNSATISFIABLE` with the reasons
 */
export function resolvePackages(index: PackageIndex, request: ResolveRequest): ResolvedPackage[] {
  const alone = (request.alone ?? []).map((text) => rootFor(text, index));
  const essential = request.essential === true ? index.essential : [];
  const wanted = [...request.packages, ...essential].map((text) => rootFor(text, index));
  const namesWanted = new Set(wanted.flatMap(namesOf));
  const problem = new PackageProblem(index, [...wanted, ...alone], {
    without: new Set(request.without),
    alone: new Set(alone.flatMap(namesOf).filter((name) => !namesWanted.has(name))),
    recommends: request.recommends ?? false,
  });
  const outcome = solve(problem);
  if ("impossible" in outcome) {
    throw new VarveError(
      "DEBIAN_UNSATISFIABLE",
      `these packages cannot be had together:${explain(outcome.impossible, index)}`,
      { hint: "ask for other packages or versions, or add the suite that has what is missing" },
    );
  }
  const candidates = outcome.chosen.map((number) => problem.candidate(number));
  const set = new Set(candidates);
  return candidates
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .map((candidate) => ({
      candidate,
      depends: [...new Set(problem.metBy(candidate, (other) => set.has(other)).map(nameOf))]
        .filter((name) => name !== candidate.name)
        .toSorted(),
    }));
}

function nameOf({ name }: Candidate): string {
  return name;
}

function namesOf({ candidates }: Root): string[] {
  return candidates.map(nameOf);
}

/** `name=version` and `name/suite` narrow the choice; a virtual package needs one provider. */
function rootFor(text: string, index: PackageIndex): Root {
  const match = /^([a-z0-9][a-z0-9+.-]*)(?:=(.+)|\/([^/=\s]+))?$/.exec(text);
  if (match === null || (match[2] !== undefined && !isVersion(match[2]))) {
    throw new VarveError("DEBIAN_UNKNOWN_PACKAGE", `"${text}" does not name a Debian package`, {
      hint: "write name, name=version or name/suite",
    });
  }
  const [, name = "", version, suite] = match;
  const named = index.named(name);
  const candidates = named.filter(
    (candidate) =>
      (version === undefined || compareVersions(candidate.version, version) === 0) &&
      (suite === undefined || candidate.suite.name === suite),
  );
  const root = {
    request: text,
    relation: {
      name,
      ...(version === undefined ? {} : { bound: { operator: "=" as const, version } }),
    },
  };
  if (candidates.length > 0) return { ...root, candidates };
  if (named.length > 0) {
    const known = named.map((candidate) => `${candidate.version} (${candidate.suite.name})`);
    throw new VarveError(
      "DEBIAN_UNKNOWN_PACKAGE",
      `there is no ${text}; there is ${name} ${known.join(", ")}`,
      { hint: "ask for a version that the suites have, or leave the version out" },
    );
  }
  return { ...root, candidates: onlyProvider(name, index) };
}

function onlyProvider(name: string, index: PackageIndex): readonly Candidate[] {
  const providers = index.providing(name);
  const names = [...new Set(providers.map(nameOf))].toSorted();
  if (names.length === 1) return providers;
  if (names.length > 1) {
    throw new VarveError(
      "DEBIAN_UNKNOWN_PACKAGE",
      `${name} is a virtual package, provided by ${names.join(", ")}`,
      { hint: "ask for one of these" },
    );
  }
  const near = nearest(name, index.names);
  throw new VarveError("DEBIAN_UNKNOWN_PACKAGE", `no suite has a package ${name}`, {
    hint:
      near === undefined
        ? `are all suites and components given, and is it there for ${index.architecture}?`
        : `did you mean ${near}?`,
  });
}
