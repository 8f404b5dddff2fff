/** A component that one image has and the other has otherwise, or not. */
export interface ComponentDifference {
  /** `rebuilt`: the same version made anew. */
  readonly change: "added" | "removed" | "changed" | "rebuilt";
  readonly name: string;
  /** Version and id in A. */
  readonly a?: ComponentVersion;
  readonly b?: ComponentVersion;
}

interface ComponentVersion {
  readonly id: string;
  /** Empty for a component without one. */
  readonly version: string;
}

interface Named extends ComponentVersion {
  readonly name: string;
}

/**
 * Which components came, went and changed, told by their names: `…-openssl-3.0.13` became
 * `…-openssl-3.0.14`.
 */
export function compareComponents(
  a: readonly string[],
  b: readonly string[],
): ComponentDifference[] {
  const [inA, inB] = [new Set(a), new Set(b)];
  const left = byName(a.filter((id) => !inB.has(id)));
  const right = byName(b.filter((id) => !inA.has(id)));
  const names = [...new Set([...left.keys(), ...right.keys()])].toSorted();
  return names.flatMap((name) => paired(name, left.get(name) ?? [], right.get(name) ?? []));
}

/** Which component of A another of B took the place of. */
export function replacedBy(differences: readonly ComponentDifference[]): Map<string, string> {
  return new Map(differences.flatMap(({ a, b }) => (a && b ? [[a.id, b.id]] : [])));
}

/** Those of the same version first; the rest in order of their versions. */
function paired(
  name: string,
  left: readonly Named[],
  right: readonly Named[],
): ComponentDifference[] {
  const differences: ComponentDifference[] = [];
  const rest = [...right];
  const unpaired: Named[] = [];
  for (const a of left) {
    const same = rest.findIndex(({ version }) => version === a.version);
    if (same === -1) unpaired.push(a);
    else
      differences.push({ change: "rebuilt", name, a: told(a), b: told(rest.splice(same, 1)[0]!) });
  }
  for (const [index, a] of unpaired.entries()) {
    const b = rest[index];
    if (b === undefined) differences.push({ change: "removed", name, a: told(a) });
    else differences.push({ change: "changed", name, a: told(a), b: told(b) });
  }
  for (const b of rest.slice(unpaired.length)) {
    differences.push({ change: "added", name, b: told(b) });
  }
  return differences;
}

function told({ id, version }: Named): ComponentVersion {
  return { id, version };
}

function byName(ids: readonly string[]): Map<string, Named[]> {
  const named = [...new Set(ids)].map(nameAndVersion);
  named.sort((a, b) => compareVersions(a.version, b.version) || (a.id < b.id ? -1 : 1));
  return Map.groupBy(named, ({ name }) => name);
}

/** Like people count: 1.9 before 1.10. */
const { compare: compareVersions } = new Intl.Collator("en", { numeric: true });

/**
 * A component's name and version: of a store path, as Nix parses derivation names (the version
 * begins at the first dash before something other than a letter); of anything else, what follows
 * the last `@` or `=`.
 */
export function nameAndVersion(id: string): Named {
  const inStore = /\/[0-9a-z]{32}-([^/]+)$/.exec(id)?.[1];
  const [, name, version] =
    (inStore === undefined
      ? /^(.*[^/])[@=]([^@=/]+)$/.exec(id)
      : /^(.+?)-([^a-zA-Z].*)$/.exec(inStore)) ?? [];
  return { id, name: name ?? inStore ?? id, version: version ?? "" };
}
