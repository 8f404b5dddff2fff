import type { Candidate } from "../candidate.ts";
import type { PackageIndex } from "../package-index.ts";
import { providesFor } from "../package-index.ts";
import { satisfies } from "../relations.ts";
import type { Alternatives, Relation } from "../relations.ts";
import { chosen, notChosen } from "./clause.ts";
import type { Clause } from "./clause.ts";
import type { Demand } from "./demand.ts";
import type { Choices, Problem } from "./solver.ts";

/** A package asked for, and which of its candidates would do. */
export interface Root {
  /** In the words of whoever asks. */
  readonly request: string;
  readonly relation: Relation;
  readonly candidates: readonly Candidate[];
}

export interface PackageProblemOptions {
  /** Names of packages that are taken to be there, and never chosen unless they are asked for. */
  readonly without: ReadonlySet<string>;
  /** Names of packages whose dependencies do not count. */
  readonly alone: ReadonlySet<string>;
  readonly recommends: boolean;
}

/** A demand that is still to be met by choosing among several. */
interface OpenDemand {
  /** The candidate that has it; undefined for what is asked for. */
  readonly from: number | undefined;
  readonly candidates: readonly number[];
}

/** Debian's rules as clauses: dependencies, conflicts, one version of each package. */
export class PackageProblem implements Problem<Demand> {
  readonly given: readonly Clause<Demand>[];
  readonly #index: PackageIndex;
  readonly #options: PackageProblemOptions;
  readonly #asked: ReadonlySet<string>;
  readonly #candidates: Candidate[] = [];
  readonly #numbers = new Map<Candidate, number>();
  readonly #open: OpenDemand[] = [];
  readonly #wishes: OpenDemand[] = [];

  constructor(index: PackageIndex, roots: readonly Root[], options: PackageProblemOptions) {
    this.#index = index;
    this.#options = options;
    this.#asked = new Set(roots.flatMap(({ candidates }) => candidates.map(({ name }) => name)));
    this.given = roots.map(({ request, relation, candidates }) => {
      const numbers = candidates.map((candidate) => this.#number(candidate));
      this.#open.push({ from: undefined, candidates: numbers });
      return clauseOf(numbers.map(chosen), { kind: "asked", request, relation });
    });
  }

  candidate(number: number): Candidate {
    return this.#candidates[number]!;
  }

  expand(number: number): Clause<Demand>[] {
    const from = this.candidate(number);
    return [
      ...this.#versionClauses(number, from),
      ...this.#conflictClauses(number, from),
      ...(this.#options.alone.has(from.name) ? [] : this.#dependencyClauses(number, from)),
    ];
  }

  decide(state: Choices): number | undefined {
    return this.#undecided(state, this.#open) ?? this.#undecided(state, this.#wishes);
  }

  /** What the candidate's dependencies are met by, among the chosen. */
  metBy(candidate: Candidate, isChosen: (candidate: Candidate) => boolean): Candidate[] {
    const relations = [
      ...candidate.depends,
      ...(this.#options.recommends ? candidate.recommends : []),
    ];
    return relations.flatMap((alternatives) =>
      alternatives.flatMap((relation) => this.#index.satisfying(relation)).filter(isChosen),
    );
  }

  /** The first candidate that is not ruled out, of the first demand that is not met yet. */
  #undecided(state: Choices, demands: readonly OpenDemand[]): number | undefined {
    for (const { from, candidates } of demands) {
      if (from !== undefined && state.of(from) !== true) continue;
      if (candidates.some((candidate) => state.of(candidate) === true)) continue;
      const open = candidates.find((candidate) => state.of(candidate) === undefined);
      if (open !== undefined) return open;
    }
    return undefined;
  }

  #versionClauses(number: number, from: Candidate): Clause<Demand>[] {
    return this.#index
      .named(from.name)
      .filter((other) => other !== from)
      .map((other) =>
        clauseOf([notChosen(number), notChosen(this.#number(other))], {
          kind: "one-version",
          candidates: [from, other],
        }),
      );
  }

  /** A package that conflicts with what it provides itself means the others that provide it. */
  #conflictClauses(number: number, from: Candidate): Clause<Demand>[] {
    return from.conflicts.flatMap((relation) =>
      this.#excludedBy(relation)
        .filter(({ name }) => name !== from.name)
        .map((other) =>
          clauseOf([notChosen(number), notChosen(this.#number(other))], {
            kind: "conflicts",
            from,
            relation,
            other,
          }),
        ),
    );
  }

  #excludedBy(relation: Relation): Candidate[] {
    return [
      ...this.#index
        .named(relation.name)
        .filter(({ version }) => satisfies(version, relation.bound)),
      ...this.#index.providing(relation.name).filter((other) => providesFor(other, relation)),
    ];
  }

  #dependencyClauses(number: number, from: Candidate): Clause<Demand>[] {
    if (this.#options.recommends) {
      for (const alternatives of from.recommends) {
        const candidates = this.#candidatesFor(alternatives);
        if (candidates !== undefined) this.#wishes.push({ from: number, candidates });
      }
    }
    const clauses: Clause<Demand>[] = [];
    for (const alternatives of from.depends) {
      const candidates = this.#candidatesFor(alternatives);
      if (candidates === undefined || candidates.includes(number)) continue;
      this.#open.push({ from: number, candidates });
      const demand: Demand = { kind: "depends", from, alternatives };
      clauses.push(clauseOf([notChosen(number), ...candidates.map(chosen)], demand));
    }
    return clauses;
  }

  /** Undefined for what is taken to be there. */
  #candidatesFor(alternatives: Alternatives): number[] | undefined {
    const numbers = new Set<number>();
    for (const relation of alternatives) {
      if (this.#isLeftOut(relation.name)) return undefined;
      for (const candidate of this.#index.satisfying(relation)) {
        if (!this.#isLeftOut(candidate.name)) numbers.add(this.#number(candidate));
      }
    }
    return [...numbers];
  }

  #isLeftOut(name: string): boolean {
    return this.#options.without.has(name) && !this.#asked.has(name);
  }

  #number(candidate: Candidate): number {
    const known = this.#numbers.get(candidate);
    if (known !== undefined) return known;
    const number = this.#candidates.push(candidate) - 1;
    this.#numbers.set(candidate, number);
    return number;
  }
}

function clauseOf(literals: readonly number[], demand: Demand): Clause<Demand> {
  return { literals, origins: new Set([demand]) };
}
