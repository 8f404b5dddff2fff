/**
 * References without cycles, from dependencies that may have some: a closure has none, and libc6
 * and libgcc-s1 depend on each other. Packages that depend on each other all come to hang on one
 * chain, ordered by name, so that each stays a component of its own, and whoever refers to one of
 * them reaches all.
 *
 * @param dependencies name → names, all of which are keys
 */
export function acyclicReferences(
  dependencies: ReadonlyMap<string, readonly string[]>,
): Map<string, string[]> {
  const groupOf = new Map<string, readonly string[]>();
  for (const group of mutualGroups(dependencies)) {
    for (const name of group) groupOf.set(name, group);
  }
  const references = new Map<string, string[]>();
  for (const [name, targets] of dependencies) {
    const group = groupOf.get(name)!;
    const found = new Set<string>();
    for (const target of targets) {
      const others = groupOf.get(target)!;
      if (others === group) continue;
      found.add(target);
      found.add(others.at(-1)!);
    }
    const before = group[group.indexOf(name) - 1];
    if (before !== undefined) found.add(before);
    references.set(name, [...found].toSorted());
  }
  return references;
}

/** Strongly connected sets, each sorted by name (Tarjan's algorithm, without recursion). */
function mutualGroups(dependencies: ReadonlyMap<string, readonly string[]>): string[][] {
  const groups: string[][] = [];
  const numbers = new Map<string, number>();
  const lows = new Map<string, number>();
  const open: string[] = [];
  const isOpen = new Set<string>();
  for (const start of dependencies.keys()) {
    if (numbers.has(start)) continue;
    const path: Array<{ name: string; next: number }> = [{ name: start, next: 0 }];
    while (path.length > 0) {
      const step = path.at(-1)!;
      const { name } = step;
      if (step.next === 0) {
        numbers.set(name, numbers.size);
        lows.set(name, numbers.get(name)!);
        open.push(name);
        isOpen.add(name);
      }
      const target = dependencies.get(name)![step.next];
      step.next += 1;
      if (target !== undefined) {
        if (!numbers.has(target)) path.push({ name: target, next: 0 });
        else if (isOpen.has(target)) {
          lows.set(name, Math.min(lows.get(name)!, numbers.get(target)!));
        }
        continue;
      }
      path.pop();
      const parent = path.at(-1);
      if (parent !== undefined) {
        lows.set(parent.name, Math.min(lows.get(parent.name)!, lows.get(name)!));
      }
      if (lows.get(name) !== numbers.get(name)) continue;
      const group = open.splice(open.lastIndexOf(name));
      for (const member of group) isOpen.delete(member);
      groups.push(group.toSorted());
    }
  }
  return groups;
}
