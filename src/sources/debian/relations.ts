import { VarveError } from "../../errors.ts";
import { compareVersions, isVersion } from "./version-order.ts";

type VersionOperator = "<<" | "<=" | "=" | ">=" | ">>";

interface VersionBound {
  readonly operator: VersionOperator;
  readonly version: string;
}

/** One package named in a relation: `name[:arch] [(op version)]`. */
export interface Relation {
  readonly name: string;
  /** `any`, `native` or an architecture, where one is given. */
  readonly qualifier?: string;
  readonly bound?: VersionBound;
}

/** Alternatives, the preferred one first: one of them must hold. */
export type Alternatives = readonly Relation[];

const RELATION =
  /^(?<name>[a-z0-9][a-z0-9+.-]*)(?::(?<qualifier>[a-z0-9-]+))?\s*(?:\(\s*(?<operator><<|<=|=|>=|>>|<|>)\s*(?<version>[^)\s]+)\s*\))?\s*(?:\[(?<architectures>[^\]]*)\])?$/;

/**
 * Reads Depends, Pre-Depends, Recommends, Conflicts, Breaks, Provides (deb-control(5), and
 * Debian Policy, section 7.1). What is restricted to other architectures is left out.
 *
 * @param where package and field, for errors
 * @throws VarveError `DEBIAN_RELATION`
 */
export function parseRelations(value: string, architecture: string, where: string): Alternatives[] {
  const clauses: Alternatives[] = [];
  for (const part of value.split(",")) {
    if (part.trim() === "") continue;
    const alternatives: Relation[] = [];
    for (const text of part.split("|")) {
      const relation = parseRelation(text.trim(), architecture, where);
      if (relation !== undefined) alternatives.push(relation);
    }
    if (alternatives.length > 0) clauses.push(alternatives);
  }
  return clauses;
}

/** One relation, or undefined if it is restricted to other architectures. */
function parseRelation(text: string, architecture: string, where: string): Relation | undefined {
  const match = RELATION.exec(text)?.groups;
  const version = match?.["version"];
  if (match === undefined || (version !== undefined && !isVersion(version))) {
    throw new VarveError("DEBIAN_RELATION", `${where}: "${text}" is not a relation to a package`, {
      hint: "a relation reads name (>= version) | other [architecture], separated by commas",
    });
  }
  const { name = "", qualifier, operator, architectures } = match;
  if (architectures !== undefined && !admits(architectures, architecture)) return undefined;
  return {
    name,
    ...(qualifier === undefined ? {} : { qualifier }),
    ...(version === undefined ? {} : { bound: { operator: operatorOf(operator), version } }),
  };
}

/** `<` and `>` are obsolete and mean `<=` and `>=` (deb-control(5)). */
function operatorOf(text: string | undefined): VersionOperator {
  if (text === "<") return "<=";
  if (text === ">") return ">=";
  return text as VersionOperator;
}

/** `[amd64 arm64]` or `[!i386]`. */
function admits(restriction: string, architecture: string): boolean {
  const words = restriction.split(/\s+/).filter((word) => word !== "");
  if (words.every((word) => word.startsWith("!"))) {
    return !words.some((word) => matches(word.slice(1), architecture));
  }
  return words.some((word) => matches(word, architecture));
}

function matches(wildcard: string, architecture: string): boolean {
  return wildcard === "any" || wildcard === "linux-any" || wildcard === architecture;
}

/** Whether a version is within the bound; everything is within none. */
export function satisfies(version: string, bound: VersionBound | undefined): boolean {
  if (bound === undefined) return true;
  const order = compareVersions(version, bound.version);
  switch (bound.operator) {
    case "<<":
      return order < 0;
    case "<=":
      return order <= 0;
    case "=":
      return order === 0;
    case ">=":
      return order >= 0;
    case ">>":
      return order > 0;
  }
}

/** As it stands in a control file. */
export function relationText({ name, qualifier, bound }: Relation): string {
  const full = qualifier === undefined ? name : `${name}:${qualifier}`;
  return bound === undefined ? full : `${full} (${bound.operator} ${bound.version})`;
}

/** As it stands in a control file: `a (>= 1) | b`. */
export function alternativesText(alternatives: Alternatives): string {
  return alternatives.map(relationText).join(" | ");
}
