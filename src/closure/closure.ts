import { VarveError } from "../errors.ts";
import { compareCodePoints } from "./order.ts";
import type { Component } from "./component.ts";

/** What a source hands over: components in any order, references possibly repeated or to self. */
export interface ComponentInput {
  readonly id: string;
  readonly references: Iterable<string>;
  readonly size: number;
  readonly contentHash?: string | undefined;
}

/**
 * Components and their references; every reference resolves inside it and there is no cycle
 * (a component referring to itself is not a cycle: Nix store paths often do).
 */
export class Closure implements Iterable<Component> {
  readonly #byId: ReadonlyMap<string, Component>;

  private constructor(byId: ReadonlyMap<string, Component>) {
    this.#byId = byId;
  }

  /**
   * Checks and normalises: components sorted by id, references sorted, self references dropped.
   *
   * @throws VarveError `CLOSURE_DUPLICATE`, `CLOSURE_DANGLING` or `CLOSURE_CYCLE`, naming the components.
   */
  static of(inputs: Iterable<ComponentInput>): Closure {
    const sorted = [...inputs].toSorted((a, b) => compareCodePoints(a.id, b.id));
    const byId = new Map<string, Component>();
    for (const input of sorted) {
      if (byId.has(input.id)) {
        throw new VarveError("CLOSURE_DUPLICATE", `the graph lists ${input.id} twice`, {
          hint: "each path may appear once; was the graph put together from two files?",
        });
      }
      byId.set(input.id, normalise(input));
    }
    for (const component of byId.values()) {
      const dangling = component.references.find((reference) => !byId.has(reference));
      if (dangling !== undefined) {
        throw new VarveError(
          "CLOSURE_DANGLING",
          `${component.id} refers to ${dangling}, which the graph does not hold`,
          { hint: "a closure must hold everything it refers to; export it recursively (-r)" },
        );
      }
    }
    const closure = new Closure(byId);
    closure.#refuseCycles();
    return closure;
  }

  /** Number of components. */
  get count(): number {
    return this.#byId.size;
  }

  /** Sum of the components' sizes in bytes. */
  get size(): number {
    let sum = 0;
    for (const { size } of this.#byId.values()) sum += size;
    return sum;
  }

  has(id: string): boolean {
    return this.#byId.has(id);
  }

  /** The component with this id. @throws VarveError `CLOSURE_UNKNOWN` */
  get(id: string): Component {
    const component = this.#byId.get(id);
    if (component === undefined) {
      throw new VarveError("CLOSURE_UNKNOWN", `${id} is not in the closure`);
    }
    return component;
  }

  /** Components sorted by id. */
  [Symbol.iterator](): Iterator<Component> {
    return this.#byId.values();
  }

  /** Components nobody else refers to, sorted by id. */
  roots(): Component[] {
    const referred = new Set<string>();
    for (const { references } of this) for (const reference of references) referred.add(reference);
    return [...this].filter(({ id }) => !referred.has(id));
  }

  #refuseCycles(): void {
    const done = new Set<string>();
    const onPath = new Set<string>();
    for (const start of this.#byId.values()) {
      if (done.has(start.id)) continue;
      const stack = [{ component: start, next: 0 }];
      onPath.add(start.id);
      while (stack.length > 0) {
        const frame = stack[stack.length - 1]!;
        const reference = frame.component.references[frame.next];
        frame.next += 1;
        if (reference === undefined) {
          stack.pop();
          onPath.delete(frame.component.id);
          done.add(frame.component.id);
        } else if (onPath.has(reference)) {
          const ids = stack.map(({ component }) => component.id);
          const cycle = [...ids.slice(ids.indexOf(reference)), reference];
          throw new VarveError("CLOSURE_CYCLE", `the graph has a cycle: ${cycle.join(" → ")}`, {
            hint: "references between store paths never form a cycle; the graph is damaged",
          });
        } else if (!done.has(reference)) {
          stack.push({ component: this.#byId.get(reference)!, next: 0 });
          onPath.add(reference);
        }
      }
    }
  }
}

function normalise(input: ComponentInput): Component {
  const references = new Set(input.references);
  references.delete(input.id);
  return {
    id: input.id,
    references: [...references].toSorted(compareCodePoints),
    size: input.size,
    ...(input.contentHash === undefined ? {} : { contentHash: input.contentHash }),
  };
}
