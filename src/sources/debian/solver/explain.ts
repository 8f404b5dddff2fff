import { count } from "../../../wording/format.ts";
import type { Candidate } from "../candidate.ts";
import type { PackageIndex } from "../package-index.ts";
import { alternativesText, relationText } from "../relations.ts";
import type { Relation } from "../relations.ts";
import type { Demand } from "./demand.ts";

/** Candidates listed for one relation; a virtual package may have dozens. */
const LISTED = 5;
/** Lines of an explanation. */
const LONGEST = 24;

/**
 * Demands that cannot be met together, in words: from what is asked for down to where they clash,
 * one a line.
 */
export function explain(demands: ReadonlySet<Demand>, index: PackageIndex): string {
  const lines = [...new Set(fromTheTop(demands).map((demand) => lineFor(demand, index)))];
  const shown =
    lines.length <= LONGEST
      ? lines
      : [
          ...lines.slice(0, LONGEST - 1),
          `… and ${count(lines.length - LONGEST + 1, "further reason")}`,
        ];
  return shown.map((line) => `\n  ${line}`).join("");
}

/** What is asked for, then by turns what that depends on; conflicts last. */
function fromTheTop(demands: ReadonlySet<Demand>): Demand[] {
  const asked = [...demands]
    .filter((demand) => demand.kind === "asked")
    .toSorted((a, b) => (a.request < b.request ? -1 : 1));
  const clashes = [...demands].filter(({ kind }) => kind === "conflicts" || kind === "one-version");
  const waiting = new Set([...demands].filter((demand) => demand.kind === "depends"));
  const ordered: Demand[] = [...asked];
  for (let at = 0; at < ordered.length; at += 1) {
    const names = namesIn(ordered[at]!);
    for (const demand of waiting) {
      if (demand.kind !== "depends") continue;
      const { from } = demand;
      if (!names.has(from.name) && !from.provides.some(({ name }) => names.has(name))) continue;
      waiting.delete(demand);
      ordered.push(demand);
    }
  }
  return [...ordered, ...waiting, ...clashes];
}

function namesIn(demand: Demand): Set<string> {
  if (demand.kind === "asked") return new Set([demand.relation.name]);
  if (demand.kind === "depends") return new Set(demand.alternatives.map(({ name }) => name));
  return new Set();
}

function lineFor(demand: Demand, index: PackageIndex): string {
  switch (demand.kind) {
    case "asked":
      return `${demand.request} is asked for: ${candidatesFor(demand.relation, index)}`;
    case "depends": {
      const found = demand.alternatives.map((relation) => candidatesFor(relation, index));
      const needs = alternativesText(demand.alternatives);
      return `${demand.from.label} depends on ${needs}: ${found.join("; ")}`;
    }
    case "conflicts": {
      const { from, relation, other } = demand;
      const means = other.name === relation.name ? "" : `, which ${other.label} provides`;
      const which = other.name === relation.name ? `${other.label} is one` : "";
      const tail = means === "" ? `: ${which}` : means;
      return `${from.label} conflicts with ${relationText(relation)}${tail}`;
    }
    case "one-version":
      return `only one of ${demand.candidates.map(labelled).join(" and ")} can be there`;
  }
}

/** Which packages there are for a relation, or why there is none. */
function candidatesFor(relation: Relation, index: PackageIndex): string {
  const fitting = index.satisfying(relation);
  if (fitting.length > 0) return `there is ${listed(fitting)}`;
  const named = index.named(relation.name);
  if (named.length > 0) return `there is only ${listed(named)}`;
  const providing = index.providing(relation.name);
  if (providing.length > 0) {
    return `${relation.name} is provided by ${listed(providing)}, but not in that version`;
  }
  return `no suite has ${relation.name}`;
}

function listed(candidates: readonly Candidate[]): string {
  const shown = candidates.slice(0, LISTED).map(labelled);
  const more = candidates.length - shown.length;
  return shown.join(", ") + (more > 0 ? ` and ${count(more, "other")}` : "");
}

function labelled({ label, suite }: Candidate): string {
  return `${label} (${suite.name})`;
}
