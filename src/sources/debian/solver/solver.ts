import { indexOf } from "./clause.ts";
import type { Clause, Literal } from "./clause.ts";

/** What a problem tells the solver, little by little. */
export interface Problem<Origin> {
  /** Clauses that hold in any case. */
  readonly given: readonly Clause<Origin>[];
  /** Clauses that matter once a candidate is chosen; each of them must hold in any case, too. */
  expand(index: number): readonly Clause<Origin>[];
  /**
   * What to try next: the index of a candidate that is still open, or undefined when everything
   * that is chosen has what it needs.
   */
  decide(state: Choices): number | undefined;
}

/** What is decided so far. */
export interface Choices {
  /** true: chosen; false: ruled out; undefined: open. */
  of(index: number): boolean | undefined;
  /** Indexes of the chosen, in the order in which they were. */
  readonly chosen: readonly number[];
}

/** Either a choice, or the demands that cannot be met together. */
export type Outcome<Origin> =
  | { readonly chosen: readonly number[] }
  | { readonly impossible: ReadonlySet<Origin> };

/** A decision has no reason. */
interface Step<Origin> {
  readonly literal: Literal;
  readonly level: number;
  readonly reason: Clause<Origin> | undefined;
}

/**
 * Finds a choice that meets all demands, if there is one: unit propagation, and where that ends in
 * a contradiction, a clause learned from the decisions that led there (conflict-driven clause
 * learning, with all decisions of the conflict in the clause). Nothing is chosen but by a decision
 * or by a demand that has no other way, so that no more is chosen than is needed.
 */
export function solve<Origin>(problem: Problem<Origin>): Outcome<Origin> {
  return new Search(problem).run();
}

class Search<Origin> implements Choices {
  readonly #problem: Problem<Origin>;
  readonly #values: Array<boolean | undefined> = [];
  readonly #steps: Step<Origin>[] = [];
  /** Clauses by the literals that they hope for. */
  readonly #hoping = new Map<Literal, Clause<Origin>[]>();
  readonly #expanded = new Set<number>();
  #level = 0;
  #propagated = 0;
  readonly chosen: number[] = [];

  constructor(problem: Problem<Origin>) {
    this.#problem = problem;
  }

  of(index: number): boolean | undefined {
    return this.#values[index];
  }

  run(): Outcome<Origin> {
    let conflict = this.#addAll(this.#problem.given) ?? this.#propagate();
    for (;;) {
      if (conflict !== undefined) {
        const { learned, level, origins } = this.#analyse(conflict);
        if (learned === undefined) return { impossible: origins };
        this.#backTo(level);
        conflict = this.#add(learned) ?? this.#propagate();
        continue;
      }
      const next = this.#problem.decide(this);
      if (next === undefined) return { chosen: this.chosen };
      this.#level += 1;
      this.#assign(next + 1, undefined);
      conflict = this.#propagate();
    }
  }

  #addAll(clauses: readonly Clause<Origin>[]): Clause<Origin> | undefined {
    let conflict: Clause<Origin> | undefined;
    for (const clause of clauses) conflict = this.#add(clause) ?? conflict;
    return conflict;
  }

  /** Takes a clause on, and follows it if it leaves one way only. */
  #add(clause: Clause<Origin>): Clause<Origin> | undefined {
    for (const literal of clause.literals) {
      const same = this.#hoping.get(literal);
      if (same === undefined) this.#hoping.set(literal, [clause]);
      else same.push(clause);
    }
    return this.#check(clause);
  }

  #propagate(): Clause<Origin> | undefined {
    while (this.#propagated < this.#steps.length) {
      const { literal } = this.#steps[this.#propagated]!;
      this.#propagated += 1;
      const index = indexOf(literal);
      if (literal > 0 && !this.#expanded.has(index)) {
        this.#expanded.add(index);
        const conflict = this.#addAll(this.#problem.expand(index));
        if (conflict !== undefined) return conflict;
      }
      for (const clause of this.#hoping.get(-literal) ?? []) {
        const conflict = this.#check(clause);
        if (conflict !== undefined) return conflict;
      }
    }
    return undefined;
  }

  /** @returns the clause if it cannot hold any more */
  #check(clause: Clause<Origin>): Clause<Origin> | undefined {
    let open: Literal | undefined;
    for (const literal of clause.literals) {
      const holds = this.#holds(literal);
      if (holds === true) return undefined;
      if (holds === undefined) {
        if (open !== undefined) return undefined;
        open = literal;
      }
    }
    if (open === undefined) return clause;
    this.#assign(open, clause);
    return undefined;
  }

  #holds(literal: Literal): boolean | undefined {
    const value = this.#values[indexOf(literal)];
    return value === undefined ? undefined : value === literal > 0;
  }

  #assign(literal: Literal, reason: Clause<Origin> | undefined): void {
    const index = indexOf(literal);
    this.#values[index] = literal > 0;
    this.#steps.push({ literal, level: this.#level, reason });
    if (literal > 0) this.chosen.push(index);
  }

  /** The decisions that led to the conflict, as a clause that forbids them together. */
  #analyse(conflict: Clause<Origin>): {
    readonly learned: Clause<Origin> | undefined;
    readonly level: number;
    readonly origins: ReadonlySet<Origin>;
  } {
    const origins = new Set(conflict.origins);
    const seen = new Set<number>(conflict.literals.map(indexOf));
    const decisions: Step<Origin>[] = [];
    for (let at = this.#steps.length - 1; at >= 0; at -= 1) {
      const step = this.#steps[at]!;
      if (!seen.has(indexOf(step.literal))) continue;
      if (step.reason === undefined) decisions.push(step);
      else {
        for (const origin of step.reason.origins) origins.add(origin);
        for (const literal of step.reason.literals) seen.add(indexOf(literal));
      }
    }
    if (decisions.length === 0) return { learned: undefined, level: 0, origins };
    const literals = decisions.map(({ literal }) => -literal);
    return { learned: { literals, origins }, level: decisions[1]?.level ?? 0, origins };
  }

  #backTo(level: number): void {
    while (this.#steps.length > 0 && this.#steps.at(-1)!.level > level) {
      const { literal } = this.#steps.pop()!;
      this.#values[indexOf(literal)] = undefined;
      if (literal > 0) this.chosen.pop();
    }
    this.#level = level;
    this.#propagated = Math.min(this.#propagated, this.#steps.length);
  }
}
