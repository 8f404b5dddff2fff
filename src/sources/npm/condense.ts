import * as crypto from "node:crypto";
import type { ComponentInput } from "../../closure/closure.ts";
import { byText } from "./by-text.ts";
import type { ComponentDraft, NpmComponentKind, NpmContent } from "./component-draft.ts";

export interface CondensedComponent extends ComponentInput {
  readonly kind: NpmComponentKind;
  readonly content: NpmContent;
  /** Ids of what it was made of: itself, or the members of a cycle. */
  readonly members: readonly string[];
}

const RANK: readonly NpmComponentKind[] = ["package", "workspace", "application"];

/**
 * npm packages may depend on each other in circles, closures may not. Members of a circle become
 * one component: none of them is of use without the others, so nothing is lost by keeping them
 * together. It is called by its first member and their number.
 */
export function condense(drafts: readonly ComponentDraft[]): CondensedComponent[] {
  const groups = circles(drafts);
  const idOf = new Map<string, string>();
  const named = groups.map((group) => {
    const members = group.toSorted(
      (a, b) => RANK.indexOf(b.kind) - RANK.indexOf(a.kind) || byText(a.id, b.id),
    );
    const id = members.length === 1 ? members[0]!.id : `${members[0]!.id}+${members.length - 1}`;
    for (const { place } of members) idOf.set(place, id);
    return { id, members };
  });
  return named.map(({ id, members }) => ({
    id,
    kind: members[0]!.kind,
    references: new Set(
      members.flatMap(({ references }) => references.map((place) => idOf.get(place)!)),
    ),
    size: members.reduce((sum, { size }) => sum + size, 0),
    contentHash: members.length === 1 ? members[0]!.contentHash : hashOf(members),
    content: {
      trees: members.flatMap(({ content }) => content.trees),
      entries: members.flatMap(({ content }) => content.entries),
    },
    members: members.map((member) => member.id),
  }));
}

function hashOf(members: readonly ComponentDraft[]): string {
  const hashes = members.map(({ contentHash }) => contentHash);
  return `sha256-${crypto.hash("sha256", JSON.stringify(hashes), "base64")}`;
}

/** Strongly connected components by Tarjan's algorithm, without recursion. */
function circles(drafts: readonly ComponentDraft[]): ComponentDraft[][] {
  const byPlace = new Map(drafts.map((draft) => [draft.place, draft]));
  const indexes = new Map<ComponentDraft, number>();
  const lows = new Map<ComponentDraft, number>();
  const stack: ComponentDraft[] = [];
  const onStack = new Set<ComponentDraft>();
  const groups: ComponentDraft[][] = [];
  const enter = (draft: ComponentDraft): { draft: ComponentDraft; rest: Iterator<string> } => {
    indexes.set(draft, indexes.size);
    lows.set(draft, indexes.get(draft)!);
    stack.push(draft);
    onStack.add(draft);
    return { draft, rest: draft.references[Symbol.iterator]() };
  };
  const lower = (draft: ComponentDraft, low: number): void => {
    lows.set(draft, Math.min(lows.get(draft)!, low));
  };
  for (const start of drafts) {
    if (indexes.has(start)) continue;
    const path = [enter(start)];
    while (path.length > 0) {
      const { draft, rest } = path.at(-1)!;
      const step = rest.next();
      if (step.done !== true) {
        const next = byPlace.get(step.value)!;
        if (!indexes.has(next)) path.push(enter(next));
        else if (onStack.has(next)) lower(draft, indexes.get(next)!);
        continue;
      }
      path.pop();
      const above = path.at(-1);
      if (above !== undefined) lower(above.draft, lows.get(draft)!);
      if (lows.get(draft) !== indexes.get(draft)) continue;
      const group = stack.splice(stack.indexOf(draft));
      for (const member of group) onStack.delete(member);
      groups.push(group);
    }
  }
  return groups;
}
