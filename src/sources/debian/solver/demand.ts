import type { Candidate } from "../candidate.ts";
import type { Alternatives, Relation } from "../relations.ts";

/** Why a clause stands: what `explain` puts in words. */
export type Demand =
  | { readonly kind: "asked"; readonly request: string; readonly relation: Relation }
  | { readonly kind: "depends"; readonly from: Candidate; readonly alternatives: Alternatives }
  | {
      readonly kind: "conflicts";
      readonly from: Candidate;
      readonly relation: Relation;
      readonly other: Candidate;
    }
  | { readonly kind: "one-version"; readonly candidates: readonly Candidate[] };
