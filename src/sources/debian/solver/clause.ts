/**
 * A choice as the solver sees it: `index + 1` says that candidate `index` is chosen,
 * `-(index + 1)` that it is not.
 */
export type Literal = number;

/** At least one of the literals must hold. */
export interface Clause<Origin> {
  readonly literals: readonly Literal[];
  /** What demands it; several for a clause that was learned from others. */
  readonly origins: ReadonlySet<Origin>;
}

export function chosen(index: number): Literal {
  return index + 1;
}

export function notChosen(index: number): Literal {
  return -(index + 1);
}

export function indexOf(literal: Literal): number {
  return Math.abs(literal) - 1;
}
