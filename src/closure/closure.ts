import { VarveError } from "../errors.ts";
import { findCycle } from "./cycle.ts";
import { Graph } from "./graph.ts";
import { codePointOrder, compareCodePoints } from "./order.ts";
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
  /** Sorted by id. A component's place here is its vertex in `graph`. */
  readonly components: readonly Component[];
  /** The references: an edge v → w means that `components[v]` refers to `components[w]`. */
  readonly graph: Graph;
  readonly #indexes: ReadonlyMap<string, number>;

  private constructor(
    components: readonly Component[],
    graph: Graph,
    indexes: ReadonlyMap<string, number>,
  ) {
    this.components = components;
    this.graph = graph;
    this.#indexes = indexes;
  }

  /**
   * Checks and normalises: components sorted by id, references sorted, self references dropped.
   *
   * @throws VarveError `CLOSURE_DUPLICATE`, `CLOSURE_DANGLING` or `CLOSURE_CYCLE`, naming the components.
   */
  static of(inputs: Iterable<ComponentInput>): Closure {
    const sorted = sortedById(inputs);
    const indexes = indexById(sorted);
    const graph = referenceGraph(sorted, indexes);
    refuseCycle(graph, sorted);
    return new Closure(
      sorted.map((input, index) => component(input, graph.next(index), sorted)),
      graph,
      indexes,
    );
  }

  /** Number of components. */
  get count(): number {
    return this.components.length;
  }

  /** Sum of the components' sizes in bytes. */
  get size(): number {
    return this.components.reduce((sum, { size }) => sum + size, 0);
  }

  has(id: string): boolean {
    return this.#indexes.has(id);
  }

  /** The component with this id. @throws VarveError `CLOSURE_UNKNOWN` */
  get(id: string): Component {
    const index = this.#indexes.get(id);
    if (index === undefined) {
      throw new VarveError("CLOSURE_UNKNOWN", `${id} is not in the closure`);
    }
    return this.components[index]!;
  }

  /** Components sorted by id. */
  [Symbol.iterator](): Iterator<Component> {
    return this.components[Symbol.iterator]();
  }

  /** Components nobody else refers to, sorted by id. */
  roots(): Component[] {
    return this.graph.roots.map((vertex) => this.components[vertex]!);
  }
}

function sortedById(inputs: Iterable<ComponentInput>): ComponentInput[] {
  const listed = [...inputs];
  const compare = codePointOrder(listed.map(({ id }) => id));
  return listed.toSorted((a, b) => compare(a.id, b.id));
}

function indexById(sorted: readonly ComponentInput[]): Map<string, number> {
  const indexes = new Map<string, number>();
  for (const [index, { id }] of sorted.entries()) {
    if (indexes.has(id)) {
      throw new VarveError("CLOSURE_DUPLICATE", `the graph lists ${id} twice`, {
        hint: "each path may appear once; was the graph put together from two files?",
      });
    }
    indexes.set(id, index);
  }
  return indexes;
}

function referenceGraph(
  sorted: readonly ComponentInput[],
  indexes: ReadonlyMap<string, number>,
): Graph {
  const offsets = new Uint32Array(sorted.length + 1);
  const targets: number[] = [];
  const lastReferrer = new Int32Array(sorted.length).fill(-1);
  for (const [index, { references }] of sorted.entries()) {
    lastReferrer[index] = index;
    for (const reference of references) {
      const target = indexes.get(reference);
      if (target === undefined) throw danglingReference(sorted[index]!, indexes);
      if (lastReferrer[target] === index) continue;
      lastReferrer[target] = index;
      targets.push(target);
    }
    offsets[index + 1] = targets.length;
  }
  return new Graph(offsets, Uint32Array.from(targets)).sorted();
}

function danglingReference(
  { id, references }: ComponentInput,
  indexes: ReadonlyMap<string, number>,
): VarveError {
  const [first] = [...references]
    .filter((reference) => !indexes.has(reference))
    .toSorted(compareCodePoints);
  return new VarveError(
    "CLOSURE_DANGLING",
    `${id} refers to ${first}, which the graph does not hold`,
    { hint: "a closure must hold everything it refers to; export it recursively (-r)" },
  );
}

function refuseCycle(graph: Graph, sorted: readonly ComponentInput[]): void {
  const cycle = findCycle(graph)?.map((vertex) => sorted[vertex]!.id);
  if (cycle === undefined) return;
  const shown = [...cycle, cycle[0]].join(" → ");
  throw new VarveError("CLOSURE_CYCLE", `the graph has a cycle: ${shown}`, {
    hint: "references between store paths never form a cycle; the graph is damaged",
  });
}

function component(
  { id, size, contentHash }: ComponentInput,
  targets: Uint32Array,
  sorted: readonly ComponentInput[],
): Component {
  const references: string[] = [];
  for (const target of targets) references.push(sorted[target]!.id);
  return {
    id,
    references,
    size,
    ...(contentHash === undefined ? {} : { contentHash }),
  };
}
